// SPDX-License-Identifier: Apache-2.0
//! DRBD's connection and volumes.

use super::Seen;
use crate::console::picture::{Fact, Side, Tone, Volume};
use crate::layout::VOLUMES;
use crate::observe::{DrbdStatus, DrbdVolumeStatus, Space};

const BYTES_PER_KIB: u64 = 1024;

/// Each side's own word; the worse one counts.
pub(super) fn connection(seen: &Seen<'_>) -> Fact {
    let words = [0, 1].map(|index| side(seen, index).map(word));
    let bad = words.iter().flatten().find(|fact| fact.tone != Tone::Good);
    bad.or_else(|| words.iter().flatten().next()).cloned().unwrap_or_else(Fact::unknown)
}

fn word(drbd: &DrbdStatus) -> Fact {
    match drbd.connection.as_str() {
        _ if !drbd.up => Fact::new(Tone::Bad, "down"),
        "Connected" => Fact::new(Tone::Good, "connected"),
        // DRBD 8.4's own word and that of its tools.
        "Connecting" | "WFConnection" => Fact::new(Tone::Warning, "waits for the other side"),
        "StandAlone" => Fact::new(Tone::Bad, "refuses the other side (StandAlone)"),
        other => Fact::new(Tone::Warning, other),
    }
}

fn side<'a>(seen: &Seen<'a>, index: usize) -> Option<&'a DrbdStatus> {
    seen.views[index]?.drbd.known()
}

pub(super) fn volumes(seen: &Seen<'_>) -> Vec<Volume> {
    (0..).zip(VOLUMES).map(|(number, name)| volume(seen, number, name)).collect()
}

fn volume(seen: &Seen<'_>, number: u32, name: &str) -> Volume {
    let told = [0, 1]
        .map(|index| side(seen, index)?.volumes.iter().find(|volume| volume.volume == number));
    let sides = [0, 1].map(|index| Side {
        controller: seen.name(index).to_owned(),
        disk: disk(told[index], told[1 - index]),
    });
    let known = || told.into_iter().flatten();
    let done = known().find_map(|volume| volume.done_percent);
    let missing = known().filter_map(|volume| volume.out_of_sync_kib).max();
    Volume {
        name: name.to_owned(),
        in_sync_percent: done.or_else(|| (missing == Some(0)).then_some(100.0)),
        out_of_sync_bytes: missing.map(|kib| kib * BYTES_PER_KIB),
        state: state(&sides, done, missing),
        full_percent: full(seen, name),
        sides,
    }
}

/// Its own word, or what the other side last heard of it.
fn disk(own: Option<&DrbdVolumeStatus>, peer: Option<&DrbdVolumeStatus>) -> Fact {
    let word = own.map(|volume| &volume.disk).or_else(|| peer.map(|volume| &volume.peer_disk));
    match word.map(String::as_str) {
        None | Some("DUnknown" | "") => Fact::unknown(),
        Some("UpToDate") => Fact::new(Tone::Good, "up to date"),
        Some("Inconsistent") => Fact::new(Tone::Warning, "inconsistent"),
        Some("Outdated") => Fact::new(Tone::Warning, "outdated"),
        Some("Diskless" | "Failed") => Fact::new(Tone::Bad, "no disk"),
        Some(other) => Fact::new(Tone::Warning, other),
    }
}

fn state(sides: &[Side; 2], done: Option<f64>, missing: Option<u64>) -> Fact {
    let good = sides.iter().filter(|side| side.disk.tone == Tone::Good).count();
    let unknown = sides.iter().any(|side| side.disk.tone == Tone::Unknown);
    match (done, good) {
        // Rounded down: 100 % is said when it is done.
        (Some(done), _) => Fact::new(Tone::Notice, format!("resync, {} % in sync", done.floor())),
        (None, 2) if missing.is_none_or(|kib| kib == 0) => Fact::new(Tone::Good, "two good copies"),
        (None, 2) => Fact::new(Tone::Warning, "the copies differ"),
        (None, 1) => Fact::new(Tone::Warning, "one good copy"),
        (None, _) if unknown => Fact::unknown(),
        (None, _) => Fact::new(Tone::Bad, "no good copy"),
    }
}

fn full(seen: &Seen<'_>, name: &str) -> Option<u64> {
    let slurm = seen.views.iter().flatten().find_map(|view| view.slurm.as_ref())?;
    let space = if name == VOLUMES[0] { &slurm.state } else { &slurm.database };
    let Space { total, available } = space.known().copied().flatten()?;
    (total > 0).then(|| total.saturating_sub(available) * 100 / total)
}
