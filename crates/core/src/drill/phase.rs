// SPDX-License-Identifier: Apache-2.0
//! The parts into which the time of a fault is divided.

use serde::{Deserialize, Serialize};

/// The parts of a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Until Pacemaker knows that the victim is lost, or that the daemon has
    /// failed.
    Notice,
    /// Until the victim is proven to be off.
    Fence,
    /// What ran on the old side stops, from the first order to the last result.
    Stop,
    /// DRBD becomes secondary on the old side.
    Demote,
    /// DRBD becomes primary on the survivor.
    Promote,
    /// The state volume is mounted.
    Mount,
    /// The VIP moves.
    Vip,
    /// MariaDB starts.
    Mariadb,
    /// slurmdbd starts.
    Slurmdbd,
    /// slurmctld starts.
    Slurmctld,
    /// The daemon that was hit is stopped, as far as it still ran, and
    /// started.
    Restart,
    /// Until a client has its answer.
    Answer,
}

impl Phase {
    /// The word, as in the JSON report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Fence => "fence",
            Self::Stop => "stop",
            Self::Demote => "demote",
            Self::Promote => "promote",
            Self::Mount => "mount",
            Self::Vip => "vip",
            Self::Mariadb => "mariadb",
            Self::Slurmdbd => "slurmdbd",
            Self::Slurmctld => "slurmctld",
            Self::Restart => "restart",
            Self::Answer => "answer",
        }
    }
}

/// Begin and end of a phase, in seconds after the cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseTiming {
    /// When it began.
    pub start_s: Option<f64>,
    /// When it had ended.
    pub end_s: Option<f64>,
    /// The message that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why begin or end are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PhaseTiming {
    pub(super) fn known(start_s: f64, end_s: f64, message: &str) -> Self {
        let message = Some(message.to_owned());
        Self { start_s: Some(start_s), end_s: Some(end_s), message, reason: None }
    }

    pub(super) fn unfinished(start_s: f64, reason: &str) -> Self {
        Self { start_s: Some(start_s), ..Self::unknown(reason) }
    }

    pub(super) fn unknown(reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..Self::default() }
    }
}
