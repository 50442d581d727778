// SPDX-License-Identifier: Apache-2.0
//! A report as text that can be handed on.

use std::fmt::Write as _;

use super::chart::{Bar, Row, chart};
use super::hastened::hastened;
use crate::drill::fault::{Fault, Side};
use crate::drill::phase::{Phase, PhaseTiming};
use crate::drill::report::{Jobs, Orders, Outage, Report, StrokeSpan};
use crate::drill::time::short;
use crate::drill::words::{counted, moment};
use crate::state_save::Takeover;

/// Width of the report.
const WIDTH: usize = 80;

/// Jobs of one kind that are named before the rest is only counted; the JSON
/// report names all.
const NAMED: usize = 12;

/// The report in at most 80 columns.
pub fn render_text(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    client(&mut text, report);
    let event = report.scenario.event();
    jobs(&mut text, event, &report.jobs);
    let _ = writeln!(text, "\nWhere the time went, in seconds after {event}");
    let faults = fault_names(report);
    text.push_str(&chart(&rows(report, &faults)));
    safety(&mut text, report);
    if let Some(found) = &report.takeover {
        section(&mut text, "State after the unclean end", &takeover(found));
    }
    section(&mut text, "Afterwards", &afterwards(report));
    for trouble in &report.troubles {
        paragraph(&mut text, "  trouble with the drill itself: ", trouble);
    }
    text
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        paragraph(text, &format!("  {first}"), rest);
    }
}

