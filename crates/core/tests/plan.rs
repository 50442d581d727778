// SPDX-License-Identifier: Apache-2.0
//! Plans from observations: nothing there, everything there, and what lies
//! between when a run died or somebody changed something.

#[path = "plan/by_hand.rs"]
mod by_hand;
#[path = "plan/large.rs"]
mod large;
#[path = "plan/people.rs"]
mod people;
#[path = "plan/roles.rs"]
mod roles;
#[path = "plan/running.rs"]
mod running;
#[path = "plan/secrets.rs"]
mod secrets;
#[path = "plan/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use slurmha_core::desired::desired;
use slurmha_core::layout;
use slurmha_core::observe::{
    DeviceContent, DrbdStatus, DrbdVolumeStatus, FileState, Observation, Reading, UnitState,
};
use slurmha_core::plan::{self, Inputs, Plan, Step};
use slurmha_core::secret::{Digest, SecretId};
use slurmha_core::site::{self, NodeName};
use world::{
    Observed, SITE, all_satisfied, as_wanted, as_wanted_by, noon, site, unit_state, untouched,
};

fn plan_for(observed: &Observed) -> Plan {
    let site = site();
    let wants = desired(&site, SITE);
    let given = given();
    plan::plan(&Inputs { site: &site, wants: &wants, observed, given: &given })
}

fn given() -> BTreeMap<SecretId, Digest> {
    ["ctl1", "ctl2"]
        .map(|name| (SecretId::BmcPassword(name.into()), Digest::of(b"bmc")))
        .into_iter()
        .chain([(SecretId::DirectoryConf, Digest::of(b"made"))])
        .collect()
}

fn steps_on<'a>(plan: &'a Plan, machine: &str) -> Vec<&'a Step> {
    plan.steps().filter(|(_, m, _)| m.as_str() == machine).map(|(_, _, s)| &s.step).collect()
}

fn only_step(plan: &Plan) -> (&str, &Step) {
    let steps: Vec<(&str, &Step)> =
        plan.steps().map(|(_, machine, planned)| (machine.as_str(), &planned.step)).collect();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    steps[0]
}

#[test]
fn untouched_machines_get_everything() {
    let plan = plan_for(&untouched());
    assert_eq!(plan.refusals, []);
    insta::assert_snapshot!(plan::explain(&plan, false));
}

#[test]
fn a_site_that_is_as_wanted_gets_an_empty_plan() {
    let plan = plan_for(&as_wanted());
    assert!(plan.is_empty(), "{}", plan::explain(&plan, true));
    assert_eq!(plan.stages, []);
}

#[test]
fn a_changed_file_is_shown_as_a_diff_and_read_again() {
    let mut observed = as_wanted();
    let path = PathBuf::from("/etc/slurm/slurm.conf");
    for name in ["ctl1", "ctl2", "login1"] {
        let file = observed.get_mut(&name.into()).and_then(|o| o.files.get_mut(&path)).expect("it");
        file.text =
            file.text.as_ref().map(|text| text.replace("MessageTimeout=30", "MessageTimeout=10"));
    }
    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    let state = UnitState { since: Some(noon()), ..unit_state("active") };
    active.units.insert("slurmctld.service".to_owned(), state);
    insta::assert_snapshot!(plan::explain(&plan_for(&observed), true));
}

#[test]
fn a_changed_drbd_file_is_brought_into_the_kernel() {
    let mut observed = as_wanted();
    let path = slurmha_core::render::drbd::resource_path();
    let change = |observed: &mut BTreeMap<NodeName, Observation>, disk: &str| {
        let ctl2 = observed.get_mut(&"ctl2".into()).expect("ctl2");
        let file = ctl2.files.get_mut(&path).expect("it");
        file.text = file.text.as_ref().map(|text| text.replace("fence-peer", "outdate-peer"));
        let volume = DrbdVolumeStatus { disk: disk.to_owned(), ..Default::default() };
        ctl2.drbd =
            Reading::Known(DrbdStatus { up: true, volumes: vec![volume], ..Default::default() });
    };
    let adjusts = |observed: &BTreeMap<NodeName, Observation>| {
        let plan = plan_for(observed);
        assert!(steps_on(&plan, "ctl1").is_empty());
        steps_on(&plan, "ctl2").iter().any(|step| matches!(step, Step::BringDrbdUp(_)))
    };
    change(&mut observed, "UpToDate");
    assert!(adjusts(&observed));
    // `adjust` would attach what was detached for a reason.
    change(&mut observed, "Diskless");
    assert!(!adjusts(&observed));
}

