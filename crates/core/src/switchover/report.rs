// SPDX-License-Identifier: Apache-2.0
//! What a move cost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::drill::{Outage, Probe, rounded, seconds, short, unanswered};
use crate::site::NodeName;

/// The report of one move. Times named `_s` are seconds after the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The cluster's name.
    pub cluster: String,
    /// Whether anything moved; not when the target was active already.
    pub moved: bool,
    /// The controller that was active.
    pub from: NodeName,
    /// The controller that is.
    pub to: NodeName,
    /// The machine that asked meanwhile; `None` when nothing moved.
    pub client: Option<NodeName>,
    /// When Pacemaker was told, on the clock of the machine that asked for it.
    pub ordered: Option<Timestamp>,
    /// The longest time in which no RPC (`scontrol ping` through the VIP) was
    /// answered, from one answer to the next. It includes the ordinary
    /// distance between two questions, about a quarter of a second.
    pub outage_s: f64,
    /// That time as begin and end.
    pub outage: Option<Outage>,
    /// Seconds from the order until everything ran on the target and DRBD
    /// replicated to the old side.
    pub took_s: f64,
    /// What was seen on the way.
    pub steps: Vec<Step>,
}

/// Something that was reached on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub after_s: f64,
    /// What.
    pub text: String,
}

impl Report {
    /// Nothing had to be done.
    pub fn already(cluster: &str, active: &NodeName) -> Self {
        Self {
            cluster: cluster.to_owned(),
            moved: false,
            from: active.clone(),
            to: active.clone(),
            client: None,
            ordered: None,
            outage_s: 0.0,
            outage: None,
            took_s: 0.0,
            steps: Vec::new(),
        }
    }

    /// Adds what the client saw. All times must be on one clock; `end` is
    /// when it stopped to ask.
    #[must_use]
    pub fn with_outage(mut self, probes: &[Probe], ordered: Timestamp, end: Timestamp) -> Self {
        let outage = unanswered(probes, seconds(ordered, end), |at| seconds(ordered, at));
        self.outage_s = rounded(outage.seconds());
        self.outage = Some(outage);
        self.ordered = Some(ordered);
        self
    }
}

/// The report for a terminal.
pub fn render_text(report: &Report) -> String {
    let Report { from, to, took_s, outage_s, .. } = report;
    if !report.moved {
        return format!("{to} is active already: nothing was moved\n");
    }
    let mut text = format!("the active role moved from {from} to {to} in {took_s:.0} s\n");
    let client = report.client.as_ref().map_or("a client", |client| client.as_str());
    text.push_str(&match &report.outage {
        Some(outage) if outage.ended => format!(
            "{client} had no answer for {} s: {} s to {} s after the order\n",
            short(*outage_s),
            short(outage.start_s),
            short(outage.end_s)
        ),
        _ => format!("{client} has had no answer since: the outage is not known\n"),
    });
    text
}
