// SPDX-License-Identifier: Apache-2.0
//! DRBD. Pacemaker shows a resource as started when its replication has long
//! stopped, so DRBD itself is asked, on both sides.

use std::collections::BTreeMap;

use super::super::model::{Contact, Member, Problem, Severity, Status};
use super::super::text::volume_name;
use super::super::view::View;
use super::problem;
use crate::layout::DRBD_RESOURCE;
use crate::observe::{DrbdStatus, DrbdVolumeStatus, Reading};
use crate::site::NodeName;

pub(super) fn replication(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let [first, second] = &view.site.controllers;
    let mut found = two_primaries(status);
    found.extend(differing_copies(view, status));
    for (name, peer) in [(&first.name, &second.name), (&second.name, &first.name)] {
        let side = |name| status.replication.get(name).and_then(Reading::known);
        match (side(name), side(peer)) {
            (Some(own), _) => {
                found.extend(connection(name, own, status.is_offline(peer.as_str())));
                found.extend(own_volumes(name, own));
            }
            // What is old on a machine that is away is no surprise, and
            // nothing can be done about it before it is back.
            (None, _) if status.is_offline(name.as_str()) => {}
            (None, Some(other)) => {
                found.extend(silent(status, name));
                found.extend(peers_volumes(name, other));
            }
            (None, None) => found.extend(silent(status, name)),
        }
    }
    found
}

fn two_primaries(status: &Status) -> Vec<Problem> {
    let is_primary =
        |side: &&Reading<DrbdStatus>| side.known().is_some_and(|side| side.role == "Primary");
    if status.replication.values().filter(is_primary).count() < 2 {
        return Vec::new();
    }
    let text = "DRBD is primary on both controllers".to_owned();
    let next = format!("on both: drbdadm status {DRBD_RESOURCE}; change nothing yet");
    vec![problem(Severity::Down, text, next)]
}

/// A machine that answers and takes part, but cannot tell about its DRBD.
/// Otherwise the machine itself is the problem and told elsewhere.
fn silent(status: &Status, name: &NodeName) -> Option<Problem> {
    let takes_part = status.machines.iter().any(|machine| {
        machine.name == *name
            && machine.contact == Contact::Reachable
            && machine.member != Some(Member::Offline)
    });
    let Some(Reading::Unknown(why)) = status.replication.get(name).filter(|_| takes_part) else {
        return None;
    };
    let text = format!("DRBD on {name} is not known: {why}");
    Some(problem(Severity::Unknown, text, look(name)))
}

fn connection(name: &NodeName, side: &DrbdStatus, peer_is_away: bool) -> Vec<Problem> {
    if !side.up {
        let text = format!("DRBD is not up on {name}");
        return vec![problem(Severity::Degraded, text, look(name))];
    }
    let mut found = Vec::new();
    if side.suspended {
        let text = format!("DRBD on {name} holds back all writes");
        found.push(problem(Severity::Down, text, kernel_log(name)));
    }
    match side.connection.as_str() {
        "Connected" => {}
        "Connecting" if peer_is_away => {}
        // It will not try again by itself: a split brain, or a person's doing.
        "StandAlone" => {
            let text = format!("DRBD on {name} has given up its peer (StandAlone)");
            found.push(problem(Severity::Degraded, text, kernel_log(name)));
        }
        other => {
            let text = format!("DRBD on {name} is not connected ({other})");
            found.push(problem(Severity::Degraded, text, look(name)));
        }
    }
    found
}

fn own_volumes(name: &NodeName, side: &DrbdStatus) -> Vec<Problem> {
    let volumes = side.volumes.iter();
    volumes
        .filter_map(|v| {
            let done = v.done_percent.filter(|_| v.replication.contains("Target"));
            disk(name, v.volume, &v.disk, done)
        })
        .collect()
}

/// Both sides take their copy for the newest, and know of blocks that differ:
/// what `drbdadm verify` has found. While a resync runs, or one side is away,
/// blocks that are still to be copied are no more than that.
fn differing_copies(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let sides = status.replication.values().filter_map(Reading::known);
    let mut differing: BTreeMap<u32, u64> = BTreeMap::new();
    for side in sides.filter(|side| side.connection == "Connected") {
        for volume in side.volumes.iter().filter(|volume| is_settled(volume)) {
            let kib = volume.out_of_sync_kib.unwrap_or_default();
            let most = differing.entry(volume.volume).or_default();
            *most = kib.max(*most);
        }
    }
    let next = match &status.active {
        // That side's copy is taken from the active one when they connect anew.
        Some(active) => {
            let passive = view.site.controllers.iter().find(|c| c.name != *active);
            let name = &passive.unwrap_or(&view.site.controllers[0]).name;
            format!(
                "on {name}: drbdadm disconnect {DRBD_RESOURCE} && drbdadm connect {DRBD_RESOURCE}"
            )
        }
        None => look(&view.site.controllers[0].name),
    };
    differing
        .into_iter()
        .filter(|(_, kib)| *kib > 0)
        .map(|(volume, kib)| {
            let what = volume_name(volume);
            let text = format!("the two copies of the {what} volume differ in {kib} KiB");
            problem(Severity::Degraded, text, next.clone())
        })
        .collect()
}

fn is_settled(volume: &DrbdVolumeStatus) -> bool {
    volume.replication == "Established"
        && volume.disk == "UpToDate"
        && volume.peer_disk == "UpToDate"
}

/// What one side says of the disks of the other, which could not be asked.
fn peers_volumes(name: &NodeName, other: &DrbdStatus) -> Vec<Problem> {
    let volumes = other.volumes.iter().filter(|v| v.peer_disk != "DUnknown");
    volumes
        .filter_map(|v| {
            let done = v.done_percent.filter(|_| v.replication.contains("Source"));
            disk(name, v.volume, &v.peer_disk, done)
        })
        .collect()
}

fn disk(name: &NodeName, volume: u32, disk: &str, done: Option<f64>) -> Option<Problem> {
    let what = volume_name(volume);
    match (disk, done) {
        ("UpToDate", None) => None,
        (_, Some(done)) => {
            let text = format!("the {what} volume is being copied to {name}: {done:.0} % in sync");
            Some(problem(Severity::Degraded, text, "slurmha status --watch".to_owned()))
        }
        (disk, None) => {
            let text = format!("the {what} volume on {name} is {disk}");
            Some(problem(Severity::Degraded, text, look(name)))
        }
    }
}

fn look(name: &NodeName) -> String {
    format!("on {name}: drbdadm status {DRBD_RESOURCE}")
}

fn kernel_log(name: &NodeName) -> String {
    format!("on {name}: journalctl --dmesg --grep drbd")
}
