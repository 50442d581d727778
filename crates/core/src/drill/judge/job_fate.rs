// SPDX-License-Identifier: Apache-2.0
//! What became of each job.
//!
//! Jobs are told apart by their names, which the drill makes unique: after a
//! crash Slurm can give an id that was acknowledged to another job. The jobs of
//! an array, which have one name, are numbered.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{is_left_held, orders};
use super::requeued::cut_short;
use super::window::UnsavedWindow;
use crate::drill::evidence::{Evidence, Mark, MarkKind, Submission};
use crate::drill::report::{DuplicatedJob, FailedJob, Jobs, LostJob, ReusedId};
use crate::drill::time::{rounded, seconds};
use crate::drill::work::{Work, array_job};
use crate::observe::{JobRecord, Reading};

/// Counts and names, from everything that was seen.
pub(super) fn jobs(evidence: &Evidence, window: &UnsavedWindow) -> Jobs {
    let traces = Traces::new(evidence);
    let mut jobs = Jobs {
        duplicated: duplicated(evidence, &traces, window),
        reused_ids: reused_ids(evidence),
        skipped: evidence.skipped_submissions,
        ..Jobs::default()
    };
    let mut acknowledged = BTreeSet::new();
    for submission in &evidence.submissions {
        match &submission.answer {
            None => jobs.unanswered += 1,
            Some(answer) => match &answer.result {
                Err(why) => {
                    jobs.refused += 1;
                    jobs.refusal.get_or_insert_with(|| why.clone());
                }
                Ok(id) => {
                    let at = evidence.on_drill_clock(&evidence.client, answer.at);
                    for name in submission.jobs() {
                        let job = Acknowledged { submission, name: &name, id: *id, at };
                        judge(&mut jobs, &traces, window, &job);
                        acknowledged.insert(name);
                    }
                }
            },
        }
    }
    jobs.acknowledged = acknowledged.len();
    jobs.orders = orders(evidence, &traces, window);
    if evidence.scheduler_jobs.known().is_none() {
        // Nobody could be asked: nothing is found, and nothing is lost either.
        jobs.lost.clear();
        jobs.found = 0;
    }
    jobs.unacknowledged = traces
        .names()
        .filter(|name| name.starts_with(&evidence.run) && !acknowledged.contains(*name))
        .map(str::to_owned)
        .collect();
    jobs.unknown = unknown(evidence, &jobs).or_else(|| unmarked(evidence, &traces));
    jobs
}

struct Acknowledged<'a> {
    submission: &'a Submission,
    name: &'a str,
    id: u32,
    at: jiff::Timestamp,
}

/// Puts one acknowledged job where it belongs.
fn judge(jobs: &mut Jobs, traces: &Traces<'_>, window: &UnsavedWindow, job: &Acknowledged<'_>) {
    let acknowledged_s = rounded(seconds(window.cut, job.at));
    let Some(record) = traces.known(job.name) else {
        jobs.lost.push(LostJob {
            name: job.name.to_owned(),
            id: job.id,
            acknowledged: job.at,
            acknowledged_s,
            ran: traces.marks.contains_key(job.name),
            accounting: traces.accounting.get(job.name).map(|record| record.state.clone()),
            unsaved: window.may_lose(acknowledged_s),
        });
        return;
    };
    jobs.found += 1;
    let marks = traces.marks_of(job.name);
    if !record.is_final() {
        // What was to release it is lost, and not the job.
        if !is_left_held(job.submission, record) {
            jobs.unfinished.push(job.name.to_owned());
        }
    } else if !ended_well(job.submission.work, record, marks) {
        // It can have begun or ended in the window, too: then Slurm knows of
        // a job that runs, waits for its end in vain, and calls it TIMEOUT.
        let unsaved = window.holds(acknowledged_s)
            || marks.iter().any(|(at, mark)| window.holds(*at) && mark.kind.is_slurms_to_know())
            || waited_for_unsaved(jobs, job.submission);
        jobs.failed.push(FailedJob {
            name: job.name.to_owned(),
            id: record.id,
            state: record.state.clone(),
            acknowledged_s,
            ran: marks.iter().any(|(_, mark)| mark.kind == MarkKind::End),
            said: marks.iter().find_map(|(_, mark)| mark.said.clone()),
            unsaved,
        });
    }
}

