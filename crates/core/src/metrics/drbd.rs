// SPDX-License-Identifier: Apache-2.0
//! DRBD's side on this machine.

use super::family::Family;
use crate::layout::VOLUMES;
use crate::observe::{DrbdStatus, DrbdVolumeStatus};

const ROLES: [&str; 3] = ["Primary", "Secondary", "Unknown"];
const CONNECTIONS: [&str; 4] = ["Connected", "Connecting", "StandAlone", OTHER];
const DISKS: [&str; 6] = ["UpToDate", "Consistent", "Inconsistent", "Outdated", "Diskless", OTHER];
const PEER_DISKS: [&str; 7] =
    ["UpToDate", "Consistent", "Inconsistent", "Outdated", "Diskless", "DUnknown", OTHER];
const OTHER: &str = "other";
const BYTES_PER_KIB: u64 = 1024;

pub(super) fn families(drbd: Option<&DrbdStatus>) -> Vec<Family> {
    let mut all = vec![
        Family::gauge("slurmha_drbd_up", "Whether the resource is up here.")
            .of(drbd.map(|drbd| drbd.up)),
        Family::gauge("slurmha_drbd_role", "1 for the role that DRBD has here.").states(
            &[],
            "role",
            &ROLES,
            drbd.map(|drbd| one_of(&ROLES, &drbd.role, "Unknown")),
        ),
        Family::gauge("slurmha_drbd_connection", "1 for the state of the connection.").states(
            &[],
            "state",
            &CONNECTIONS,
            drbd.map(connection),
        ),
        Family::gauge("slurmha_drbd_suspended", "Whether DRBD holds back all writes.")
            .of(drbd.map(|drbd| drbd.suspended)),
    ];
    all.extend(volumes(drbd));
    all
}

fn volumes(drbd: Option<&DrbdStatus>) -> [Family; 4] {
    let mut disk = Family::gauge("slurmha_drbd_disk", "1 for the state of this side's disk.");
    let mut peer_disk =
        Family::gauge("slurmha_drbd_peer_disk", "1 for the state of the other side's disk.");
    let mut out_of_sync = Family::gauge(
        "slurmha_drbd_out_of_sync_bytes",
        "Data on which the two sides do not agree.",
    );
    let mut resync = Family::gauge(
        "slurmha_drbd_resync_ratio",
        "Part in sync while a resync runs, 1 when none runs.",
    );
    for (number, name) in (0..).zip(VOLUMES) {
        let label = [("volume", name)];
        let volume = drbd.map(|drbd| drbd.volumes.iter().find(|it| it.volume == number));
        let known = volume.flatten();
        let state = volume.map(|it| it.map_or(OTHER, |it| one_of(&DISKS, &it.disk, OTHER)));
        disk = disk.states(&label, "state", &DISKS, state);
        // Without a volume here nothing is known of the other one.
        let state =
            volume.map(|it| it.map_or("DUnknown", |it| one_of(&PEER_DISKS, &it.peer_disk, OTHER)));
        peer_disk = peer_disk.states(&label, "state", &PEER_DISKS, state);
        let bytes = known.and_then(|it| it.out_of_sync_kib).map(|kib| kib * BYTES_PER_KIB);
        out_of_sync = out_of_sync.with(&label, bytes);
        resync = resync.with(&label, known.map(in_sync));
    }
    [disk, peer_disk, out_of_sync, resync]
}

fn in_sync(volume: &DrbdVolumeStatus) -> f64 {
    volume.done_percent.map_or(1.0, |percent| percent / 100.0)
}

/// DRBD 8.4 itself calls it `WFConnection`, its tools since 9 `Connecting`.
fn connection(drbd: &DrbdStatus) -> &'static str {
    match drbd.connection.as_str() {
        "WFConnection" => "Connecting",
        other => one_of(&CONNECTIONS, other, OTHER),
    }
}

fn one_of(possible: &[&'static str], word: &str, otherwise: &'static str) -> &'static str {
    possible.iter().find(|state| **state == word).copied().unwrap_or(otherwise)
}