/// A text behind a lead, broken between words, its further lines indented.
fn paragraph(text: &mut String, lead: &str, words: &str) {
    let indent = lead.len() - lead.trim_start().len() + 2;
    let mut line = lead.trim_end().to_owned();
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && !line.trim().is_empty() {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(indent - 1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

fn head(text: &mut String, report: &Report) {
    let _ = writeln!(
        text,
        "Drill {} on cluster {}: {}",
        report.title(),
        report.cluster,
        report.verdict.word()
    );
    for reason in &report.reasons {
        paragraph(text, "  - ", reason);
    }
    let at = report.cut.strftime("%Y-%m-%d %H:%M:%S UTC");
    let sentence = report.sentence();
    if report.strokes.is_empty() {
        let _ = writeln!(text, "\n{at}: {sentence}");
    } else {
        text.push('\n');
        paragraph(text, &format!("{at}: "), &sentence);
    }
}

fn client(text: &mut String, report: &Report) {
    let _ = writeln!(text, "\nWhat a client on {} saw", report.client);
    let event = report.scenario.event();
    for (what, outage, never) in [
        ("no submission accepted", Some(&report.submit_outage), NEVER),
        ("no RPC answered       ", Some(&report.rpc_outage), NEVER),
        ("no job began          ", report.start_outage.as_ref(), NEVER),
        ("no accounting answered", report.accounting_outage.as_ref(), NOT_AWAITED),
    ] {
        if let Some(outage) = outage {
            let _ = writeln!(text, "  {what} {}", self::outage(event, outage, never));
        }
    }
}

/// The end of an outage that has none.
pub(super) const NEVER: &str = "never again";

/// The same of the accounting: the load ends when the scheduler is back.
pub(super) const NOT_AWAITED: &str = "until it was asked no more";

fn outage(event: &str, outage: &Outage, never: &str) -> String {
    let length = outage.seconds();
    if outage.ended {
        format!(
            "{length:>6.1} s   {} to {}",
            moment(event, outage.start_s),
            moment(event, outage.end_s)
        )
    } else {
        format!("{length:>6.1} s   since {}, {never}", moment(event, outage.start_s))
    }
}

fn jobs(text: &mut String, event: &str, jobs: &Jobs) {
    let _ = writeln!(
        text,
        "\nJobs\n  acknowledged {}   found {}   lost {}   ran twice {}",
        jobs.acknowledged,
        jobs.found,
        jobs.lost.len(),
        jobs.duplicated.len()
    );
    named(
        text,
        "lost",
        jobs.lost.iter().map(|job| {
            let ran = if job.ran { ", ran" } else { "" };
            let when = moment(event, job.acknowledged_s);
            format!("{} id {}, acknowledged {when}{ran}", job.name, job.id)
        }),
    );
    named(
        text,
        "ran twice",
        jobs.duplicated.iter().map(|job| {
            let starts: Vec<String> = job.starts_s.iter().map(|at| format!("{at:.1}")).collect();
            format!("{}, began at {} s", job.name, starts.join(" and "))
        }),
    );
    named(
        text,
        "failed",
        jobs.failed.iter().map(|job| {
            let ran = if job.ran { ", but ran" } else { "" };
            format!("{} id {} as {}{ran}", job.name, job.id, job.end())
        }),
    );
    let Orders { taken, refused, unanswered, lost, .. } = &jobs.orders;
    if taken + refused + unanswered > 0 {
        let lost = lost.len();
        let _ = write!(text, "  released, requeued or cancelled {taken}   orders lost {lost}");
        for (count, what) in [(refused, "refused"), (unanswered, "unanswered")] {
            if *count > 0 {
                let _ = write!(text, "   {what} {count}");
            }
        }
        text.push('\n');
    }
    named(
        text,
        "order lost",
        jobs.orders.lost.iter().map(|order| {
            format!("{} of {}, taken {}", order.what, order.name, moment(event, order.at_s))
        }),
    );
    named(text, "began too early", jobs.orders.early.iter().cloned());
    named(text, "not ended", jobs.unfinished.iter().cloned());
    named(text, "exists unannounced", jobs.unacknowledged.iter().cloned());
    named(
        text,
        "id given twice",
        jobs.reused_ids
            .iter()
            .map(|reused| format!("{} to {}", reused.id, reused.names.join(" and "))),
    );
    rejections(text, jobs);
}

/// A line per entry, and how many more there are.
fn named(text: &mut String, what: &str, entries: impl ExactSizeIterator<Item = String>) {
    let more = entries.len().saturating_sub(NAMED);
    for entry in entries.take(NAMED) {
        paragraph(text, &format!("  {what}: "), &entry);
    }
    if more > 0 {
        let _ = writeln!(text, "  {what}: {} more, named in the JSON report", counted(more));
    }
}

fn rejections(text: &mut String, jobs: &Jobs) {
    if let Some(why) = &jobs.refusal {
        paragraph(text, &format!("  sbatch gave up {} times: ", jobs.refused), why);
    }
    if jobs.unanswered > 0 {
        let _ = writeln!(text, "  sbatch had not answered {} times", jobs.unanswered);
    }
    if jobs.skipped > 0 {
        let _ = writeln!(text, "  {} turns left out: too many sbatch waited", jobs.skipped);
    }
}

/// What each of several faults is called in the chart.
fn fault_names(report: &Report) -> Vec<String> {
    (1..=report.strokes.len()).map(|number| format!("fault {number}")).collect()
}

/// When each of several faults began, and until when it lasted.
fn stroke_bar(stroke: &StrokeSpan) -> Bar<'_> {
    match stroke.begin_s {
        Some(start_s) => {
            let end_s = stroke.end_s.unwrap_or(start_s);
            Bar::Span { start_s, end_s, ended: true }
        }
        None => Bar::Missing(stroke.missed.as_deref().unwrap_or("it did not happen")),
    }
}

fn rows<'a>(report: &'a Report, faults: &'a [String]) -> Vec<Row<'a>> {
    let phase = |phase: Phase| {
        let bar = report.phases.get(&phase).map_or(Bar::Missing("not asked"), phase_bar);
        Row { name: phase.word(), bar }
    };
    let outage = |name, outage: &Outage| {
        let Outage { start_s, end_s, ended } = *outage;
        Row { name, bar: Bar::Span { start_s, end_s, ended } }
    };
    let lasted = report
        .taken_back_s
        .map(|end_s| Row { name: "fault", bar: Bar::Span { start_s: 0.0, end_s, ended: true } });
    let strokes = report.strokes.iter().zip(faults);
    let strokes = strokes.map(|(stroke, name)| Row { name, bar: stroke_bar(stroke) });
    let phases = report.scenario.gravest().phases().into_iter();
    strokes
        .chain(lasted)
        .chain(phases.map(phase))
        .chain([outage("no RPC", &report.rpc_outage), outage("no submit", &report.submit_outage)])
        .chain(report.start_outage.as_ref().map(|start| outage("no start", start)))
        .collect()
}

fn phase_bar(timing: &PhaseTiming) -> Bar<'_> {
    match (timing.start_s, timing.end_s) {
        (Some(start_s), Some(end_s)) => Bar::Span { start_s, end_s, ended: true },
        _ => Bar::Missing(timing.reason.as_deref().unwrap_or("not known")),
    }
}

fn safety(text: &mut String, report: &Report) {
    let _ = writeln!(text, "\nSafety");
    match report.writers_max {
        Some(max) => {
            let _ = writeln!(text, "  controllers that could write at the same time: {max}");
        }
        None => text.push_str("  how many controllers could write could not be told\n"),
    }
    for (node, intervals) in &report.writers {
        for interval in intervals {
            let _ = writeln!(
                text,
                "    {node} from {} to {} s ({})",
                short(interval.start_s),
                short(interval.end_s),
                interval.signs.join(", ")
            );
        }
    }
    let gravest = report.scenario.gravest();
    let event = gravest.event();
    if let Some(age) = report.saved_state_age_s {
        let _ = writeln!(text, "  slurmctld's job table was {age:.1} s old at {event}");
    } else if gravest.ends_slurmctld() {
        let _ = writeln!(text, "  how old slurmctld's job table was at {event} was not seen");
    }
}

/// What the new slurmctld found and put right, a line for each.
pub(super) fn takeover(takeover: &Takeover) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(next), Some(raised)) = (takeover.next_id, takeover.raised_id) {
        let skipped = raised.saturating_sub(next);
        lines.push(format!("job ids go on at {raised}; {skipped} are skipped"));
    }
    if let Some(held) = takeover.held_s {
        lines.push(format!("no job was started for {held:.1} s, until the nodes had reported"));
    }
    let repaired: Vec<String> = takeover.repaired.iter().map(|job| job.id.to_string()).collect();
    let directories: Vec<String> = takeover.known_by_directory.iter().map(u32::to_string).collect();
    let released: Vec<String> = takeover.released.iter().map(u32::to_string).collect();
    for (what, ids) in [
        ("acknowledged, not saved, scripts kept", &directories),
        ("without their script, fail with a message", &repaired),
        ("still on a node, started again later", &takeover.started_again),
        ("unknown, stopped on their node", &takeover.killed_as_orphans),
        ("called duplicates by their node, released", &released),
    ] {
        if !ids.is_empty() {
            lines.push(format!("{what}: job {}", ids.join(", ")));
        }
    }
    if let Some(kept) = &takeover.kept_in {
        lines.push(format!("copies: {}:{kept}", takeover.machine));
    }
    lines.extend(takeover.troubles.iter().map(|trouble| format!("not done: {trouble}")));
    lines
}