#[test]
fn a_run_that_died_before_the_restart_is_completed() {
    let mut observed = as_wanted();
    let login = observed.get_mut(&"login1".into()).expect("login1");
    let chrony = login.files.get_mut(&PathBuf::from("/etc/chrony/chrony.conf")).expect("it");
    chrony.modified = noon() + SignedDuration::from_hours(1);
    let plan = plan_for(&observed);
    let unit = "chrony.service".to_owned();
    assert_eq!(only_step(&plan), ("login1", &Step::RestartUnit { unit }));
}

#[test]
fn slurmctld_reads_slurm_conf_again_once() {
    let mut observed = as_wanted();
    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    let state = UnitState { since: Some(noon()), ..unit_state("active") };
    active.units.insert("slurmctld.service".to_owned(), state);
    let conf = active.files.get_mut(&PathBuf::from("/etc/slurm/slurm.conf")).expect("it");
    conf.modified = noon() + SignedDuration::from_hours(1);
    let digest = Digest::of(conf.text.as_deref().expect("text").as_bytes());
    let plan = plan_for(&observed);
    assert!(
        matches!(only_step(&plan), ("ctl1", Step::ReconfigureSlurm { digest: d }) if *d == digest)
    );

    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    let stamp = FileState {
        access: slurmha_core::config_file::Access::root(0o644),
        text: Some(format!("{}\n", digest.0)),
        lacks: Vec::new(),
        modified: noon() + SignedDuration::from_hours(2),
    };
    active.files.insert(PathBuf::from(layout::SLURM_CONF_DIGEST), stamp);
    assert!(plan_for(&observed).is_empty());
}

#[test]
fn the_first_controllers_key_wins_over_another_one() {
    let mut observed = as_wanted();
    let compute = observed.get_mut(&"cn1".into()).expect("cn1");
    compute.secrets.get_mut("munge-key").expect("a key").digest = Digest::of(b"another");
    insta::assert_snapshot!(plan::explain(&plan_for(&observed), false));
}

#[test]
fn a_foreign_device_stops_everything() {
    let mut observed = untouched();
    let device = observed
        .get_mut(&"ctl2".into())
        .and_then(|o| o.devices.get_mut(&PathBuf::from("/dev/vdc")))
        .expect("the device");
    device.content = DeviceContent::Foreign { signature: "LVM2_member".to_owned(), label: None };
    let plan = plan_for(&observed);
    assert_eq!(plan.refusals.len(), 1);
    assert_eq!(plan.refusals[0].machine.as_str(), "ctl2");
    assert!(plan.refusals[0].what.contains("LVM2_member"));
}

#[test]
fn a_device_that_was_not_seen_is_not_taken_for_blank() {
    let mut observed = untouched();
    observed.get_mut(&"ctl1".into()).expect("ctl1").devices.clear();
    let plan = plan_for(&observed);
    assert_eq!(plan.refusals.len(), 2);
    let metadata = |step: &&Step| matches!(step, Step::CreateDrbdMetadata(_));
    assert_eq!(steps_on(&plan, "ctl1").into_iter().filter(metadata).count(), 0);
}

#[test]
fn a_daemon_outside_the_clusters_control_is_not_touched() {
    let mut observed = untouched();
    let units = &mut observed.get_mut(&"ctl1".into()).expect("ctl1").units;
    units.insert("mariadb.service".to_owned(), unit_state("active"));
    let plan = plan_for(&observed);
    assert_eq!(plan.refusals.len(), 1);
    assert!(plan.refusals[0].what.contains("mariadb.service"));
}

