// SPDX-License-Identifier: Apache-2.0
//! Changes of the site file, or of a hand, under a cluster that runs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use slurmha_core::config_file::Access;
use slurmha_core::layout;
use slurmha_core::observe::{EndingJobs, FileState, Observation, Reading};
use slurmha_core::plan::{self, Acceptance, Plan, Step};
use slurmha_core::render::corosync;
use slurmha_core::secret::Digest;

use super::world::{Observed, SITE, as_wanted, as_wanted_by, noon, unit_state};
use super::{plan_for, plan_to, run_slurmctld_on_ctl1, steps_on};

fn hour(number: i64) -> Timestamp {
    noon() + SignedDuration::from_hours(number)
}

fn of<'a>(observed: &'a mut Observed, name: &str) -> &'a mut Observation {
    observed.get_mut(&name.into()).expect("a machine")
}

fn file<'a>(observed: &'a mut Observed, name: &str, path: &str) -> &'a mut FileState {
    of(observed, name).files.get_mut(&PathBuf::from(path)).expect("a file")
}

/// What a daemon was told to read, and when.
fn stamp(observed: &mut Observed, name: &str, path: &str, text: &str, modified: Timestamp) {
    let digest = format!("{}\n", Digest::of(text.as_bytes()).0);
    let access = Access::root(0o644);
    let state = FileState { access, text: Some(digest), lacks: Vec::new(), modified };
    of(observed, name).files.insert(PathBuf::from(path), state);
}

fn reconfigures(plan: &Plan) -> bool {
    steps_on(plan, "ctl1").iter().any(|step| matches!(step, Step::ReconfigureSlurm { .. }))
}

/// A hand has changed slurm.conf and told slurmctld of it: on the disk the
/// plan's own text will be what was read last by `apply`.
#[test]
fn a_file_that_is_put_back_is_read_again() {
    let mut observed = as_wanted();
    run_slurmctld_on_ctl1(&mut observed);
    let conf = file(&mut observed, "ctl1", layout::SLURM_CONF);
    let ours = conf.text.clone().expect("text");
    conf.text = Some(ours.replace("MessageTimeout=30", "MessageTimeout=10"));
    conf.modified = hour(2);
    stamp(&mut observed, "ctl1", layout::SLURM_CONF_DIGEST, &ours, hour(1));
    assert!(reconfigures(&plan_for(&observed)));

    // A run that was killed after it had written the file.
    file(&mut observed, "ctl1", layout::SLURM_CONF).text = Some(ours.clone());
    assert!(reconfigures(&plan_for(&observed)));
    stamp(&mut observed, "ctl1", layout::SLURM_CONF_DIGEST, &ours, hour(3));
    assert!(plan_for(&observed).is_empty());
}

fn without_arbiter() -> String {
    let table = "[arbiter]\nname = \"login1\"\naddress = \"10.77.0.31\"\n";
    assert!(SITE.contains(table));
    let accepted = "vip = \"10.77.0.10\"\naccept = [\"no-arbiter\"]";
    SITE.replace(table, "").replace("vip = \"10.77.0.10\"", accepted)
}

fn run_corosync(observed: &mut Observed) {
    for name in ["ctl1", "ctl2"] {
        let unit = of(observed, name).units.get_mut("corosync.service").expect("a unit");
        (unit.active, unit.since) = ("active".to_owned(), Some(hour(1)));
    }
}

fn position(plan: &Plan, wanted: impl Fn(&Step) -> bool) -> Option<usize> {
    steps_on(plan, "ctl2").into_iter().position(wanted)
}

#[test]
fn corosync_knows_of_an_arbiter_before_its_service_starts() {
    let text = without_arbiter();
    let mut observed = as_wanted_by(&text);
    run_corosync(&mut observed);
    assert!(plan_to(&text, &observed).is_empty());

    let plan = plan_to(SITE, &observed);
    let starts = |step: &Step| matches!(step, Step::StartUnit { unit } if unit.contains("qdevice"));
    let reload = position(&plan, |step| matches!(step, Step::ReloadCorosync { .. }));
    assert!(reload.is_some() && reload < position(&plan, starts), "{plan:#?}");
}

#[test]
fn the_arbiters_service_ends_before_corosync_forgets_it() {
    let mut observed = as_wanted();
    run_corosync(&mut observed);
    let plan = plan_to(&without_arbiter(), &observed);
    let stops = |step: &Step| matches!(step, Step::StopUnit { unit } if unit.contains("qdevice"));
    let stop = position(&plan, stops);
    let reload = position(&plan, |step| matches!(step, Step::ReloadCorosync { .. }));
    assert!(stop.is_some() && stop < reload, "{plan:#?}");
}