/// What became of the victim and of the cluster, a line for each.
pub(super) fn afterwards(report: &Report) -> Vec<String> {
    let after = &report.aftermath;
    // Where power came back in the middle, what became of the machine is in what
    // the cluster lacks.
    let is_awaited = |fault: Fault| fault.cuts_power() && !fault.leaves_nobody();
    let mut lines = if report.scenario.any(is_awaited) { power(report) } else { Vec::new() };
    if report.process.as_ref().is_some_and(|process| process.thawed) {
        lines.push("nobody had ended the frozen process, so it was told to go on".to_owned());
    }
    lines.extend(hastened(report));
    if report.copies_agree() {
        lines.push("both copies of the data are the same, block by block".to_owned());
    }
    if after.lacking.is_empty() {
        lines.push("the cluster is as healthy as before".to_owned());
    }
    lines.extend(after.lacking.iter().map(|lack| format!("not as before: {lack}")));
    lines
}

/// The machines whose power was cut.
fn without_power(report: &Report) -> String {
    let cut = report.strokes.iter().filter(|stroke| stroke.fault.cuts_power());
    let machines: Vec<&str> = cut.map(|stroke| stroke.victim.as_str()).collect();
    if machines.is_empty() { report.victim.to_string() } else { machines.join(", ") }
}

fn power(report: &Report) -> Vec<String> {
    let after = &report.aftermath;
    let victim = &without_power(report);
    let has_disks =
        report.scenario.any(|fault| fault.cuts_power() && fault.side() != Side::Compute);
    let mut lines = Vec::new();
    if !after.powered_on {
        lines.push(format!("{victim} was left without power"));
    }
    match after.rejoined_after_s {
        Some(seconds) if !has_disks => {
            lines.push(format!("{victim} was at work again {seconds:.0} s after power on"));
        }
        Some(seconds) => lines.push(format!(
            "{victim} had rejoined, its disks up to date, {seconds:.0} s after power on"
        )),
        None if after.powered_on => {
            lines.push(format!("{victim} did not become a full member again in time"));
        }
        None => {}
    }
    lines
}
