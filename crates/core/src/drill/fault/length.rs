// SPDX-License-Identifier: Apache-2.0
//! How long a fault lasts.

use std::time::Duration;

use super::{Disturbance, Fault};

/// How long a fault lasts that the drill takes back: longer than any timeout
/// of Corosync, DRBD and a monitor.
const TAKEN_BACK: Duration = Duration::from_secs(45);

/// For how long nothing may be promoted: a takeover that did not wait would be
/// over by then, with several times of what the slowest one has taken in
/// software emulation (docs/survival.md).
const WAIT: Duration = Duration::from_secs(120);

/// For how long a compute node goes by an old slurm.conf: until it has run jobs
/// with it, and `status` was asked, which takes a while on a busy host.
const OLD_CONFIG: Duration = Duration::from_secs(90);

impl Fault {
    /// How long it lasts unless told otherwise; nothing where the cluster has to
    /// mend it.
    pub fn lasts(self) -> Duration {
        match self {
            _ if self.must_wait() => WAIT,
            Self::Disturbance(_, Disturbance::OldConfig) => OLD_CONFIG,
            _ if self.is_taken_back() => TAKEN_BACK,
            _ => Duration::ZERO,
        }
    }
}
