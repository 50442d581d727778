// SPDX-License-Identifier: Apache-2.0
//! A machine that exists only in memory, and breaks on request.
//!
//! It models a controller well enough that the whole list of steps runs on
//! it: packages bring programs and units, DRBD has a peer that is always
//! there, Pacemaker starts what its configuration names. Time passes only
//! when somebody sleeps. A fault can hit any operation, after which the
//! machine can be used again as a killed or powered-off one is left.

mod accounts;
mod cluster;
mod database;
mod devices;
mod drbd;
mod faults;
mod files;
mod inventory;
mod packages;
mod programs;
mod state;
mod units;

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::plan::DrbdResource;

use crate::command::{Command, CommandError, CommandOutput};
use crate::system::{FileError, Ids, Metadata, System, staging_path};

pub use faults::{At, Fault, How};

use state::State;

/// A machine that exists only in memory.
pub struct Simulated {
    state: Mutex<State>,
}

impl Simulated {
    /// A freshly installed Debian machine with the root account and nothing
    /// else. `peer` is the name of the other controller.
    pub fn new(hostname: &str, peer: &str) -> Self {
        Self { state: Mutex::new(State::new(hostname, peer)) }
    }

    /// Adds a blank block device.
    pub fn with_device(self, path: &str, size_bytes: u64) -> Self {
        self.lock().add_device(path, size_bytes);
        self
    }

    /// Adds a DRBD resource to what `drbdadm` finds in its configuration.
    pub fn with_drbd(self, resource: DrbdResource) -> Self {
        self.lock().drbd.configuration = Some(resource);
        self
    }

    /// Puts a signature (and nothing behind it) on a device.
    pub fn put_signature(&self, device: &str, signature: &str, label: Option<&str>) {
        self.lock().put_signature(device, signature, label);
    }

    /// Puts a file in place, with the directories above it.
    pub fn put_file(&self, path: &str, content: &[u8], ids: Ids) {
        self.lock().put_file(path, content, ids);
    }

    /// Makes the next operations go wrong.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.inject(fault);
    }

    /// Takes all faults away. Everything that happened stays.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// Power off and on: mounts, DRBD and daemons are gone, the disks stay;
    /// enabled units start again.
    pub fn power_cycle(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.boot();
    }

    /// Somebody changes the CIB each time after it was queried, this often.
    pub fn disturb_cib(&self, times: u32) {
        self.lock().cluster.disturbances = times;
    }

    /// Resource ids that fail to start.
    pub fn break_resource(&self, resource: &str, reason: &str) {
        self.lock().cluster.broken.insert(resource.to_owned(), reason.to_owned());
    }

    /// slurmctld was started when its file had these nodes.
    pub fn start_scheduler_with(&self, nodes: &[&str]) {
        let nodes = nodes.iter().map(|name| (*name).to_owned()).collect();
        self.lock().scheduler_nodes = Some(nodes);
    }

    /// Homes are on a server that lets root change nothing: usermod gives the files of nobody
    /// to another group, after everything else is done.
    pub fn squash_root(&self) {
        self.lock().squashes_root = true;
    }

    /// The next start of a unit fails, and systemd (`Restart=`) mends it.
    pub fn let_stumble(&self, unit: &str) {
        self.lock().units.entry(unit.to_owned()).or_default().stumbles = true;
    }

    /// Commands that were run, pasteable, in order.
    pub fn commands(&self) -> Vec<String> {
        self.lock().faults.commands.clone()
    }

    /// How many operations (commands and changes of files) there were.
    pub fn operations(&self) -> usize {
        self.lock().faults.operations
    }

    /// What a device carries, in one word: `blank`, a signature, `drbd`.
    pub fn device_content(&self, device: &str) -> String {
        self.lock().describe_device(device)
    }

    /// Everything that lasts, a line each: files with owner, mode and length
    /// (also on devices that are not mounted), units, the CIB. Two machines
    /// that were built alike say the same.
    pub fn inventory(&self) -> Vec<String> {
        self.lock().inventory()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked has failed already.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Counts an operation that changes something; it fails once the process
    /// is dead.
    fn change(
        &self,
        action: &'static str,
        path: &Path,
    ) -> Result<MutexGuard<'_, State>, FileError> {
        let mut state = self.lock();
        match state.faults.strike_change() {
            Ok(()) => Ok(state),
            Err(error) => Err(FileError::new(action, path, error)),
        }
    }

    fn look(&self, path: &Path) -> Result<MutexGuard<'_, State>, FileError> {
        let state = self.lock();
        match state.faults.check_alive() {
            Ok(()) => Ok(state),
            Err(error) => Err(FileError::new("read", path, error)),
        }
    }
}

impl System for Simulated {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        let mut state = self.lock();
        state.pass(Duration::from_millis(10));
        state.run(command)
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        self.look(path)?.read(path)
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        Ok(self.look(path)?.metadata(path))
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(self.look(path)?.resolve(path))
    }

    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError> {
        Ok(self.look(path)?.list(path))
    }

    fn stage(&self, path: &Path, content: &[u8], ids: Ids) -> Result<PathBuf, FileError> {
        let staged = staging_path(path);
        self.change("write", &staged)?.write(&staged, content, ids)?;
        Ok(staged)
    }

    fn commit(&self, staged: &Path, path: &Path) -> Result<(), FileError> {
        self.change("replace", path)?.rename(staged, path)
    }

    fn make_directory(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        self.change("make directory", path)?.make_directory(path, ids)
    }

    fn set_access(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        self.change("set the access of", path)?.set_access(path, ids)
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        Ok(self.change("remove", path)?.files.remove(path).is_some())
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        self.change("remove", path)?.files.retain(|entry, _| !entry.starts_with(path));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.change("replace", to)?.rename(from, to)
    }

    fn is_claimed(&self, device: &Path) -> Result<bool, FileError> {
        Ok(self.look(device)?.is_claimed(device))
    }

    fn answers_echo(&self, _address: Ipv4Addr, _limit: Duration) -> io::Result<bool> {
        Ok(false)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        Ok(self.look(Path::new("the kernel"))?.random(count))
    }

    fn now(&self) -> Timestamp {
        self.lock().now()
    }

    fn elapsed(&self) -> Duration {
        self.lock().clock
    }

    fn sleep(&self, time: Duration) {
        self.lock().pass(time);
    }
}
