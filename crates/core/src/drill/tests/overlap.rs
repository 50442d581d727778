// SPDX-License-Identifier: Apache-2.0
//! What is demanded when one fault comes while another is being survived.

use super::made_up::{Job, at, eventful, evidence, job, sample};
use super::per_fault::reasons;
use crate::drill::*;
use crate::observe::Reading;

fn stroke(name: &str, victim: &str, survivor: &str, at_s: f64) -> Stroke {
    Stroke {
        fault: name.parse().unwrap(),
        victim: victim.into(),
        survivor: survivor.into(),
        at: Ok(at(at_s)),
        confirmed: Some(at(at_s + 0.2)),
        process: None,
        taken_back: None,
        unfelt: None,
    }
}

fn of(faults: &str) -> Scenario {
    Scenario::of(&faults.parse().unwrap())
}

/// slurmdbd is killed on the active controller, and ten seconds later that one
/// loses its power: ctl2 serves from 28 s on.
fn killed_and_cut(jobs: Vec<Job>) -> Evidence {
    let mut seen = evidence(jobs);
    seen.scenario = of("kill-slurmdbd+power-loss@10");
    seen.strokes = vec![
        stroke("kill-slurmdbd", "ctl1", "ctl2", 0.0),
        stroke("power-loss", "ctl1", "ctl2", 10.0),
    ];
    seen.load_stopped = at(33.0);
    let lived = [-10.0, -0.1, 5.0, 9.9].map(|time| sample(time, true)).to_vec();
    seen.samples.insert("ctl1".into(), lived);
    for probe in &mut seen.probes {
        probe.answered = !(at(9.7)..at(30.0)).contains(&probe.sent);
    }
    if let Reading::Known(journal) = &mut seen.journal {
        let later = jiff::SignedDuration::from_secs(10);
        journal.iter_mut().for_each(|entry| entry.at = entry.at.checked_add(later).unwrap());
    }
    seen
}

fn lost_at(acknowledged: f64) -> Vec<Job> {
    let lost = Job { known: false, ran: false, ..job(2, acknowledged) };
    vec![job(1, -10.0), lost, job(3, 31.0)]
}

#[test]
fn each_fault_has_its_place_in_the_report() {
    let seen = killed_and_cut(vec![job(1, -10.0), job(2, 9.0), job(3, 31.0)]);
    let report = analyse(&seen);
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.writers_max, Some(1));
    assert_eq!(report.writers[&"ctl1".into()][0].end_s, 10.2, "until it was dead");
    let notice = &report.phases[&Phase::Notice];
    assert_eq!((notice.start_s, notice.end_s), (Some(10.0), Some(15.5)));
    assert_eq!(report.title(), "kill-slurmdbd+power-loss");
    insta::assert_snapshot!(render_text(&report));
    let page = render_html(&report, &seen);
    assert!(page.contains("power-loss on ctl1 at 10.0 s"), "{page}");
    assert_eq!(page.matches(">fault</text>").count(), 2, "a row for each");
}

/// What may be lost is what was not saved when slurmctld ended, not when the
/// first thing was broken.
#[test]
fn the_unsaved_window_is_that_of_the_fault_that_ended_slurmctld() {
    let (verdict, why) = reasons(&killed_and_cut(lost_at(7.0)));
    assert_eq!(verdict, Verdict::PassWithLoss);
    assert_eq!(why, ["1 job acknowledged and not yet saved by Slurm when the power went"]);
    let (verdict, why) = reasons(&killed_and_cut(lost_at(1.0)));
    assert_eq!(verdict, Verdict::Fail);
    assert!(why[0].ends_with("r-0002 1.0 s after the first fault"), "{why:?}");
}

/// Two windows, with time between them in which slurmctld saved.
#[test]
fn each_end_of_slurmctld_has_a_window_of_its_own() {
    let verdict = |acknowledged| {
        let mut seen = killed_and_cut(lost_at(acknowledged));
        seen.scenario = of("kill-slurmctld+power-loss@20");
        seen.strokes = vec![
            stroke("kill-slurmctld", "ctl1", "ctl2", 0.0),
            stroke("power-loss", "ctl1", "ctl2", 20.0),
        ];
        let (restarted, answered) = (Some(at(1.5)), Some(at(2.0)));
        seen.strokes[0].process = Some(ProcessFate { pid: 7, restarted, answered, thawed: false });
        let lived = [-10.0, -0.1, 5.0, 19.9].map(|time| sample(time, true)).to_vec();
        seen.samples.insert("ctl1".into(), lived);
        reasons(&seen).0
    };
    assert_eq!(verdict(-3.0), Verdict::PassWithLoss);
    assert_eq!(verdict(13.0), Verdict::PassWithLoss);
    assert_eq!(verdict(8.0), Verdict::Fail, "it was saved, and slurmctld lived");
}

