// SPDX-License-Identifier: Apache-2.0
//! What somebody has set in Pacemaker by hand, and configurations that could
//! not be read.

use std::path::PathBuf;

use jiff::SignedDuration;
use slurmha_core::layout;
use slurmha_core::observe::{DeviceContent, DrbdStatus, FileState, Observation, Reading};
use slurmha_core::plan::{self, Plan, Step};
use slurmha_core::site::NodeName;

use super::world::{Observed, as_wanted, noon, unit_state, untouched};
use super::{plan_for, steps_on};

fn controllers(observed: &mut Observed) -> Vec<&mut Observation> {
    let named = |name: &NodeName| ["ctl1", "ctl2"].contains(&name.as_str());
    observed.iter_mut().filter(|(name, _)| named(name)).map(|(_, seen)| seen).collect()
}

/// A formed cluster in whose configuration a text stands for another one.
fn with_cib(from: &str, to: &str) -> Observed {
    let mut observed = as_wanted();
    for seen in controllers(&mut observed) {
        let cib = seen.cib.known().expect("a CIB").clone();
        assert!(cib.contains(from), "{from} is not in {cib}");
        seen.cib = Reading::Known(cib.replacen(from, to, 1));
    }
    observed
}

fn pair(owner: &str, name: &str, value: &str) -> String {
    format!("<nvpair id=\"{owner}-meta_attributes-{name}\" name=\"{name}\" value=\"{value}\"/>")
}

/// As pcs and crm_resource do: into the set that is there, or a new one.
fn set_on(primitive: &str, name: &str, value: &str) -> Observed {
    let set = format!("<meta_attributes id=\"{primitive}-meta_attributes\">");
    let pair = pair(primitive, name, value);
    let begin = format!("<instance_attributes id=\"{primitive}-instance_attributes\">");
    let has_set = as_wanted()[&NodeName::from("ctl1")].cib.known().expect("a CIB").contains(&set);
    if has_set {
        with_cib(&set, &format!("{set}{pair}"))
    } else {
        with_cib(&begin, &format!("{set}{pair}</meta_attributes>{begin}"))
    }
}

fn stop(observed: &mut Observed, id: &str) {
    for seen in controllers(observed) {
        let mut cluster = seen.cluster.known().expect("a cluster").clone();
        for resource in cluster.resources.iter_mut().filter(|resource| resource.id == id) {
            resource.role = "Stopped".to_owned();
        }
        seen.cluster = Reading::Known(cluster);
    }
}

#[test]
fn what_is_set_by_hand_stays_and_is_named() {
    for (id, name, value, words) in [
        ("slurmdbd", "is-managed", "false", "slurmdbd is unmanaged"),
        ("slurmctld", "target-role", "Stopped", "slurmctld is kept stopped"),
        ("vip", "target-role", "stopped", "vip is kept stopped"),
        ("state", "maintenance", "true", "state is in maintenance mode"),
        ("drbd", "is-managed", "0", "drbd is unmanaged"),
        ("drbd-clone", "target-role", "Unpromoted", "drbd-clone is kept unpromoted"),
        ("fence-ctl1", "target-role", "Stopped", "fence-ctl1 is kept stopped"),
    ] {
        let plan = plan_for(&set_on(id, name, value));
        assert!(plan.stages.is_empty(), "{id}: {}", plan::explain(&plan, true));
        let cure = format!("crm_resource --resource {id} --meta --delete-parameter {name}");
        assert_eq!(
            plan.notes,
            [format!("set by hand, and left as it is: {words}; to take it back: {cure}")]
        );
    }
}

#[test]
fn what_lets_a_resource_run_is_no_hold() {
    for (name, value) in [("target-role", "Started"), ("is-managed", "true")] {
        let plan = plan_for(&set_on("slurmdbd", name, value));
        assert!(plan.stages.is_empty() && plan.notes.is_empty(), "{:?}", plan.notes);
    }
}

/// As crm_resource 2.1.5 leaves it.
#[test]
fn what_was_taken_back_leaves_nothing_to_change() {
    let begin = "<instance_attributes id=\"vip-instance_attributes\">";
    let empty = with_cib(begin, &format!("<meta_attributes id=\"vip-meta_attributes\"/>{begin}"));
    let plan = plan_for(&empty);
    assert!(plan.stages.is_empty() && plan.notes.is_empty(), "{}", plan::explain(&plan, true));
}

