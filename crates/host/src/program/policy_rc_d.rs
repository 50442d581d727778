// SPDX-License-Identifier: Apache-2.0
//! `/usr/sbin/policy-rc.d`: keeps package scripts from starting daemons.
//!
//! Debian's invoke-rc.d(8) and deb-systemd-invoke(1p) ask it; 101 means
//! "action forbidden by policy". Without it an installation would start
//! Corosync with a sample configuration and fill an empty mount point with
//! a fresh database.

use std::path::Path;

use slurmha_core::layout::{POLICY_RC_D as PATH, POLICY_RC_D_MARKER as MARKER};

use crate::system::{FileError, Ids, System, write_atomically};

/// Forbids starting daemons until it is dropped. A policy of somebody else's
/// is left alone.
pub struct Guard<'a> {
    system: &'a dyn System,
    ours: bool,
}

impl<'a> Guard<'a> {
    /// Places the policy.
    pub fn place(system: &'a dyn System) -> Result<Self, FileError> {
        let path = Path::new(PATH);
        let present = system.read(path)?;
        let foreign = present.is_some_and(|text| !is_ours(&text));
        if !foreign {
            let text = format!("#!/bin/sh\n{MARKER}\nexit 101\n");
            write_atomically(system, path, text.as_bytes(), Ids::root(0o755))?;
        }
        Ok(Self { system, ours: !foreign })
    }

    /// Takes the policy away.
    pub fn remove(mut self) -> Result<(), FileError> {
        let ours = std::mem::take(&mut self.ours);
        if ours { self.system.remove_file(Path::new(PATH)).map(|_| ()) } else { Ok(()) }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.ours {
            // On the way out of a failure; what is left behind is removed by
            // the next run.
            let _ = self.system.remove_file(Path::new(PATH));
        }
    }
}

/// Removes a policy of ours that a killed run left behind; says whether there
/// was one.
pub fn remove_stale(system: &dyn System) -> Result<bool, FileError> {
    let path = Path::new(PATH);
    let is_there = system.read(path)?.is_some_and(|text| is_ours(&text));
    if is_there {
        system.remove_file(path)?;
    }
    Ok(is_there)
}

fn is_ours(text: &[u8]) -> bool {
    text.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}