#[test]
fn a_fault_that_did_not_happen_is_no_proof() {
    let mut seen = killed_and_cut(vec![job(1, -10.0), job(3, 31.0)]);
    seen.strokes[1].at = Err("the power of ctl1 could not be cut: no such lab".to_owned());
    let (verdict, why) = reasons(&seen);
    assert_eq!(verdict, Verdict::Fail);
    assert!(
        why.contains(&"no power-loss: the power of ctl1 could not be cut: no such lab".to_owned()),
        "{why:?}"
    );
    assert!(render_text(&analyse(&seen)).contains("no power-loss on ctl1"));
}

/// Where nothing that clients talk to is hit, two faults excuse no more than
/// one.
#[test]
fn faults_behind_the_scheduler_are_seen_by_nobody_together_either() {
    let quiet = |process| {
        let mut seen = super::per_fault::undisturbed(
            "kill-slurmdbd".parse().unwrap(),
            vec![job(1, -10.0), job(3, 3.0)],
        );
        seen.scenario = of("kill-slurmdbd+node-power-loss@1");
        seen.strokes = vec![
            stroke("kill-slurmdbd", "ctl1", "ctl2", 0.0),
            stroke("node-power-loss", "cn1", "ctl1", 1.0),
        ];
        seen.strokes[0].process = process;
        seen.aftermath.rejoined_after_s = Some(40.0);
        seen
    };
    let (restarted, answered) = (Some(at(0.5)), Some(at(0.9)));
    let back = ProcessFate { pid: 7, restarted, answered, thawed: false };
    assert_eq!(reasons(&quiet(Some(back.clone()))), (Verdict::Pass, Vec::new()));
    let why = "what became of slurmdbd on ctl1 was not seen";
    assert_eq!(reasons(&quiet(None)), (Verdict::Fail, vec![why.to_owned()]));
    let mut away = quiet(Some(back));
    away.aftermath.rejoined_after_s = None;
    assert_eq!(reasons(&away).1, ["cn1 did not become a full member again"]);
}

/// A slow link may cost the machine; that it has is seen in the journal.
#[test]
fn a_machine_that_was_not_lost_excuses_no_process_that_stayed_away() {
    let why = |proof: Option<&str>| {
        let mut seen = super::per_fault::undisturbed(
            "freeze-slurmdbd".parse().unwrap(),
            vec![job(1, -10.0), job(3, 3.0)],
        );
        seen.scenario = of("freeze-slurmdbd+slow-both-links@1");
        seen.strokes = vec![
            stroke("freeze-slurmdbd", "ctl1", "ctl2", 0.0),
            stroke("slow-both-links", "ctl1", "ctl2", 1.0),
        ];
        seen.strokes[0].process = Some(ProcessFate { pid: 7, thawed: true, ..Default::default() });
        let entry = |message: &str| JournalEntry {
            at: at(4.0),
            source: "pacemaker-controld".to_owned(),
            message: message.to_owned(),
        };
        seen.journal = Reading::Known(proof.map(entry).into_iter().collect());
        reasons(&seen).1
    };
    let frozen = "slurmdbd stayed frozen on ctl1: nobody ended it".to_owned();
    assert!(why(None).contains(&frozen), "{:?}", why(None));
    let fenced = why(Some("Peer ctl1 was terminated (reboot) by ctl2 on behalf of x: OK"));
    assert!(!fenced.contains(&frozen), "{fenced:?}");
}

/// The fields for one fault and the list say the same.
#[test]
fn one_fault_in_a_list_is_judged_like_one() {
    let plain = eventful();
    let mut listed = plain.clone();
    listed.strokes = vec![Stroke {
        confirmed: Some(plain.cut_confirmed),
        ..stroke("power-loss", "ctl1", "ctl2", 0.0)
    }];
    let report = analyse(&listed);
    assert_eq!(report.strokes.len(), 1);
    assert_eq!(Report { strokes: Vec::new(), ..report }, analyse(&plain));
}

/// Who is victim and survivor of the whole does not depend on the order.
#[test]
fn the_gravest_fault_names_the_parts() {
    for (faults, gravest) in [
        ("kill-slurmdbd+power-loss@10", "power-loss"),
        ("cut-cluster-link+kill-qnetd@3", "cut-cluster-link"),
        ("passive-power-loss+kill-slurmctld@3", "kill-slurmctld"),
        ("kill-mariadb+passive-crash@3", "passive-crash"),
        ("node-power-loss+kill-mariadb@3", "kill-mariadb"),
        ("crash", "crash"),
    ] {
        assert_eq!(of(faults).gravest().name(), gravest, "{faults}");
    }
}
