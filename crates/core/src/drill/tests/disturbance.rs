// SPDX-License-Identifier: Apache-2.0
//! What is demanded when something is done to a machine for a while.

use super::made_up::{Job, at, evidence, job, message, sample};
use super::per_fault::{both, lost, moved, reasons, undisturbed};
use crate::drill::*;
use crate::observe::Reading;

const LOSSY: Disturbance = Disturbance::Link(Links::Both, LinkFault::Lossy);
const CUT_CLUSTER: Disturbance = Disturbance::Link(Links::Cluster, LinkFault::Cut);

fn disturbed(what: Disturbance, jobs: Vec<Job>) -> Evidence {
    let mut seen = undisturbed(Fault::Disturbance(Side::Active, what), jobs);
    seen.taken_back = Some(at(45.0));
    seen
}

#[test]
fn a_disturbance_that_costs_nothing_is_a_pass() {
    for what in [LOSSY, Disturbance::Full(Volume::State), Disturbance::Full(Volume::Database)] {
        let report = analyse(&disturbed(what, both()));
        assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
        assert_eq!(report.taken_back_s, Some(45.0));
    }
}

/// slurmctld does not end: nothing excuses a loss.
#[test]
fn a_full_file_system_loses_no_job() {
    let full = Disturbance::Full(Volume::State);
    let (verdict, why) = reasons(&disturbed(full, lost()));
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(why, ["1 job lost: r-0002 2.0 s before the fault"]);
}

/// The cluster fences what it loses sight of, and only then may something be
/// lost.
#[test]
fn a_bad_link_may_cost_the_machine_and_its_unsaved_jobs() {
    let (verdict, why) = reasons(&disturbed(LOSSY, lost()));
    assert_eq!((verdict, why.len()), (Verdict::Fail, 1), "it lived all the time: {why:?}");

    let mut fenced = disturbed(LOSSY, lost());
    let last_signs = vec![sample(-10.0, true), sample(-0.2, true), sample(3.0, true)];
    fenced.samples.insert(fenced.victim.clone(), last_signs);
    let took_over = vec![sample(-10.0, false), sample(9.0, true), sample(60.0, true)];
    fenced.samples.insert(fenced.survivor.clone(), took_over);
    assert_eq!(reasons(&fenced).0, Verdict::PassWithLoss);
}

/// Pacemaker stops it where its link is bad, and it saves: nothing is excused by
/// that. Of a machine that is fenced then something may be.
#[test]
fn a_slurmctld_that_is_stopped_in_good_order_loses_nothing() {
    let handed_over = |fenced: Option<f64>| {
        let lost = Job { known: false, ran: false, ..job(2, 4.0) };
        let mut seen = moved(vec![job(1, -10.0), lost, job(3, 5.0)]);
        seen.scenario = Scenario::new(Fault::Disturbance(Side::Active, CUT_CLUSTER));
        let proof = "Peer ctl1 was terminated (off) by ctl2 on behalf of pacemaker-controld.7: OK";
        if let Reading::Known(journal) = &mut seen.journal {
            journal.extend(fenced.map(|at| message(at, "pacemaker-controld", proof)));
        }
        let signs = [(-10.0, true), (4.8, true), (5.2, false), (9.0, false)];
        seen.samples.insert("ctl1".into(), signs.map(|(at, on)| sample(at, on)).to_vec());
        reasons(&seen).0
    };
    assert_eq!(handed_over(None), Verdict::Fail);
    assert_eq!(handed_over(Some(8.0)), Verdict::PassWithLoss);
}

#[test]
fn a_machine_that_no_client_reaches_must_hand_over() {
    assert_eq!(reasons(&disturbed(CUT_CLUSTER, both())).1, ["slurmctld never ran on ctl2"]);
    let mut handed_over = moved(both());
    handed_over.scenario = Scenario::new(Fault::Disturbance(Side::Active, CUT_CLUSTER));
    let report = analyse(&handed_over);
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.phases[&Phase::Promote].end_s, Some(6.5));
    // From the passive side nothing has to go.
    let mut passive = undisturbed(Fault::Disturbance(Side::Passive, CUT_CLUSTER), both());
    (passive.victim, passive.survivor) = (passive.survivor, passive.victim);
    assert_eq!(reasons(&passive), (Verdict::Pass, Vec::new()));
}

