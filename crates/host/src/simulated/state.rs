// SPDX-License-Identifier: Apache-2.0
//! Everything that the simulated machine is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cluster::Cluster;
use super::devices::Device;
use super::drbd::Drbd;
use super::faults::Faults;
use super::files::Node;
use super::units::Unit;
use crate::system::Ids;

/// 2026-01-01T00:00:00Z
const BEGIN_SECONDS: i64 = 1_767_225_600;

pub(super) struct State {
    pub(super) hostname: String,
    pub(super) clock: Duration,
    pub(super) faults: Faults,
    pub(super) files: BTreeMap<PathBuf, Node>,
    /// Device and mount point, in the order of mounting.
    pub(super) mounts: Vec<(PathBuf, PathBuf)>,
    pub(super) devices: BTreeMap<PathBuf, Device>,
    pub(super) drbd: Drbd,
    pub(super) units: BTreeMap<String, Unit>,
    pub(super) programs: BTreeSet<String>,
    /// dpkg was killed while it worked.
    pub(super) dpkg_interrupted: bool,
    pub(super) cluster: Cluster,
    /// The nodes with which slurmctld was started; those of its file when nobody says.
    pub(super) scheduler_nodes: Option<BTreeSet<String>>,
    /// Clusters that slurmdbd knows.
    pub(super) registered: BTreeSet<String>,
    /// Homes are on a server that lets root change nothing.
    pub(super) squashes_root: bool,
    randomness: u8,
}

impl State {
    pub(super) fn new(hostname: &str, peer: &str) -> Self {
        let mut state = Self {
            hostname: hostname.to_owned(),
            clock: Duration::ZERO,
            faults: Faults::default(),
            files: BTreeMap::new(),
            mounts: Vec::new(),
            devices: BTreeMap::new(),
            drbd: Drbd::default(),
            units: BTreeMap::new(),
            programs: super::packages::BASE_PROGRAMS.iter().map(|p| (*p).to_owned()).collect(),
            dpkg_interrupted: false,
            cluster: Cluster::new(peer),
            scheduler_nodes: None,
            registered: BTreeSet::new(),
            squashes_root: false,
            randomness: 0,
        };
        state.put_file("/etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n", Ids::root(0o644));
        state.put_file("/etc/group", b"root:x:0:\n", Ids::root(0o644));
        state.put_file(
            "/etc/os-release",
            b"NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
            Ids::root(0o644),
        );
        state.put_file("/proc/sys/kernel/hostname", hostname.as_bytes(), Ids::root(0o644));
        state.put_file("/proc/sys/kernel/osrelease", b"6.1.0-simulated\n", Ids::root(0o444));
        for directory in ["/usr/sbin", "/run", "/var/lib/dpkg", "/dev"] {
            state.put_directory(directory.as_ref());
        }
        state
    }

    pub(super) fn now(&self) -> Timestamp {
        let begin = Timestamp::new(BEGIN_SECONDS, 0).unwrap_or(Timestamp::UNIX_EPOCH);
        let passed = SignedDuration::try_from(self.clock).unwrap_or(SignedDuration::ZERO);
        begin.checked_add(passed).unwrap_or(begin)
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.clock += time;
    }

    /// Not random at all, and different each time.
    pub(super) fn random(&mut self, count: usize) -> Vec<u8> {
        self.randomness = self.randomness.wrapping_add(1);
        (0..count).map(|at| (at as u8).wrapping_mul(31).wrapping_add(self.randomness)).collect()
    }

    /// What is left after power was off: nothing that was in memory.
    pub(super) fn boot(&mut self) {
        for (_, mount_point) in std::mem::take(&mut self.mounts).into_iter().rev() {
            self.unmount_into_device(&mount_point);
        }
        self.files.retain(|path, _| !path.starts_with("/run/slurmha"));
        self.drbd.shut_down();
        for unit in self.units.values_mut() {
            unit.active = unit.enabled;
            unit.since = None;
        }
    }
}
