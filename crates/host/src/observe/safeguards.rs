// SPDX-License-Identifier: Apache-2.0
//! Settings that are in force and that only a failure needs.

use std::path::Path;
use std::time::Duration;

use slurmha_core::layout::{DRBD_RESOURCE, STATE_MOUNT};
use slurmha_core::observe::{Reading, Safeguards};

use crate::program::{corosync, drbd, mount};
use crate::system::System;

/// Asks the kernel and Corosync, and no file.
pub(super) fn observe(system: &dyn System, limit: Duration) -> Safeguards {
    Safeguards {
        state_options: state_options(system),
        drbd_fencing: reading(drbd::fencing(system, DRBD_RESOURCE, limit)),
        qdevice_timeout_ms: reading(corosync::qdevice_timeout_ms(system, limit)),
    }
}

/// Options of the file system on the state volume, of the mount and its own;
/// nothing where it is not mounted.
pub fn state_options(system: &dyn System) -> Reading<Option<Vec<String>>> {
    // The last mount hides the ones below.
    reading(mount::mounts(system)).map(|mounts| {
        let on_state =
            mounts.into_iter().rfind(|mount| mount.mount_point == Path::new(STATE_MOUNT));
        on_state.map(|mount| mount.options)
    })
}

fn reading<T, E: std::fmt::Display>(result: Result<T, E>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}
