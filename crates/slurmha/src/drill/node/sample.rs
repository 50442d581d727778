// SPDX-License-Identifier: Apache-2.0
//! Watches one controller: is it primary, has it mounted, do the daemons
//! run, does it hold the VIP.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{ControllerState, Sample};
use slurmha_core::layout::{DATABASE_MOUNT, DRBD_RESOURCE, STATE_MOUNT, STATE_SAVE_LOCATION};
use slurmha_host::System;
use slurmha_host::program::drbd;
use slurmha_host::system::read_trimmed;

use super::super::protocol::{Reply, samples_file};
use super::link::Link;
use super::processes::Processes;

/// Distance between looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// Something is said at least this often, so that silence means something.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// drbdsetup answers from the kernel's memory.
const DRBD_LIMIT: Duration = Duration::from_secs(2);

/// Keeps what is told on the machine as well: with a conversation that is lost goes what was
/// on its way, and what nobody was there to hear.
pub struct Keeper(Option<File>);

impl Keeper {
    /// For this run; for none, nothing is kept.
    pub fn of(run: Option<&str>) -> Self {
        run.map_or(Self(None), |run| Self::at(&samples_file(run)))
    }

    /// Where nothing can be kept there is what was told.
    fn at(path: &Path) -> Self {
        if let Some(directory) = path.parent() {
            let _ = fs::create_dir(directory);
        }
        Self(OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok())
    }

    /// One line at a time, so that two samplers of a run may write.
    fn keep(&mut self, sample: &Sample) {
        let Some(file) = &mut self.0 else { return };
        let line = serde_json::to_string(sample).unwrap_or_default() + "\n";
        if file.write_all(line.as_bytes()).is_err() {
            self.0 = None;
        }
    }
}

/// Looks until told to stop.
pub fn run(system: &dyn System, link: &Link, vip: Ipv4Addr, keeper: &mut Keeper, limit: Duration) {
    let mut processes = Processes::default();
    let mut said: Option<(Duration, ControllerState)> = None;
    let end = system.elapsed() + limit;
    let mut due = system.elapsed();
    while due < end && link.wait_until(system, due) {
        let now = system.elapsed();
        due = now + INTERVAL;
        let at = system.now();
        let state = look(system, &mut processes, vip);
        let news =
            said.as_ref().is_none_or(|(when, old)| *old != state || now - *when >= HEARTBEAT);
        if news {
            let sample = Sample { at, state: state.clone() };
            keeper.keep(&sample);
            link.send(&Reply::Sample(sample));
            said = Some((now, state));
        }
    }
}

fn look(system: &dyn System, processes: &mut Processes, vip: Ipv4Addr) -> ControllerState {
    let mounts = read_trimmed(system, "/proc/mounts");
    let mounted = |place: &str| mounts.as_deref().map(|mounts| is_mounted(mounts, place));
    let told = processes.look(system);
    let runs = |name: &str| told.then(|| processes.has(name));
    let state_mounted = mounted(STATE_MOUNT);
    ControllerState {
        drbd_role: drbd_role(system),
        database_mounted: mounted(DATABASE_MOUNT),
        slurmctld: runs("slurmctld"),
        slurmdbd: runs("slurmdbd"),
        mariadbd: runs("mariadbd"),
        vip: read_trimmed(system, "/proc/net/fib_trie").map(|trie| holds_address(&trie, vip)),
        state_saved: if state_mounted == Some(true) { job_table_date(system) } else { None },
        state_mounted,
    }
}

/// DRBD's role here. 8.4 tells in `/proc/drbd`; 9 has to be asked.
fn drbd_role(system: &dyn System) -> Option<String> {
    let Some(text) = read_trimmed(system, "/proc/drbd") else {
        // Without the module nothing can be primary.
        return Some("Unloaded".to_owned());
    };
    if text.starts_with("version: 8.") {
        return Some(role_84(&text).unwrap_or("Unconfigured").to_owned());
    }
    let status = drbd::status(system, DRBD_RESOURCE, DRBD_LIMIT).ok()?;
    Some(if status.up { status.role } else { "Unconfigured".to_owned() })
}

/// ` 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----`; all
/// volumes of a resource have one role.
fn role_84(proc_drbd: &str) -> Option<&str> {
    let line = proc_drbd.lines().find(|line| line.trim_start().starts_with("0: "))?;
    let roles = line.split_whitespace().find_map(|word| word.strip_prefix("ro:"))?;
    roles.split('/').next()
}

/// Whether a file system is mounted there.
pub(super) fn is_mounted(mounts: &str, place: &str) -> bool {
    mounts.lines().any(|line| line.split(' ').nth(1) == Some(place))
}

/// An own address stands in the table as `|-- ADDRESS`, followed by
/// `/32 host LOCAL`.
fn holds_address(fib_trie: &str, address: Ipv4Addr) -> bool {
    let leaf = format!("|-- {address}");
    let mut lines = fib_trie.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if line == leaf && lines.peek() == Some(&"/32 host LOCAL") {
            return true;
        }
    }
    false
}

fn job_table_date(system: &dyn System) -> Option<Timestamp> {
    let table = Path::new(STATE_SAVE_LOCATION).join("job_state");
    Some(system.metadata(&table).ok().flatten()?.modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_that_of_this_side() {
        let text = "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: B438804C5AE8C84C95D0411\n\n \
            0: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----\n    ns:0 nr:8 dw:8";
        assert_eq!(role_84(text), Some("Secondary"));
        assert_eq!(role_84("version: 8.4.11 (api:1/proto:86-101)\n 0: cs:Unconfigured"), None);
    }

    #[test]
    fn only_an_own_address_counts() {
        let trie = "Local:\n  +-- 10.77.0.0/24 2 0 2\n     |-- 10.77.0.10\n        /32 host LOCAL\n     \
            |-- 10.77.0.255\n        /32 link BROADCAST\n";
        assert!(holds_address(trie, Ipv4Addr::new(10, 77, 0, 10)));
        assert!(!holds_address(trie, Ipv4Addr::new(10, 77, 0, 255)));
        assert!(!holds_address(trie, Ipv4Addr::new(10, 77, 0, 1)));
    }

    #[test]
    fn what_two_samplers_keep_is_read_again_as_it_was_seen() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("new").join("samples");
        let sample = |second| Sample {
            at: Timestamp::from_second(second).expect("a moment"),
            state: ControllerState { vip: Some(true), ..ControllerState::default() },
        };
        let (mut first, mut second) = (Keeper::at(&path), Keeper::at(&path));
        first.keep(&sample(1));
        second.keep(&sample(2));
        first.keep(&sample(3));
        Keeper::of(None).keep(&sample(4));
        let text = std::fs::read_to_string(&path).expect("the file");
        let read: Vec<Sample> =
            text.lines().map(|line| serde_json::from_str(line).expect("a sample")).collect();
        assert_eq!(read, [sample(1), sample(2), sample(3)]);
    }

    #[test]
    fn a_mount_point_is_compared_as_a_whole() {
        let mounts = "/dev/drbd0 /srv/slurmha/state ext4 rw 0 0\n";
        assert!(is_mounted(mounts, "/srv/slurmha/state"));
        assert!(!is_mounted(mounts, "/srv/slurmha"));
    }
}