#[test]
fn the_load_goes_on_after_a_fault_was_taken_back() {
    for fault in Fault::all() {
        let bounds = Scenario::new(fault).bounds;
        assert_eq!(fault.is_taken_back(), !bounds.fault.is_zero(), "{}", fault.name());
        assert!(bounds.fault.is_zero() || bounds.watch > bounds.fault, "{}", fault.name());
    }
}

#[test]
fn what_was_done_is_told_in_words() {
    let told = |name: &str| {
        let fault: Fault = name.parse().unwrap();
        (fault.summary(), fault.sentence("ctl1", "ctl2"))
    };
    assert_eq!(
        told("cut-both-links"),
        (
            "cut the active controller off from both networks".to_owned(),
            "ctl1 was cut off from both networks; ctl2 had to take over.".to_owned()
        )
    );
    assert_eq!(
        told("fill-database"),
        (
            "fill the file system of MariaDB's data; no client may see it".to_owned(),
            "ctl1 had no byte left in the file system of MariaDB's data.".to_owned()
        )
    );
    assert_eq!(
        told("passive-crash"),
        (
            "crash the kernel of the passive controller (sysrq c)".to_owned(),
            "the kernel of ctl1 was crashed; ctl2 was active and had to go on.".to_owned()
        )
    );
}

/// From a machine that crashes nothing is heard any more.
#[test]
fn a_crash_is_like_a_power_loss_that_the_cluster_has_to_cure() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, 40.0)]);
    seen.scenario = Scenario::new(Fault::Crash(Side::Active));
    seen.aftermath = Aftermath { powered_on: true, ..Aftermath::default() };
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    // A kernel that goes on says so by its boot id.
    seen.boots.insert("ctl1".into(), false);
    assert_eq!(reasons(&seen).1, ["no crash: ctl1 has not booted anew since before it"]);
    seen.boots.insert("ctl1".into(), true);
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    seen.aftermath.lacking = vec!["ctl1 is offline".to_owned()];
    assert_eq!(reasons(&seen).1, ["not as before: ctl1 is offline"]);
}

/// The controllers are watched as ever, and the arbiter is no controller.
#[test]
fn a_fault_of_the_arbiter_is_seen_by_nobody() {
    let kill = Fault::Process(Side::Arbiter, Daemon::Qnetd, FaultSignal::Kill);
    assert_eq!(kill.name(), "kill-qnetd");
    let mut seen = undisturbed(kill, both());
    (seen.victim, seen.survivor) = ("login1".into(), "ctl1".into());
    let (restarted, answered) = (Some(at(0.5)), Some(at(0.9)));
    seen.process = Some(ProcessFate { pid: 700, restarted, answered, thawed: false });
    let report = analyse(&seen);
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    let watched: Vec<_> = report.writers.keys().map(|node| node.as_str()).collect();
    assert_eq!((watched, report.writers_max), (vec!["ctl1", "ctl2"], Some(1)));
    seen.samples.remove(&"ctl2".into());
    let why = "how many controllers could write is not known: not both controllers were watched";
    assert_eq!(reasons(&seen), (Verdict::Fail, vec![why.to_owned()]));
}

/// slurmctld acknowledges from memory while its disk hangs: when its machine is
/// fenced then, all of that is lost, and it is a loss that could not be helped.
#[test]
fn a_disk_that_hangs_makes_the_unsaved_window_longer() {
    let hang = Disturbance::Disks(DiskFault::Hang);
    let after = |acknowledged, what| {
        let lost = Job { known: false, ran: false, ..job(2, acknowledged) };
        let mut fenced = disturbed(what, vec![job(1, -20.0), lost, job(3, 70.0)]);
        fenced.taken_back = None;
        let signs = [-10.0, -0.2, 20.0, 40.0].map(|at| sample(at, true)).to_vec();
        fenced.samples.insert(fenced.victim.clone(), signs);
        let took_over = vec![sample(-10.0, false), sample(60.0, true)];
        fenced.samples.insert(fenced.survivor.clone(), took_over);
        reasons(&fenced).0
    };
    assert_eq!(after(5.0, hang), Verdict::PassWithLoss);
    assert_eq!(after(-9.0, hang), Verdict::Fail, "it was saved before the disk hung");
    assert_eq!(after(5.0, LOSSY), Verdict::Fail, "it was saved long before the end");
}

