// SPDX-License-Identifier: Apache-2.0
//! DRBD as this controller sees it.

use std::time::Duration;

use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::DrbdStatus;
use slurmha_host::System;
use slurmha_host::program::drbd;

const LIMIT: Duration = Duration::from_secs(10);

/// Asks the kernel.
///
/// # Errors
/// Why there was no answer.
pub fn look(system: &dyn System) -> Result<DrbdStatus, String> {
    drbd::status(system, DRBD_RESOURCE, LIMIT).map_err(|error| error.to_string())
}

/// Whether both sides have all data.
pub fn is_whole(status: &DrbdStatus) -> bool {
    let whole = |state: &str| state == "UpToDate";
    let volumes = &status.volumes;
    !volumes.is_empty() && volumes.iter().all(|v| whole(&v.disk) && whole(&v.peer_disk))
}
