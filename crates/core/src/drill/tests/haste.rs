// SPDX-License-Identifier: Apache-2.0
//! Requeued jobs that the drill let start before Slurm would have.

use super::made_up::{Job, at, evidence, job};
use crate::drill::*;

/// The drill lets job 2 start 70 s after the fault, Slurm would at 160 s.
fn hastened(mut seen: Evidence) -> Evidence {
    let name = "r-0002".to_owned();
    seen.hastened.push(Hastened { id: 2, name, at: at(70.0), due: at(160.0) });
    seen
}

/// Its launch was lost with the fault.
fn never_began() -> Vec<Job> {
    vec![job(1, -10.0), Job { runs: vec![(71.0, 71.5)], ..job(2, -1.0) }, job(3, 31.0)]
}

#[test]
fn an_outage_is_as_long_as_without_the_haste() {
    let mut by_itself = never_began();
    by_itself[1].runs = vec![(160.0, 160.5)];
    let expected = analyse(&evidence(by_itself)).start_outage;
    assert_eq!(expected, Some(Outage { start_s: 32.0, end_s: 160.0, ended: true }));
    assert_eq!(analyse(&hastened(evidence(never_began()))).start_outage, expected);
    // Slurm may have needed longer than it had to.
    let mut late = never_began();
    late[1].runs = vec![(170.0, 170.5)];
    let late = analyse(&hastened(evidence(late)));
    assert_eq!(late.start_outage, Some(Outage { start_s: 32.0, end_s: 170.0, ended: true }));
}

#[test]
fn a_run_before_the_haste_is_where_it_was() {
    let jobs = || {
        let twice = Job { runs: vec![(-0.5, 0.0), (71.0, 71.5)], ..job(2, -1.0) };
        vec![job(1, -10.0), twice, job(3, 31.0)]
    };
    let (plain, seen) = (analyse(&evidence(jobs())), hastened(evidence(jobs())));
    assert_eq!(analyse(&seen).start_outage, plain.start_outage);
}

/// Who ran twice is told by the jobs' own marks.
#[test]
fn the_judgement_is_the_same_and_the_haste_is_told() {
    for runs in [vec![(71.0, 71.5)], vec![(-0.5, 0.0), (71.0, 71.5)]] {
        let jobs = || vec![job(1, -10.0), Job { runs: runs.clone(), ..job(2, -1.0) }, job(3, 31.0)];
        let plain = analyse(&evidence(jobs()));
        let report = analyse(&hastened(evidence(jobs())));
        assert_eq!(report.jobs, plain.jobs);
        assert_eq!((report.verdict, &report.invariants), (plain.verdict, &plain.invariants));
        assert_eq!(report.rpc_outage, plain.rpc_outage);
        assert_eq!(report.submit_outage, plain.submit_outage);
        let told = HastenedJob { name: "r-0002".to_owned(), id: 2, at_s: 70.0, earlier_s: 90.0 };
        assert_eq!(report.hastened, [told]);
        let text = render_text(&report).split_whitespace().collect::<Vec<_>>().join(" ");
        let line = "job 2 was requeued; the drill let it start 70.0 s after the cut instead of 90 s \
                    later";
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn many_are_counted() {
    let mut seen = evidence(never_began());
    for id in 1..=9 {
        let name = format!("r-{id:04}");
        seen.hastened.push(Hastened { id, name, at: at(70.0), due: at(160.0) });
    }
    let text = render_text(&analyse(&seen));
    assert_eq!(text.matches(" was requeued; the drill").count(), 6, "{text}");
    assert!(text.contains("3 more were requeued and let start"), "{text}");
}