#[test]
fn maintenance_and_standby_are_named() {
    let property = "<cluster_property_set id=\"cib-bootstrap-options\">";
    let maintenance = with_cib(
        property,
        &format!("{property}<nvpair id=\"m\" name=\"maintenance-mode\" value=\"true\"/>"),
    );
    let node = "<nodes><node id=\"2\" uname=\"ctl2\"><instance_attributes id=\"n\"><nvpair \
                id=\"s\" name=\"standby\" value=\"on\"/></instance_attributes></node></nodes>";
    let standby = with_cib("<crm_config>", &format!("{node}<crm_config>"));
    for (observed, words) in [
        (
            maintenance,
            "the cluster is in maintenance mode; to take it back: crm_attribute --type \
                       crm_config --name maintenance-mode --delete",
        ),
        (standby, "ctl2 is in standby; to take it back: pcs node unstandby ctl2"),
    ] {
        let plan = plan_for(&observed);
        assert!(plan.stages.is_empty(), "{}", plan::explain(&plan, true));
        assert_eq!(plan.notes, [format!("set by hand, and left as it is: {words}")]);
    }
}

#[test]
fn another_change_takes_nothing_back_and_waits_for_nothing_that_is_held() {
    let mut observed = set_on("mariadb", "target-role", "Stopped");
    for seen in controllers(&mut observed) {
        let cib = seen.cib.known().expect("a CIB").replace("10.77.0.10", "10.77.0.99");
        seen.cib = Reading::Known(cib);
    }
    stop(&mut observed, "mariadb");
    stop(&mut observed, "slurmdbd");
    let plan = plan_for(&observed);
    let live = observed[&NodeName::from("ctl1")].cib.known().expect("a CIB").clone();
    let loaded = plan.configuration().expect("a configuration").1;
    let merged = plan::cib::merge(&live, loaded).expect("XML").expect("a change");
    assert!(merged.contains("10.77.0.10") && !merged.contains("10.77.0.99"));
    assert!(merged.contains("mariadb-meta_attributes-target-role"), "{merged}");
    assert_eq!(plan::cib::merge(&merged, loaded).expect("XML"), None);
    let awaited: Vec<&Step> = steps_on(&plan, "ctl1")
        .into_iter()
        .filter(|step| matches!(step, Step::AwaitResources { .. }))
        .collect();
    let running = ["state", "database", "vip", "slurmctld"].map(str::to_owned).to_vec();
    assert_eq!(awaited, [&Step::AwaitResources { resources: running }]);
}

#[test]
fn a_daemon_that_is_unmanaged_is_not_restarted() {
    let newer = |observed: &mut Observed| {
        let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
        let mut state = unit_state("active");
        state.since = Some(noon());
        active.units.insert("slurmdbd.service".to_owned(), state);
        let conf = PathBuf::from("/etc/slurm/slurmdbd.conf");
        let file = active.files.get_mut(&conf).expect("slurmdbd.conf");
        file.modified = noon() + SignedDuration::from_hours(1);
    };
    let restarts = |plan: &Plan| {
        plan.steps().any(|(_, _, planned)| matches!(planned.step, Step::RestartResource { .. }))
    };
    let mut managed = as_wanted();
    newer(&mut managed);
    assert!(restarts(&plan_for(&managed)));
    let mut unmanaged = set_on("slurmdbd", "is-managed", "false");
    newer(&mut unmanaged);
    let plan = plan_for(&unmanaged);
    assert!(!restarts(&plan));
    let note = "slurmdbd goes on with its older /etc/slurm/slurmdbd.conf, because slurmdbd is \
                unmanaged: `slurmha apply` again afterwards";
    assert!(plan.notes.iter().any(|it| it == note), "{:?}", plan.notes);
}

fn without_cib(pacemaker: &str) -> Observed {
    let mut observed = as_wanted();
    for seen in controllers(&mut observed) {
        seen.cib = Reading::Unknown("`cibadmin --query` gave no answer in 10 s".to_owned());
        seen.cluster = Reading::Unknown("no answer".to_owned());
        seen.units.get_mut("pacemaker.service").expect("wanted").active = pacemaker.to_owned();
    }
    let active = observed.get_mut(&"ctl1".into()).expect("ctl1");
    active.units.insert("slurmctld.service".to_owned(), unit_state(pacemaker));
    observed
}

fn touches_the_cluster(plan: &Plan) -> bool {
    plan.steps().any(|(_, _, planned)| {
        matches!(
            planned.step,
            Step::LoadCib { .. }
                | Step::BringDrbdUp(_)
                | Step::InitialiseVolumes(_)
                | Step::CreateDrbdMetadata(_)
                | Step::RegisterCluster { .. }
        )
    })
}

#[test]
fn a_configuration_that_pacemaker_does_not_tell_is_not_taken_for_an_empty_one() {
    let plan = plan_for(&without_cib("active"));
    assert!(!touches_the_cluster(&plan), "{}", plan::explain(&plan, true));
    assert_eq!(plan.refusals.len(), 2);
    assert_eq!(
        plan.refusals[0].what,
        "Pacemaker runs, and its configuration could not be read: `cibadmin --query` gave no \
         answer in 10 s"
    );
}

