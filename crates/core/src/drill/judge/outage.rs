// SPDX-License-Identifier: Apache-2.0
//! The longest time without a sign of life.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::drill::evidence::{Evidence, MarkKind, Probe};
use crate::drill::report::Outage;
use crate::drill::time::{rounded, seconds};

/// Seconds at the end of the load in which nothing is told: what is under way
/// then is not waited for, and the client's clock is not quite the drill's. A
/// longer silence, or one in which something failed, is an outage that has not
/// ended.
const UNDER_WAY_S: f64 = 6.0;

/// Seconds by which two machines' clocks may differ, at most. What a job did
/// before it was requeued was longer ago.
const CLOCKS_AGREE_S: f64 = 1.0;

/// The longest time without an acknowledged submission.
pub(super) fn submit_outage(evidence: &Evidence) -> Outage {
    let client = |at| after_cut(evidence, at);
    let all = &evidence.submissions;
    let signs = all.iter().filter_map(|s| s.acknowledged()).map(|(_, at)| client(at));
    let refused = all.iter().filter(|s| s.acknowledged().is_none()).map(|s| client(s.sent));
    let first = all.iter().map(|s| client(s.sent)).reduce(f64::min);
    longest(signs.collect(), first, load_end(evidence), refused.reduce(f64::max))
}

/// The longest time without an answered RPC.
pub(super) fn rpc_outage(evidence: &Evidence) -> Outage {
    unanswered(&evidence.probes, load_end(evidence), |at| after_cut(evidence, at))
}

/// The longest time without an answer of the accounting; `None` when nobody
/// asked.
pub(super) fn accounting_outage(evidence: &Evidence) -> Option<Outage> {
    let probes = &evidence.accounting_probes;
    // It is asked so rarely that the end of the load would be taken for one.
    let end = probes.iter().map(|probe| after_cut(evidence, probe.ended)).reduce(f64::max)?;
    Some(unanswered(probes, end, |at| after_cut(evidence, at)))
}

/// The same from probes alone, for whoever moves the role without a drill.
/// `after` gives the seconds after the zero, `end` the last of them.
pub(crate) fn unanswered(probes: &[Probe], end: f64, after: impl Fn(Timestamp) -> f64) -> Outage {
    let signs = probes.iter().filter(|p| p.answered).map(|p| after(p.ended));
    let first = probes.iter().map(|p| after(p.sent)).reduce(f64::min);
    let failed = probes.iter().filter(|p| !p.answered).map(|p| after(p.ended));
    longest(signs.collect(), first, end, failed.reduce(f64::max))
}

/// The longest time in which no job began. Jobs begin after the load, too:
/// those that had to wait; but a job that begins again counts once, because
/// Slurm holds a requeued job back for two minutes whatever else it does. One
/// that the drill let start earlier counts from when Slurm would have let it.
/// `None` when the marks of some node are missing.
pub(super) fn start_outage(evidence: &Evidence) -> Option<Outage> {
    let mut first_starts: BTreeMap<&str, f64> = BTreeMap::new();
    for (node, marks) in &evidence.marks {
        for mark in marks.known()?.iter().filter(|mark| mark.kind == MarkKind::Start) {
            let at = seconds(evidence.cut, evidence.on_drill_clock(node, mark.at));
            let at = without_haste(evidence, &mark.name, at);
            first_starts.entry(&mark.name).and_modify(|first| *first = first.min(at)).or_insert(at);
        }
    }
    let starts: Vec<f64> = first_starts.into_values().collect();
    let first = evidence.submissions.iter().map(|s| after_cut(evidence, s.sent)).reduce(f64::min);
    // What begins last is no outage: then there is nothing left to begin.
    let end = starts.iter().copied().reduce(f64::max).filter(|last| *last > 0.0);
    Some(longest(starts, first, end.unwrap_or_else(|| load_end(evidence)), None))
}

/// When a job that began at that time would have begun by itself, at the
/// earliest.
fn without_haste(evidence: &Evidence, name: &str, began: f64) -> f64 {
    let hastened = evidence.hastened.iter().filter(|job| job.name == name);
    let later = hastened.filter(|job| began > after_cut(evidence, job.at) - CLOCKS_AGREE_S);
    later.map(|job| after_cut(evidence, job.due)).fold(began, f64::max)
}

fn after_cut(evidence: &Evidence, at: Timestamp) -> f64 {
    seconds(evidence.cut, evidence.on_drill_clock(&evidence.client, at))
}

fn load_end(evidence: &Evidence) -> f64 {
    seconds(evidence.cut, evidence.load_stopped)
}

/// The longest gap that ends after the cut. All times are seconds after it.
///
/// Without any sign before it, a gap begins with the first attempt; without
/// any sign after it, with the end of the load it has not ended, if something
/// has failed in it or it is longer than [`UNDER_WAY_S`].
fn longest(
    mut signs: Vec<f64>,
    first_attempt: Option<f64>,
    load_end: f64,
    last_failure: Option<f64>,
) -> Outage {
    signs.sort_by(f64::total_cmp);
    let begin = first_attempt.unwrap_or(0.0).min(signs.first().copied().unwrap_or(0.0));
    let end = load_end.max(signs.last().copied().unwrap_or(load_end));
    let starts = std::iter::once(begin).chain(signs.iter().copied());
    let ends = signs.iter().map(|&at| (at, true)).chain(std::iter::once((end, false)));
    let is_told = |start: f64, end: f64, ended: bool| {
        let failed = last_failure.is_some_and(|at| at > start);
        // Without a sign after the cut nothing is known to be back.
        ended || failed || start <= 0.0 || end - start > UNDER_WAY_S
    };
    starts
        .zip(ends)
        .filter(|&(start, (end, ended))| is_told(start, end, ended))
        .map(|(start, (end, ended))| Outage { start_s: rounded(start), end_s: rounded(end), ended })
        .filter(|gap| gap.end_s >= 0.0)
        .max_by(|a, b| a.seconds().total_cmp(&b.seconds()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_that_touches_the_cut_counts() {
        let outage = longest(vec![-30.0, -2.0, -1.0, 24.5, 25.0], Some(-31.0), 40.0, None);
        assert_eq!(outage, Outage { start_s: -1.0, end_s: 24.5, ended: true });
        assert!((outage.seconds() - 25.5).abs() < 1e-9);
    }

    #[test]
    fn an_answer_that_was_under_way_does_not_end_the_outage() {
        let outage = longest(vec![-1.0, 0.3], Some(-2.0), 300.0, None);
        assert_eq!(outage, Outage { start_s: 0.3, end_s: 300.0, ended: false });
    }

    #[test]
    fn what_is_under_way_when_the_load_ends_is_no_outage() {
        let signs = || vec![-1.0, 0.7, 2.0];
        let under_way = longest(signs(), Some(-2.0), 5.3, None);
        assert_eq!(under_way, Outage { start_s: -1.0, end_s: 0.7, ended: true });
        let failed = longest(signs(), Some(-2.0), 5.3, Some(4.0));
        assert_eq!(failed, Outage { start_s: 2.0, end_s: 5.3, ended: false });
        let silent = longest(signs(), Some(-2.0), 9.0, None);
        assert_eq!(silent, Outage { start_s: 2.0, end_s: 9.0, ended: false });
    }

    #[test]
    fn without_any_sign_the_whole_load_is_the_outage() {
        let outage = longest(vec![], Some(-15.0), 300.0, None);
        assert_eq!(outage, Outage { start_s: -15.0, end_s: 300.0, ended: false });
    }
}