/// Whether it came to the end that it was to have. Whether one that is cancelled
/// was, is a question of what became of that order.
fn ended_well(work: Work, record: &JobRecord, marks: &[(f64, &Mark)]) -> bool {
    match record.state.as_str() {
        "COMPLETED" => {
            let tasks = marks.iter().filter(|(_, mark)| mark.kind == MarkKind::Task);
            tasks.count() >= work.step_tasks()
        }
        "CANCELLED" => work == Work::Cancelled,
        _ => false,
    }
}

/// Whether the job that this one waits for is gone, or has failed, because Slurm
/// had not saved it. It was judged before: it was submitted before.
fn waited_for_unsaved(jobs: &Jobs, submission: &Submission) -> bool {
    let lost = jobs.lost.iter().map(|job| (&job.name, job.unsaved));
    let mut failed = lost.chain(jobs.failed.iter().map(|job| (&job.name, job.unsaved)));
    failed.any(|(name, unsaved)| unsaved && submission.waits_for.as_ref() == Some(name))
}

/// Everything that bears a job's name.
pub(super) struct Traces<'a> {
    scheduler: BTreeMap<String, &'a JobRecord>,
    accounting: BTreeMap<String, &'a JobRecord>,
    /// With the time in seconds after the cut.
    marks: BTreeMap<&'a str, Vec<(f64, &'a Mark)>>,
}

impl<'a> Traces<'a> {
    pub(super) fn new(evidence: &'a Evidence) -> Self {
        let mut marks: BTreeMap<&str, Vec<(f64, &Mark)>> = BTreeMap::new();
        for (node, of_node) in &evidence.marks {
            for mark in of_node.known().into_iter().flatten() {
                let at = evidence.on_drill_clock(node, mark.at);
                let after = rounded(seconds(evidence.cut, at));
                marks.entry(&mark.name).or_default().push((after, mark));
            }
        }
        for of_job in marks.values_mut() {
            of_job.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let by_name = |records: &'a Reading<Vec<JobRecord>>| {
            // Of several rows with one name (a requeued job) the last counts.
            let named = |r: &'a JobRecord| names(r).into_iter().map(move |name| (name, r));
            records.known().into_iter().flatten().flat_map(named).collect()
        };
        Self {
            scheduler: by_name(&evidence.scheduler_jobs),
            accounting: by_name(&evidence.accounting_jobs),
            marks,
        }
    }

    /// The accounting's record of a job.
    pub(super) fn accounted(&self, name: &str) -> Option<&'a JobRecord> {
        self.accounting.get(name).copied()
    }

    /// Slurm's record of a job. The accounting alone counts only when the
    /// job has ended there: a job that slurmctld has forgotten stays
    /// `PENDING` or `RUNNING` in the accounting for ever ("runaway").
    pub(super) fn known(&self, name: &str) -> Option<&'a JobRecord> {
        let accounted = || self.accounting.get(name).filter(|record| record.is_final());
        self.scheduler.get(name).or_else(accounted).copied()
    }

    /// The marks that it left, in order, with the time in seconds after the cut.
    pub(super) fn marks_of(&self, name: &str) -> &[(f64, &'a Mark)] {
        self.marks.get(name).map_or(&[][..], Vec::as_slice)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let scheduler = self.scheduler.keys().map(String::as_str);
        let accounting = self.accounting.keys().map(String::as_str);
        let names: BTreeSet<_> =
            scheduler.chain(accounting).chain(self.marks.keys().copied()).collect();
        names.into_iter()
    }
}

/// The jobs that a record is about.
pub(super) fn names(record: &JobRecord) -> Vec<String> {
    if record.array_tasks.is_empty() {
        return vec![record.name.clone()];
    }
    record.array_tasks.iter().map(|task| array_job(&record.name, *task)).collect()
}