#[test]
fn a_running_cluster_keeps_its_name() {
    let renamed = SITE.replace("name = \"lab\"", "name = \"prod\"");
    let plan = plan_to(&renamed, &as_wanted());
    assert_eq!(plan.refusals.len(), 1, "{:?}", plan.refusals);
    assert!(plan.refusals[0].what.contains("called lab"));
    assert!(plan.refusals[0].cure.contains("name = \"lab\""));

    // A hand has changed it on one of them: that is put right.
    let mut observed = as_wanted();
    let conf = file(&mut observed, "ctl1", layout::SLURM_CONF);
    conf.text = conf.text.as_ref().map(|text| text.replace("ClusterName=lab", "ClusterName=x"));
    assert_eq!(plan_for(&observed).refusals, []);
}

#[test]
fn a_running_cluster_keeps_the_numbers_of_its_controllers() {
    let mut observed = as_wanted();
    for name in ["ctl1", "ctl2"] {
        let conf = file(&mut observed, name, corosync::CONF);
        let text = conf.text.as_ref().expect("text");
        let swapped = text.replace("name: ctl1", "name: x").replace("name: ctl2", "name: ctl1");
        conf.text = Some(swapped.replace("name: x", "name: ctl2"));
    }
    let refusals = plan_for(&observed).refusals;
    let named: Vec<&str> = refusals.iter().map(|refusal| refusal.machine.as_str()).collect();
    assert_eq!(named, ["ctl1", "ctl2"]);
    assert!(refusals[0].what.contains("knows ctl1 as node 2"), "{refusals:?}");
}

#[test]
fn a_running_cluster_keeps_the_names_of_its_controllers() {
    let renamed = SITE.replace("name = \"ctl2\"", "name = \"new2\"");
    let mut observed = as_wanted_by(&renamed);
    for name in ["ctl1", "new2"] {
        let conf = file(&mut observed, name, corosync::CONF);
        conf.text = conf.text.as_ref().map(|text| text.replace("name: new2", "name: ctl2"));
    }
    let refusals = plan_to(&renamed, &observed).refusals;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].what.contains("know a controller ctl2"), "{refusals:?}");
}

/// It would be restarted on both controllers at once.
#[test]
fn corosync_is_not_restarted_for_another_key() {
    let refused = |change: &dyn Fn(&mut Observed)| -> Vec<String> {
        let mut observed = as_wanted();
        run_corosync(&mut observed);
        change(&mut observed);
        let refusals = plan_for(&observed).refusals;
        refusals.into_iter().map(|refusal| refusal.machine.0).collect()
    };
    let key = "corosync-key";
    assert_eq!(refused(&|_| ()), [""; 0]);
    let is_gone = |observed: &mut Observed| {
        for name in ["ctl1", "ctl2"] {
            of(observed, name).secrets.remove(key).expect("a key");
        }
    };
    assert_eq!(refused(&is_gone), ["ctl1", "ctl2"]);
    let differs = |observed: &mut Observed| {
        let state = of(observed, "ctl2").secrets.get_mut(key).expect("a key");
        state.digest = Digest::of(b"another");
    };
    assert_eq!(refused(&differs), ["ctl2"]);
    let is_touched = |observed: &mut Observed| {
        of(observed, "ctl1").secrets.get_mut(key).expect("a key").modified = hour(2);
    };
    assert_eq!(refused(&is_touched), ["ctl1"]);
    // In an outage that somebody has chosen.
    let is_stopped = |observed: &mut Observed| {
        is_gone(observed);
        for name in ["ctl1", "ctl2"] {
            of(observed, name).units.insert("corosync.service".into(), unit_state("inactive"));
        }
    };
    assert_eq!(refused(&is_stopped), [""; 0]);
}

/// slurm.conf has three nodes and a partition that the site file no longer has.
fn with_more_in_slurm_conf(ending_jobs: Reading<EndingJobs>) -> Observed {
    let mut observed = as_wanted();
    run_slurmctld_on_ctl1(&mut observed);
    of(&mut observed, "ctl1").ending_jobs = ending_jobs;
    let conf = file(&mut observed, "ctl1", layout::SLURM_CONF);
    let text = conf.text.as_mut().expect("text");
    text.push_str("NodeName=big[1-3] CPUs=1\nPartitionName=long Nodes=big[1-3]\n");
    observed
}

