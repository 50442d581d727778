// SPDX-License-Identifier: Apache-2.0
//! Requeued jobs that the drill let start.

use crate::drill::report::{HastenedJob, Report};
use crate::drill::words::moment;

/// Jobs that are told of one by one; the JSON report names all.
const TOLD: usize = 6;

/// A line for each, and one for the rest.
pub(super) fn hastened(report: &Report) -> Vec<String> {
    let event = report.scenario.event();
    let line = |job: &HastenedJob| {
        let (id, at, earlier) = (job.id, moment(event, job.at_s), job.earlier_s);
        format!(
            "job {id} was requeued; the drill let it start {at} instead of {earlier:.0} s later"
        )
    };
    let mut lines: Vec<String> = report.hastened.iter().take(TOLD).map(line).collect();
    let more = report.hastened.len().saturating_sub(TOLD);
    if more > 0 {
        lines.push(format!("{more} more were requeued and let start, named in the JSON report"));
    }
    lines
}
