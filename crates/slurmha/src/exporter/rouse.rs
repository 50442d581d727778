// SPDX-License-Identifier: Apache-2.0
//! What wakes the exporter up while nobody watches: something happens to DRBD.
//!
//! A failover that begins between two rounds would else be told when it is
//! over. The kernel's own words cost one small file a second, as long as a
//! console listens, and none without.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slurmha_core::observe::{ProcVolume, parse_proc_drbd};
use slurmha_host::System;

use super::board::{Board, Present};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// For so long it is asked as if somebody watched; the console then does.
const AWAKE: Duration = Duration::from_secs(30);

/// Looks for as long as this process lives.
pub fn keep_looking(board: &Arc<Board>) {
    let system = &*board.system;
    let mut before = None;
    let mut awake: Option<(Present, Duration)> = None;
    loop {
        system.sleep(LOOK);
        let now = board.is_heard().then(|| volumes(system)).flatten();
        if now.is_some() && before.is_some() && now != before {
            awake = Some((Board::watch(board), system.elapsed()));
        }
        awake = awake.filter(|(_, since)| system.elapsed().saturating_sub(*since) < AWAKE);
        before = now;
    }
}

/// Nothing with DRBD 9, which has to be asked by a program.
fn volumes(system: &dyn System) -> Option<Vec<ProcVolume>> {
    let text = system.read(Path::new("/proc/drbd")).ok()??;
    parse_proc_drbd(&String::from_utf8_lossy(&text)).ok()
}
