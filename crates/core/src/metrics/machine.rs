// SPDX-License-Identifier: Apache-2.0
//! This machine's role, address and file systems.

use super::Snapshot;
use super::family::Family;

pub(super) fn families(snapshot: &Snapshot) -> Vec<Family> {
    let machine = &snapshot.machine.answer;
    let mut all = vec![
        Family::gauge("slurmha_active", "Whether DRBD is Primary here.").of(snapshot.is_active()),
        Family::gauge("slurmha_vip_present", "Whether an interface here has the VIP.")
            .of(machine.vip_present.known().copied()),
        Family::gauge("slurmha_watch_running", "Whether slurmha-watch.service is active here.")
            .of(machine.watch_running.known().copied()),
    ];
    if snapshot.slurm.is_some() {
        all.extend(volumes(snapshot));
    }
    all
}

/// Only the active controller has them mounted, or should have.
fn volumes(snapshot: &Snapshot) -> [Family; 3] {
    let volumes = &snapshot.volumes.answer;
    let space = |name: &str| {
        let reading = if name == "state" { &volumes.state } else { &volumes.database };
        reading.known().copied().flatten()
    };
    let names = ["state", "database"];
    let age = volumes.saved_state_age.known().copied().flatten();
    [
        Family::gauge("slurmha_volume_size_bytes", "Size of the replicated file system.").each(
            "volume",
            names,
            |name| space(name).map(|space| space.total),
        ),
        Family::gauge("slurmha_volume_available_bytes", "Space left for everybody but root.").each(
            "volume",
            names,
            |name| space(name).map(|space| space.available),
        ),
        Family::gauge(
            "slurmha_slurmctld_saved_state_age_seconds",
            "How long ago slurmctld saved its job table.",
        )
        .of(age),
    ]
}
