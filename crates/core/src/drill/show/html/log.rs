// SPDX-License-Identifier: Apache-2.0
//! What the controllers' journals said, in one order.

use maud::{Markup, html};

use crate::drill::evidence::Evidence;
use crate::drill::journal::JournalEntry;
use crate::drill::report::Report;
use crate::drill::time::seconds;
use crate::observe::Reading;
use crate::site::NodeName;

/// Seconds that are shown before the fault and behind the last outage.
const MARGIN_S: f64 = 10.0;
/// Lines at most; the evidence has all.
const LINES: usize = 500;

struct Line<'a> {
    at_s: f64,
    machine: &'a NodeName,
    entry: &'a JournalEntry,
}

pub(super) fn log(report: &Report, evidence: &Evidence) -> Markup {
    let (lines, more) = lines(report, evidence);
    html! {
        section.long {
            h2 { "What the controllers logged" }
            @if let Reading::Unknown(why) = &evidence.journal {
                p.bad { "The journal of " (evidence.survivor) " could not be read: " (why) }
            }
            details {
                summary { (lines.len()) " lines, in seconds after " (report.scenario.event()) }
                table.log {
                    @for line in &lines {
                        tr {
                            td.number { (format!("{:.3}", line.at_s)) }
                            td { (line.machine) }
                            td { (line.entry.source) }
                            td { (line.entry.message.trim()) }
                        }
                    }
                }
                @if more > 0 { p.note { (more) " more lines are in the evidence." } }
            }
        }
    }
}

/// The lines that matter, in their order, and how many were left out.
fn lines<'a>(report: &Report, evidence: &'a Evidence) -> (Vec<Line<'a>>, usize) {
    let outages = [&report.submit_outage, &report.rpc_outage].into_iter();
    let ends = outages.chain(report.start_outage.as_ref()).map(|outage| outage.end_s);
    let until = ends.fold(0.0, f64::max) + MARGIN_S;
    let journals =
        [(&evidence.survivor, &evidence.journal), (&evidence.victim, &evidence.victim_journal)];
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (machine, journal) in journals {
        for entry in journal.known().into_iter().flatten() {
            let at_s = seconds(evidence.cut, evidence.on_drill_clock(machine, entry.at));
            if (-MARGIN_S..=until).contains(&at_s) && matters(entry) {
                lines.push(Line { at_s, machine, entry });
            }
        }
    }
    lines.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    (lines, more)
}

/// Whether a line tells of the failover. The scheduler of Pacemaker repeats
/// its whole plan with every step; what comes of it is in the controller's.
fn matters(entry: &JournalEntry) -> bool {
    match entry.source.as_str() {
        "pacemaker-schedulerd" => entry.message.contains("will be fenced"),
        "kernel" => entry.message.contains("drbd") || entry.message.contains("EXT4-fs"),
        _ => true,
    }
}