/// Runs beyond those that a job is to have, and beyond the one that Slurm owes a
/// job whose node was lost.
fn duplicated(
    evidence: &Evidence,
    traces: &Traces<'_>,
    window: &UnsavedWindow,
) -> Vec<DuplicatedJob> {
    let cut_short = cut_short(evidence);
    let asked = evidence.submissions.iter().map(|it| (it.name.as_str(), it.work));
    let asked: BTreeMap<&str, Work> = asked.collect();
    let twice = |(name, marks): (&&str, &Vec<(f64, &Mark)>)| {
        let starts: Vec<_> = marks.iter().filter(|(_, m)| m.kind == MarkKind::Start).collect();
        let work = asked.get(name).copied().unwrap_or_default();
        let last = runs(work, marks) - 1 + usize::from(cut_short.contains(name));
        let (first, second) = (starts.get(last)?.0, starts.get(last + 1)?.0);
        let mut ids: Vec<u32> = starts.iter().map(|(_, mark)| mark.id).collect();
        ids.dedup();
        // What Slurm could not know of the run before: that it began, or that
        // it ended, before the next one was ordered.
        let unsaved = marks.iter().any(|(at, _)| *at >= first && *at < second && window.holds(*at));
        Some(DuplicatedJob {
            name: (*name).to_owned(),
            ids,
            starts_s: starts.iter().map(|(at, _)| *at).collect(),
            unsaved,
        })
    };
    traces.marks.iter().filter_map(twice).collect()
}

/// Runs that a job has without anything being wrong. One whose order to requeue it was not
/// taken, and whose first run went on to its end, is owed no other. Slurm may have ended the
/// first run before it could say that its order was taken.
fn runs(work: Work, marks: &[(f64, &Mark)]) -> usize {
    if work != Work::Requeued {
        return 1;
    }
    let kinds: Vec<MarkKind> = marks.iter().map(|(_, mark)| mark.kind).collect();
    let mut starts = kinds.iter().enumerate().filter(|(_, kind)| **kind == MarkKind::Start);
    let second = starts.nth(1).map_or(kinds.len(), |(index, _)| index);
    let before = &kinds[..second];
    let ran_on = before.contains(&MarkKind::End) && !before.contains(&MarkKind::Requeue);
    if ran_on { 1 } else { 2 }
}

fn reused_ids(evidence: &Evidence) -> Vec<ReusedId> {
    let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for submission in &evidence.submissions {
        if let Some((id, _)) = submission.acknowledged() {
            names.entry(id).or_default().push(submission.name.clone());
        }
    }
    let reused = names.into_iter().filter(|(_, names)| names.len() > 1);
    reused.map(|(id, names)| ReusedId { id, names }).collect()
}

/// A job that ran and of which no node has a mark: whether it ran twice is not known.
/// Marks are on the disk before a job goes on, but not every node keeps its files.
fn unmarked(evidence: &Evidence, traces: &Traces<'_>) -> Option<String> {
    // One that was to be cancelled may be called completed without having begun.
    let ran = evidence.submissions.iter().filter(|it| it.work != Work::Cancelled);
    let acknowledged = ran.filter(|it| it.acknowledged().is_some());
    let is_unmarked = |name: &String| {
        let ended = traces.known(name).is_some_and(|record| record.state == "COMPLETED");
        let own = |mark: &Mark| matches!(mark.kind, MarkKind::Start | MarkKind::End);
        ended && !traces.marks_of(name).iter().any(|(_, mark)| own(mark))
    };
    let name = acknowledged.flat_map(Submission::jobs).find(is_unmarked)?;
    Some(format!("{name} ran to its end and has left no mark on any node"))
}

/// Why the counts cannot be relied on.
fn unknown(evidence: &Evidence, jobs: &Jobs) -> Option<String> {
    if let Reading::Unknown(why) = &evidence.scheduler_jobs {
        return Some(format!("the scheduler's jobs could not be read: {why}"));
    }
    if let Reading::Unknown(why) = &evidence.accounting_jobs
        && !jobs.lost.is_empty()
    {
        return Some(format!("the accounting could not be read: {why}"));
    }
    let unread = |(node, marks): (&crate::site::NodeName, &Reading<Vec<Mark>>)| match marks {
        Reading::Known(_) => None,
        Reading::Unknown(why) => Some(format!("the marks on {node} could not be read: {why}")),
    };
    evidence.marks.iter().find_map(unread)
}