#[test]
fn where_pacemaker_does_not_run_it_is_started_and_the_rest_is_left_for_the_next_plan() {
    let plan = plan_for(&without_cib("inactive"));
    assert_eq!(plan.refusals, []);
    assert!(!touches_the_cluster(&plan), "{}", plan::explain(&plan, true));
    let unit = "pacemaker.service".to_owned();
    assert!(steps_on(&plan, "ctl2").contains(&&Step::StartUnit { unit }));
    let left = plan.left.as_deref().expect("something is left");
    assert!(left.contains("Pacemaker does not run on ctl2"), "{left}");
}

/// Whatever the plan was made of: the scheduler of a cluster at work is not held back.
#[test]
fn a_first_start_holds_back_nothing_that_is_there_already() {
    let plan = plan_for(&untouched());
    let loads = plan.steps().filter_map(|(_, _, planned)| match &planned.step {
        Step::LoadCib { configuration } => Some(configuration.as_str()),
        _ => None,
    });
    let [first, last] = loads.collect::<Vec<_>>()[..] else { panic!("not two: {plan:#?}") };
    let formed = as_wanted()[&NodeName::from("ctl1")].cib.known().expect("a CIB").clone();
    assert_eq!(plan::cib::merge(&formed, first).expect("XML"), None);
    // A new cluster's is, until it is let go, also by the next run.
    let empty = "<cib><configuration><crm_config/><resources/></configuration></cib>";
    let held = plan::cib::merge(empty, first).expect("XML").expect("a change");
    assert!(held.contains("slurmctld-first-start"));
    assert_eq!(plan::cib::merge(&held, first).expect("XML"), None);
    let free = plan::cib::merge(&held, last).expect("XML").expect("a change");
    assert!(!free.contains("slurmctld-first-start"));
}

/// A controller that was installed anew has Pacemaker for itself until it is a member.
#[test]
fn an_empty_configuration_beside_that_of_the_cluster_says_nothing() {
    let mut observed = as_wanted();
    let empty = "<cib><configuration><crm_config/><resources/></configuration></cib>";
    observed.get_mut(&"ctl1".into()).expect("ctl1").cib = Reading::Known(empty.to_owned());
    assert!(!touches_the_cluster(&plan_for(&observed)));
}

#[test]
fn a_new_cluster_whose_pacemaker_does_not_run_yet_gets_everything() {
    let mut observed = untouched();
    for seen in controllers(&mut observed) {
        for device in seen.devices.values_mut() {
            // A first run that died after it had written the metadata.
            device.content = DeviceContent::Drbd { label: None };
        }
    }
    let plan = plan_for(&observed);
    assert!(plan.left.is_none() && touches_the_cluster(&plan));
}

#[test]
fn a_disk_is_not_changed_under_a_running_cluster() {
    let mut observed = as_wanted();
    let seen = observed.get_mut(&"ctl2".into()).expect("ctl2");
    seen.devices.get_mut(&PathBuf::from("/dev/vdb")).expect("it").content = DeviceContent::Blank;
    let plan = plan_for(&observed);
    assert!(!touches_the_cluster(&plan), "{}", plan::explain(&plan, true));
    assert_eq!(plan.refusals.len(), 1);
    assert!(plan.refusals[0].cure.contains("pcs node standby ctl2"), "{:?}", plan.refusals);
    // DRBD is down there: a new disk in the place of one that is broken.
    let seen = observed.get_mut(&"ctl2".into()).expect("ctl2");
    seen.drbd = Reading::Known(DrbdStatus::default());
    let plan = plan_for(&observed);
    assert_eq!(plan.refusals, []);
    assert!(matches!(steps_on(&plan, "ctl2")[..], [Step::CreateDrbdMetadata(_)]));
}

#[test]
fn what_a_killed_installation_left_is_taken_away() {
    let mut observed = as_wanted();
    let login = observed.get_mut(&"cn1".into()).expect("cn1");
    let policy = FileState {
        access: slurmha_core::config_file::Access::root(0o755),
        text: Some(format!("#!/bin/sh\n{}\nexit 101\n", layout::POLICY_RC_D_MARKER)),
        lacks: Vec::new(),
        modified: noon(),
    };
    login.files.insert(PathBuf::from(layout::POLICY_RC_D), policy);
    let plan = plan_for(&observed);
    assert_eq!(steps_on(&plan, "cn1"), [&Step::InstallPackages { packages: Vec::new() }]);
    let theirs = "#!/bin/sh\nexit 101\n".to_owned();
    let login = observed.get_mut(&"cn1".into()).expect("cn1");
    login.files.get_mut(&PathBuf::from(layout::POLICY_RC_D)).expect("it").text = Some(theirs);
    assert_eq!(plan_for(&observed).stages, []);
}
