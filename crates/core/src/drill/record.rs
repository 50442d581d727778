// SPDX-License-Identifier: Apache-2.0
//! What controllers remember of drills, for those who look at metrics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::{Report, Verdict};

/// How a drill ended, as the controllers are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillResult {
    /// When its first fault happened.
    pub at: Timestamp,
    /// What it has proved.
    pub verdict: Verdict,
    /// Longest time without an answered request, in seconds.
    pub without_answers_s: f64,
    /// Jobs that were accepted, and unknown in the end.
    pub lost_jobs: usize,
}

impl DrillResult {
    /// Of that report.
    pub fn of(report: &Report) -> Self {
        Self {
            at: report.cut,
            verdict: report.verdict,
            without_answers_s: report.rpc_outage_s,
            lost_jobs: report.jobs.lost.len(),
        }
    }
}

/// All that is remembered: as much after a thousand drills as after one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrillRecord {
    /// How many have ended with each verdict, and the last one.
    pub verdicts: BTreeMap<Verdict, (u64, DrillResult)>,
}

impl DrillRecord {
    /// With one more.
    #[must_use]
    pub fn with(mut self, result: DrillResult) -> Self {
        let count = self.verdicts.get(&result.verdict).map_or(0, |(count, _)| *count) + 1;
        self.verdicts.insert(result.verdict, (count, result));
        self
    }

    /// The last drill of all.
    pub fn last(&self) -> Option<&DrillResult> {
        self.verdicts.values().map(|(_, result)| result).max_by_key(|result| result.at)
    }
}