/// Who takes all memory can have the kernel end slurmctld, more than once, and
/// where it is begun again it is the same machine.
#[test]
fn each_end_of_slurmctld_has_an_unsaved_window() {
    let ended = |acknowledged, memory| {
        let lost = Job { known: false, ran: false, ..job(2, acknowledged) };
        let what = if memory { Disturbance::Memory } else { Disturbance::Full(Volume::State) };
        let mut seen = disturbed(what, vec![job(1, -20.0), lost, job(3, 50.0)]);
        let mut signs = Vec::new();
        for (at, lives) in [(-10.0, true), (6.0, true), (7.0, false), (10.0, true), (30.0, true)] {
            signs.push(with_slurmctld(at, lives));
        }
        for (at, lives) in [(31.0, false), (35.0, true), (60.0, true)] {
            signs.push(with_slurmctld(at, lives));
        }
        seen.samples.insert(seen.victim.clone(), signs);
        reasons(&seen).0
    };
    for acknowledged in [0.5, 6.5, 25.0, 30.5] {
        assert_eq!(ended(acknowledged, true), Verdict::PassWithLoss, "{acknowledged}");
    }
    for acknowledged in [-4.0, 12.0, 36.0] {
        assert_eq!(ended(acknowledged, true), Verdict::Fail, "{acknowledged}");
    }
    assert_eq!(ended(0.5, false), Verdict::Fail, "nothing ends it");
}

#[test]
fn memory_that_was_never_short_proves_nothing() {
    let mut seen = disturbed(Disturbance::Memory, both());
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    seen.unfelt = Some("61 % of the memory was free all the time".to_owned());
    let why = "no exhaust-memory: 61 % of the memory was free all the time";
    assert_eq!(reasons(&seen), (Verdict::Fail, vec![why.to_owned()]));
}

fn with_slurmctld(after_cut_s: f64, lives: bool) -> Sample {
    let mut sample = sample(after_cut_s, true);
    sample.state.slurmctld = Some(lives);
    sample
}

/// Neither a clock nor a disk that has failed ends slurmctld.
#[test]
fn a_wrong_clock_and_a_failed_disk_excuse_no_loss() {
    for what in [
        Disturbance::Clock(ClockFault::Forward),
        Disturbance::Clock(ClockFault::Backward),
        Disturbance::Disks(DiskFault::Errors),
    ] {
        assert_eq!(reasons(&disturbed(what, both())), (Verdict::Pass, Vec::new()));
        assert_eq!(reasons(&disturbed(what, lost())).0, Verdict::Fail);
    }
}

/// What was put off by a clock that was ahead is due when it has caught up.
#[test]
fn jobs_are_given_the_time_that_a_clock_was_wrong() {
    let drain = |name: &str| Scenario::new(name.parse().unwrap()).bounds.drain;
    assert_eq!(drain("clock-forward"), drain("fill-state") + CLOCK_STEP);
}

#[test]
fn a_failed_disk_has_a_budget() {
    let fault = Fault::Disturbance(Side::Active, Disturbance::Disks(DiskFault::Errors));
    let mut seen = disturbed(Disturbance::Disks(DiskFault::Errors), both());
    assert_eq!(Scenario::new(fault).budget.submit_s, Some(60.0));
    seen.scenario.budget.submit_s = Some(3.0);
    let why = reasons(&seen).1;
    assert!(why.iter().any(|why| why.contains("the budget is 3 s")), "{why:?}");
}