#[test]
fn jobs_are_ended_only_when_somebody_accepts_it() {
    let in_partitions = BTreeMap::from([("long".to_owned(), 2)]);
    let jobs = EndingJobs { all: 3, in_partitions, on_nodes: 2 };
    let mut plan = plan_for(&with_more_in_slurm_conf(Reading::Known(jobs)));
    insta::assert_snapshot!(plan::explain(&plan, false));
    plan.accept(Acceptance::EndJobs);
    assert_eq!(plan.refusals, []);
    assert!(plan.notes.iter().any(|it| it.ends_with("as accepted")), "{:?}", plan.notes);

    let plan = plan_for(&with_more_in_slurm_conf(Reading::Unknown("it timed out".to_owned())));
    assert!(plan.refusals[0].what.ends_with("could not be told: it timed out"), "{plan:?}");
}

#[test]
fn what_has_no_jobs_goes_and_is_named() {
    let plan = plan_for(&with_more_in_slurm_conf(Reading::Known(EndingJobs::default())));
    assert_eq!(plan.refusals, []);
    let note = "slurm.conf no longer has big[1-3] and partition long; no job is there";
    assert_eq!(plan.notes, [note]);
    let why = plan.steps().find_map(|(_, _, planned)| {
        matches!(planned.step, Step::ReconfigureSlurm { .. }).then_some(planned.why.as_str())
    });
    assert_eq!(why, Some("slurmctld restarts for `NodeName=big[1-3] CPUs=1`"));
}

#[test]
fn the_fence_device_of_a_controller_that_is_gone_goes() {
    let mut observed = as_wanted();
    let left = r#"<resources><primitive id="fence-ctl9" class="stonith" type="fence_ipmilan">
        <instance_attributes id="f"><nvpair id="m" name="pcmk_host_map" value="ctl9:ctl9"/>
        </instance_attributes></primitive><primitive id="fence-pdu" class="stonith"
        type="fence_apc"><instance_attributes id="p"><nvpair id="n" name="pcmk_host_map"
        value="ctl1:7"/></instance_attributes></primitive>"#;
    let places = r#"<constraints><rsc_location id="fence-ctl9-not-on-ctl9" rsc="fence-ctl9"
        node="ctl9" score="-INFINITY"/>"#;
    for name in ["ctl1", "ctl2"] {
        let observation = of(&mut observed, name);
        let cib = observation.cib.known().expect("a CIB");
        let cib = cib.replace("<resources>", left).replace("<constraints>", places);
        observation.cib = Reading::Known(cib);
    }
    let plan = plan_for(&observed);
    let explained = plan::explain(&plan, true);
    assert!(explained.contains("- resource fence-ctl9 (stonith:fence_ipmilan)"), "{explained}");
    assert!(explained.contains("- location fence-ctl9-not-on-ctl9"), "{explained}");
    assert!(!explained.contains("fence-pdu"), "somebody else's: {explained}");
    let wanted = plan.configuration().expect("a configuration").1;
    let live = observed[&"ctl1".into()].cib.known().expect("a CIB").clone();
    let merged = plan::cib::merge(&live, wanted).expect("XML").expect("a change");
    assert!(!merged.contains("ctl9") && merged.contains("fence-pdu"), "{merged}");
}

/// The controller that restarted something was lost in the middle of it.
#[test]
fn a_restart_that_was_cut_off_is_no_persons_wish() {
    let mut observed = as_wanted();
    for name in ["ctl1", "ctl2"] {
        let observation = of(&mut observed, name);
        let cib = observation.cib.known().expect("a CIB");
        let held = plan::restart::stop_until(cib, "slurmctld", noon()).expect("a CIB");
        observation.cib = Reading::Known(held);
    }
    let plan = plan_for(&observed);
    assert_eq!(plan.notes, [] as [String; 0]);
    let wanted = plan.configuration().expect("a configuration").1;
    let live = observed[&"ctl1".into()].cib.known().expect("a CIB").clone();
    let merged = plan::cib::merge(&live, wanted).expect("XML").expect("a change");
    assert!(!merged.contains("Stopped"), "{merged}");
}

/// Nobody is restarted for a service that is no longer there.
#[test]
fn a_site_without_an_arbiter_has_no_service_for_it() {
    let mut observed = as_wanted();
    for name in ["ctl1", "ctl2"] {
        let unit = unit_state("inactive");
        of(&mut observed, name).units.insert("corosync-qdevice.service".to_owned(), unit);
    }
    let plan = plan_to(&without_arbiter(), &observed);
    let touches = |step: &Step| matches!(step, Step::StopUnit { unit } if unit.contains("qdevice"));
    assert_eq!(position(&plan, touches), None);
}