/// A name with an umlaut in another encoding must not cost the file its lines.
#[test]
fn a_hosts_file_that_is_no_text_is_not_taken_for_an_empty_one() {
    let mut observed = as_wanted();
    let login = observed.get_mut(&"login1".into()).expect("login1");
    login.files.get_mut(&PathBuf::from("/etc/hosts")).expect("it").text = None;
    let plan = plan_for(&observed);
    assert_eq!(plan.refusals.len(), 1);
    assert!(plan.refusals[0].what.starts_with("/etc/hosts is no text"));
    assert_eq!(steps_on(&plan, "login1"), [] as [&Step; 0]);
}

#[test]
fn each_machine_keeps_what_others_have_written_into_its_hosts_file() {
    let mut observed = as_wanted();
    let path = PathBuf::from("/etc/hosts");
    let theirs = [("login1", "192.0.2.1\tnas\n"), ("cn1", "192.0.2.2\tlicences\n"), ("cn2", "")];
    for (name, line) in theirs {
        let file = observed.get_mut(&name.into()).and_then(|it| it.files.get_mut(&path));
        file.expect("it").text = Some(line.to_owned());
    }
    let plan = plan_for(&observed);
    for (name, line) in theirs {
        let [Step::WriteFile(file)] = steps_on(&plan, name)[..] else { panic!("{plan:?}") };
        assert!(file.text.starts_with(line) && file.text.contains("\tcn2\n"), "{}", file.text);
        assert_eq!(file.text.matches("192.0.2.").count(), line.lines().count(), "{name}");
    }
}

#[test]
fn a_silent_compute_node_is_left_for_later_and_a_silent_controller_is_not() {
    let mut observed = as_wanted();
    observed.remove(&"cn2".into());
    let plan = plan_for(&observed);
    assert_eq!(plan.skipped, [NodeName::from("cn2")]);
    assert!(plan.is_empty() && plan.refusals.is_empty());

    observed.remove(&"ctl2".into());
    assert_eq!(plan_for(&observed).refusals.len(), 1);
}

#[test]
fn what_others_added_to_the_configuration_stays() {
    let mut observed = as_wanted();
    let foreign = r#"<constraints><rsc_location id="drbd-fence-by-handler-slurm_data-drbd-clone"
        rsc="drbd-clone"/><rsc_location id="slurmha-outdated-ctl2" rsc="drbd-clone"
        role="Promoted" node="ctl2" score="-INFINITY"/>"#;
    for name in ["ctl1", "ctl2"] {
        let observation = observed.get_mut(&name.into()).expect("a controller");
        let cib = observation.cib.known().expect("a CIB").replace("<constraints>", foreign);
        observation.cib = Reading::Known(cib);
    }
    assert!(plan_for(&observed).is_empty());
}

