// SPDX-License-Identifier: Apache-2.0
//! What is proven of a controller that was not seen for a while.

use super::made_up::{at, evidence, job, message, sample};
use super::per_fault::{both, reasons, undisturbed};
use crate::drill::*;
use crate::observe::Reading;

fn samples(seen: &mut Evidence, machine: &str, of: &[(f64, bool)]) {
    let of = of.iter().map(|&(time, active)| sample(time, active)).collect();
    seen.samples.insert(machine.into(), of);
}

/// ctl1 is cut off, and with it whoever looks at it; nobody fences it. ctl2 takes over
/// at 9 s, and the load ends at 100 s.
fn unseen_until(again: Option<f64>) -> Evidence {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -2.0), job(3, 31.0)]);
    let both_links = Disturbance::Link(Links::Both, LinkFault::Cut);
    seen.scenario = Scenario::new(Fault::Disturbance(Side::Active, both_links));
    seen.load_stopped = at(60.0);
    seen.journal = Reading::Known(Vec::new());
    samples(&mut seen, "ctl1", &[(-10.0, true), (-0.2, true), (0.6, true)]);
    let back = again.map(|time| sample(time, false));
    seen.samples.get_mut(&"ctl1".into()).unwrap().extend(back);
    samples(&mut seen, "ctl2", &[(-10.0, false), (9.0, true), (40.0, true), (60.0, true)]);
    seen.aftermath.rejoined_after_s = None;
    seen
}

#[test]
fn one_that_may_have_written_unseen_is_no_single_writer() {
    let why = |length: &str| {
        format!(
            "how many controllers could write is not known: ctl1 was not seen for {length} s, \
             the last time 0.6 s after the cut"
        )
    };
    let told = |seen: &Evidence| reasons(seen).1.into_iter().map(|it| it.replace("fault", "cut"));
    assert_eq!(told(&unseen_until(None)).collect::<Vec<_>>(), [why("59.4")]);
    assert_eq!(told(&unseen_until(Some(46.0))).collect::<Vec<_>>(), [why("45.4")]);
    // A machine that stood still, and a conversation that had to be begun again.
    assert_eq!(reasons(&unseen_until(Some(35.0))), (Verdict::Pass, Vec::new()));
}

#[test]
fn one_that_was_fenced_need_not_be_seen() {
    let mut fenced = unseen_until(None);
    let proof = "Peer ctl1 was terminated (off) by ctl2 on behalf of pacemaker-controld.7: OK";
    fenced.journal = Reading::Known(vec![message(8.5, "pacemaker-controld", proof)]);
    assert_eq!(reasons(&fenced), (Verdict::Pass, Vec::new()));
    // It boots while the load still runs.
    fenced.samples.get_mut(&"ctl1".into()).unwrap().push(sample(58.0, false));
    assert_eq!(reasons(&fenced), (Verdict::Pass, Vec::new()));
}

/// What could not be read is no proof.
#[test]
fn one_of_whose_fencing_nobody_can_tell_has_to_be_seen() {
    let mut untold = unseen_until(Some(58.0));
    untold.journal = Reading::Unknown("timed out".to_owned());
    let why = "how many controllers could write is not known: ctl1 was not seen for 57.4 s, the \
               last time 0.6 s after the fault; whether it was fenced then could not be read: \
               timed out";
    let told = reasons(&untold).1.into_iter().map(|it| it.replace("the cut", "the fault"));
    assert_eq!(told.collect::<Vec<_>>(), [why]);
}

/// When it did what it did is not known then.
#[test]
fn a_controller_without_a_clock_is_not_taken_to_agree() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -2.0), job(3, 31.0)]);
    let exact = ClockOffset { add_s: 0.0, error_s: 0.1 };
    seen.clocks = ["login1", "ctl1"].map(|machine| (machine.into(), exact)).into();
    let why = "how many controllers could write is not known: the clock of ctl2 could not be read";
    assert_eq!(reasons(&seen), (Verdict::Fail, vec![why.to_owned()]));
    seen.clocks.insert("ctl2".into(), exact);
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
}

#[test]
fn one_that_lost_its_power_need_not_be_seen_until_it_has_booted() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, 40.0)]);
    seen.scenario = Scenario::new(Fault::Crash(Side::Active));
    seen.journal = Reading::Known(Vec::new());
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    seen.samples.get_mut(&"ctl1".into()).unwrap().push(sample(55.0, false));
    let report = analyse(&seen);
    assert_eq!((report.verdict, report.writers_max), (Verdict::Pass, Some(1)));
    assert_eq!(report.writers[&"ctl1".into()][0].end_s, 0.1, "until it was dead");
}

/// Nobody else could write meanwhile.
#[test]
fn one_that_was_alone_may_go_unseen() {
    let cut = Disturbance::Link(Links::Replication, LinkFault::Cut);
    let mut seen = undisturbed(Fault::Disturbance(Side::Active, cut), both());
    seen.load_stopped = at(58.0);
    let before = seen.probes.len();
    seen.probes.retain(|probe| probe.sent < at(60.0));
    assert_eq!(seen.probes.len(), before);
    seen.submissions.extend(evidence(vec![job(9, 57.0)]).submissions);
    let Reading::Known(known) = evidence(vec![job(9, 57.0)]).scheduler_jobs else { panic!() };
    let Reading::Known(jobs) = &mut seen.scheduler_jobs else { panic!() };
    jobs.extend(known);
    let marks = evidence(vec![job(9, 57.0)]).marks;
    seen.marks.insert("cn2".into(), marks[&"cn1".into()].clone());
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
}

/// It could have been promoted, and not be any more when it was seen again.
#[test]
fn who_has_to_wait_has_to_be_seen_waiting() {
    let mut seen = undisturbed(Fault::ResyncPowerLoss, both());
    seen.victim_journal = Reading::default();
    seen.given_back = Some(at(120.0));
    samples(&mut seen, "ctl1", &[(-10.0, true), (-0.2, true), (150.0, false), (170.0, true)]);
    samples(&mut seen, "ctl2", &[(-10.0, false), (1.0, false), (90.0, false), (170.0, false)]);
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()), "the load had ended");
    seen.load_stopped = at(175.0);
    let why = "ctl2 was not seen for 89.0 s, the last time 1.0 s after the cut";
    assert!(reasons(&seen).1.contains(&why.to_owned()), "{:?}", reasons(&seen).1);
}

/// No file of marks is no sign of a single run.
#[test]
fn a_job_without_a_mark_is_not_known_to_have_run_once() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    let Reading::Known(marks) = seen.marks.get_mut(&"cn1".into()).unwrap() else { panic!() };
    marks.retain(|mark| mark.name != "r-0002");
    let why = "what became of the jobs is not known: r-0002 ran to its end and has left no mark \
               on any node";
    assert_eq!(reasons(&seen).1, [why]);
    seen.submissions[1].work = Work::Cancelled;
    assert!(!reasons(&seen).1.contains(&why.to_owned()));
}

#[test]
fn a_failover_that_never_took_place_is_none() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    samples(&mut seen, "ctl2", &[(-10.0, false), (9.0, false), (40.0, false), (60.0, false)]);
    assert_eq!(reasons(&seen), (Verdict::Fail, vec!["slurmctld never ran on ctl2".to_owned()]));
    seen.boots.insert("ctl1".into(), false);
    assert_eq!(reasons(&seen).1[0], "no power-loss: ctl1 has not booted anew since before it");
}
