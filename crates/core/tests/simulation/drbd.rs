// SPDX-License-Identifier: Apache-2.0
//! DRBD 8.4 on one controller, as far as it decides who has which data.
//!
//! The rules are those of drbd.conf(5) for protocol C with the fencing policy
//! `resource-and-stonith`; generations are what DRBD calls UUIDs.

use slurmha_core::observe::{DrbdStatus, DrbdVolumeStatus};

/// State of a disk, by the word that DRBD uses for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Has all data.
    UpToDate,
    /// Has all data of some moment, perhaps not of the last one.
    Consistent,
    /// Is known to lack the last data.
    Outdated,
    /// In the middle of a resync.
    Inconsistent,
}

/// What outlives the power: DRBD's metadata and the data themselves.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Every generation of data that this disk has had, the present one last.
    pub generations: Vec<u64>,
    /// How many of all acknowledged writes these data contain.
    pub writes: u64,
    /// A resync into this disk was not completed.
    pub inconsistent: bool,
    /// This disk is known to lack the last data.
    pub outdated: bool,
    /// The peer's disk is known to lack the last data.
    pub peer_outdated: bool,
}

/// DRBD on one controller.
#[derive(Clone, Debug)]
pub struct Drbd {
    pub stored: Stored,
    /// Whether the resource is up.
    pub up: bool,
    pub primary: bool,
    /// Whether it believes to be connected.
    pub connected: bool,
    /// Whether its I/O waits for the fence-peer handler.
    pub frozen: bool,
    pub disk: Disk,
}

impl Drbd {
    /// A disk that is in sync with its peer's, before the first start.
    pub fn new() -> Self {
        let stored = Stored {
            generations: vec![0],
            writes: 0,
            inconsistent: false,
            outdated: false,
            peer_outdated: false,
        };
        let disk = Disk::Consistent;
        Self { stored, up: false, primary: false, connected: false, frozen: false, disk }
    }

    /// Attaches the disk. Whether its data are the newest is known only when
    /// the peer was known to be behind.
    pub fn attach(&mut self) {
        self.up = true;
        self.disk = match &self.stored {
            Stored { inconsistent: true, .. } => Disk::Inconsistent,
            Stored { outdated: true, .. } => Disk::Outdated,
            Stored { peer_outdated: true, .. } => Disk::UpToDate,
            _ => Disk::Consistent,
        };
    }

    /// The power is gone, or the resource is taken down.
    pub fn detach(&mut self) {
        (self.up, self.primary, self.connected, self.frozen) = (false, false, false, false);
    }

    /// The peer does not answer: a primary waits for its handler.
    pub fn lose_peer(&mut self) {
        self.connected = false;
        self.frozen = self.primary && !self.stored.peer_outdated;
    }

    /// The peer is proven to be of no harm, so that its data are the old ones
    /// from now on.
    pub fn go_on_alone(&mut self, generation: u64) {
        if !self.stored.peer_outdated {
            self.stored.generations.push(generation);
        }
        self.stored.peer_outdated = true;
        self.frozen = false;
        self.disk = Disk::UpToDate;
    }

    /// Whether clients get an answer to what they write.
    pub fn writes_alone(&self) -> bool {
        self.primary && !self.frozen && !self.connected && self.stored.peer_outdated
    }

    /// What the agent sees, for one of two volumes that are always alike.
    pub fn status(&self, peer: &Self) -> DrbdStatus {
        if !self.up {
            return DrbdStatus::default();
        }
        let role = |it: &Self| if it.primary { "Primary" } else { "Secondary" }.to_owned();
        let volume = DrbdVolumeStatus {
            disk: word(self.disk).to_owned(),
            peer_disk: self.peer_disk(peer).to_owned(),
            ..DrbdVolumeStatus::default()
        };
        DrbdStatus {
            up: true,
            role: role(self),
            suspended: self.frozen,
            connection: if self.connected { "Connected" } else { "Connecting" }.to_owned(),
            peer_role: if self.connected { role(peer) } else { "Unknown".to_owned() },
            volumes: vec![volume],
        }
    }

    /// What this side knows of the peer's disk.
    pub fn peer_disk(&self, peer: &Self) -> &'static str {
        match (self.connected, self.stored.peer_outdated) {
            (true, _) => word(peer.disk),
            (false, true) => "Outdated",
            (false, false) => "DUnknown",
        }
    }
}

/// DRBD's word for it.
pub fn word(disk: Disk) -> &'static str {
    match disk {
        Disk::UpToDate => "UpToDate",
        Disk::Consistent => "Consistent",
        Disk::Outdated => "Outdated",
        Disk::Inconsistent => "Inconsistent",
    }
}

/// Who sends its data to whom when two sides meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// Both have the same.
    None,
    /// From this side to the other one.
    From(usize),
    /// Each has written what the other one lacks.
    SplitBrain,
}

/// Compares the generations of both sides.
pub fn compare(sides: [&Drbd; 2]) -> Resync {
    let [first, second] = sides.map(|side| &side.stored.generations);
    match (first.last(), second.last()) {
        (here, there) if here == there => match sides.map(|side| side.stored.inconsistent) {
            [true, false] => Resync::From(1),
            [false, true] => Resync::From(0),
            _ => Resync::None,
        },
        (_, Some(there)) if first.contains(there) => Resync::From(0),
        (Some(here), _) if second.contains(here) => Resync::From(1),
        _ => Resync::SplitBrain,
    }
}