#[test]
fn a_first_start_that_died_before_the_registration_is_completed() {
    let mut observed = as_wanted();
    let set = r#"<meta_attributes id="slurmctld-meta_attributes">"#;
    let held =
        format!(r#"{set}<nvpair id="slurmctld-first-start" name="target-role" value="Stopped"/>"#);
    for name in ["ctl1", "ctl2"] {
        let observation = observed.get_mut(&name.into()).expect("a controller");
        let cib = observation.cib.known().expect("a CIB").replace(set, &held);
        observation.cib = Reading::Known(cib);
    }
    let plan = plan_for(&observed);
    let steps = steps_on(&plan, "ctl1");
    let register = steps.iter().position(|step| matches!(step, Step::RegisterCluster { .. }));
    let last_load = steps.iter().rposition(|step| matches!(step, Step::LoadCib { .. }));
    assert!(register.is_some() && register < last_load, "{steps:#?}");
    let loaded = plan.configuration().expect("a configuration").1;
    let live = observed[&NodeName::from("ctl1")].cib.known().expect("a CIB").clone();
    let merged = plan::cib::merge(&live, loaded).expect("XML").expect("a change");
    assert!(!merged.contains("target-role"), "{merged}");
}

#[test]
fn a_changed_resource_is_put_right() {
    let mut observed = as_wanted();
    for name in ["ctl1", "ctl2"] {
        let observation = observed.get_mut(&name.into()).expect("a controller");
        let cib = observation.cib.known().expect("a CIB").replace("10.77.0.10", "10.77.0.99");
        observation.cib = Reading::Known(cib);
    }
    let plan = plan_for(&observed);
    let loaded = plan.configuration().expect("a configuration").1;
    assert!(loaded.contains("10.77.0.10"));
    let live = observed[&NodeName::from("ctl1")].cib.known().expect("a CIB").clone();
    let merged = plan::cib::merge(&live, loaded).expect("XML").expect("a change");
    assert!(merged.contains("10.77.0.10") && !merged.contains("10.77.0.99"));
    assert_eq!(plan::cib::merge(&merged, loaded).expect("XML"), None);
}

#[test]
fn what_an_earlier_version_made_goes() {
    let mut observed = as_wanted();
    let retired = r#"<constraints><rsc_order id="vip-then-slurmctld" first="vip"
        then="slurmctld" kind="Mandatory"/><rsc_order id="mine" first="vip" then="mariadb"/>"#;
    for name in ["ctl1", "ctl2"] {
        let observation = observed.get_mut(&name.into()).expect("a controller");
        let cib = observation.cib.known().expect("a CIB").replace("<constraints>", retired);
        observation.cib = Reading::Known(cib);
    }
    let plan = plan_for(&observed);
    let explained = plan::explain(&plan, true);
    assert!(explained.contains("- order vip-then-slurmctld"), "{explained}");
    let loaded = plan.configuration().expect("a configuration").1;
    let live = observed[&NodeName::from("ctl1")].cib.known().expect("a CIB").clone();
    let merged = plan::cib::merge(&live, loaded).expect("XML").expect("a change");
    assert!(!merged.contains("vip-then-slurmctld") && merged.contains(r#"id="mine""#));
    assert_eq!(plan::cib::merge(&merged, loaded).expect("XML"), None);
}

fn with_durable_submit() -> String {
    format!("{SITE}\n[slurm]\ndurable_submit = \"on\"\n")
}

/// The steps with which a running cluster comes to the state of a site file.
fn plan_to(text: &str, observed: &Observed) -> Plan {
    let site = site::parse("site.toml", text).expect("a valid site file").0;
    let wants = desired(&site, text);
    plan::plan(&Inputs { site: &site, wants: &wants, observed, given: &given() })
}

fn run_slurmctld_on_ctl1(observed: &mut Observed) {
    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    let since = Some(noon() + SignedDuration::from_secs(60));
    let state = UnitState { since, ..unit_state("active") };
    active.units.insert("slurmctld.service".to_owned(), state);
}

#[test]
fn durable_submit_comes_to_a_running_cluster() {
    let mut observed = as_wanted();
    run_slurmctld_on_ctl1(&mut observed);
    insta::assert_snapshot!(plan::explain(&plan_to(&with_durable_submit(), &observed), false));
}

#[test]
fn the_filter_is_there_before_slurm_conf_names_it() {
    let plan = plan_to(&with_durable_submit(), &untouched());
    for machine in ["ctl1", "ctl2", "login1"] {
        let steps = steps_on(&plan, machine);
        let writes = |name: &str| {
            let path = PathBuf::from("/etc/slurm").join(name);
            steps.iter().position(|s| matches!(s, Step::WriteFile(file) if file.path == path))
        };
        assert!(writes("cli_filter.lua").is_some(), "{machine}");
        assert!(writes("cli_filter.lua") < writes("slurm.conf"), "{machine}");
    }
}

#[test]
fn durable_submit_goes_from_a_running_cluster() {
    let text = with_durable_submit();
    let mut observed = as_wanted_by(&text);
    run_slurmctld_on_ctl1(&mut observed);
    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    let durable = active.units.get_mut(layout::DURABLE_UNIT).expect("it is enabled");
    durable.active = "active".to_owned();
    durable.since = Some(noon() + SignedDuration::from_secs(60));
    assert!(plan_to(&text, &observed).is_empty());
    insta::assert_snapshot!(plan::explain(&plan_to(SITE, &observed), false));
}

/// The rules are Prometheus' alone; nobody else is restarted for them.
#[test]
fn a_changed_rule_restarts_prometheus_and_nothing_else() {
    let mut observed = as_wanted();
    let login = observed.get_mut(&NodeName::from("login1")).expect("login1");
    let rules = PathBuf::from(slurmha_core::render::monitoring::RULES_FILE);
    login.files.get_mut(&rules).expect("the rules").text = Some("groups: []\n".to_owned());
    let plan = plan_for(&observed);
    let steps = steps_on(&plan, "login1");
    assert!(matches!(steps[0], Step::WriteFile(file) if file.path == rules), "{steps:#?}");
    assert_eq!(steps[1..], [&Step::RestartUnit { unit: "prometheus.service".to_owned() }]);
}

fn with_grafana(change: impl FnOnce(&mut Observed)) -> Plan {
    let text = format!(
        "{SITE}\n[monitoring.grafana]\nkey_file = \"~/key\"\nadmin_password_file = \"~/password\"\n"
    );
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let wants = desired(&site, &text);
    let mut observed = all_satisfied(&site, &wants);
    change(&mut observed);
    let mut given = given();
    for id in [SecretId::GrafanaKey, SecretId::GrafanaPassword] {
        given.insert(id, Digest::of(b"made"));
    }
    plan::plan(&Inputs { site: &site, wants: &wants, observed: &observed, given: &given })
}

/// It comes to a cluster that runs: nothing else is touched.
#[test]
fn grafana_comes_to_a_running_cluster() {
    assert_eq!(with_grafana(|_| ()).stages, []);
    let plan = with_grafana(|observed| {
        observed.insert("login1".into(), as_wanted().remove(&"login1".into()).expect("login1"));
    });
    assert_eq!(plan.refusals, []);
    insta::assert_snapshot!(plan::explain(&plan, false));
}

/// A dashboard is read again by itself, and its difference is for no person.
#[test]
fn a_changed_dashboard_is_written_without_a_restart() {
    let path = PathBuf::from("/etc/grafana/slurmha/slurmha-overview.json");
    let plan = with_grafana(|observed| {
        let login = observed.get_mut(&"login1".into()).expect("login1");
        login.files.get_mut(&path).expect("a dashboard").text = Some("{}".to_owned());
    });
    assert!(matches!(only_step(&plan).1, Step::WriteFile(file) if file.path == path));
    assert!(plan.steps().all(|(_, _, planned)| planned.diff.is_none()));
}

/// A receiver that nobody could reach is told before anything is changed.
#[test]
fn a_webhook_whose_url_is_nowhere_is_refused() {
    let text = SITE.replace("url = \"http://10.77.0.31:9099/\"", "url_file = \"~/chat\"");
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let wants = desired(&site, &text);
    let observed = untouched();
    let plan_with = |given: &BTreeMap<SecretId, Digest>| {
        plan::plan(&Inputs { site: &site, wants: &wants, observed: &observed, given })
    };
    let refusals = plan_with(&given()).refusals;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(format!("{:?}", refusals[0]).contains("webhook-url-lab is not on this machine"));
    let mut given = given();
    given.insert(SecretId::WebhookUrl("lab".to_owned()), Digest::of(b"https://chat/"));
    let plan = plan_with(&given);
    assert_eq!(plan.refusals, []);
    let placed = steps_on(&plan, "login1").into_iter().filter(
        |step| matches!(step, Step::PlaceSecret { file, .. } if file.path.ends_with("webhook-url-lab")),
    );
    assert_eq!(placed.count(), 1);
    assert!(!plan::explain(&plan, true).contains("https://chat/"));
}
