// SPDX-License-Identifier: Apache-2.0
//! Reads the state of a machine and changes nothing.
//!
//! Nothing here fails as a whole: a part that cannot be told is absent or
//! unknown, with the reason where there is a place for one. Files, packages
//! and accounts are read directly; programs are slow to start on a small
//! machine, so each is started once, and all at the same time.

mod cluster;
pub(crate) mod devices;
mod files;
pub mod health;
mod homes;
mod preflight;
mod private;
pub mod safeguards;
mod slurm;
pub mod stalls;

use std::thread;
use std::time::Duration;

use slurmha_core::observe::{Observation, ObserveRequest};

use crate::accounts::Accounts;
use crate::people;
use crate::program::{dpkg, systemctl};
use crate::system::{System, read_trimmed};

pub use devices::size_bytes;
pub(crate) use files::as_written;

/// How long a daemon of the cluster may take to answer: an emulated machine
/// under load needs seconds for what takes milliseconds elsewhere.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many times as long programs may take when the asker is patient.
const PATIENCE: u32 = 3;

/// Reads what was asked for.
pub fn observe(system: &dyn System, request: &ObserveRequest) -> Observation {
    thread::scope(|scope| {
        let units = scope.spawn(|| systemctl::show(system, &request.units).unwrap_or_default());
        let devices = scope.spawn(|| devices::observe_all(system, &request.devices));
        let cluster = scope.spawn(|| cluster::observe(system, request));
        let preflight = scope
            .spawn(|| request.preflight.as_ref().map(|asked| preflight::observe(system, asked)));

        let mut observation = machine(system);
        read_accounts_and_files(system, request, &mut observation);
        observation.packages = dpkg::installed(system, &request.packages).unwrap_or_default();

        let shown = units.join().unwrap_or_default();
        let states = shown.into_iter().map(|unit| unit.state);
        observation.units = request.units.iter().cloned().zip(states).collect();
        observation.devices = devices.join().unwrap_or_default();
        observation.preflight = preflight.join().unwrap_or_default();
        if let Ok(parts) = cluster.join() {
            parts.put_into(&mut observation);
        }
        // Last: whoever compares it knows when the answer came, and not when it was begun.
        observation.clock = Some(system.now());
        observation
    })
}

/// What every observation has.
fn machine(system: &dyn System) -> Observation {
    let release = read_trimmed(system, "/etc/os-release").unwrap_or_default();
    let field = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_owned()).unwrap_or_default()
    };
    let kernel = |name: &str| read_trimmed(system, format!("/proc/sys/kernel/{name}"));
    Observation {
        hostname: kernel("hostname").unwrap_or_default(),
        os_id: field("ID"),
        os_version: field("VERSION_ID"),
        kernel: kernel("osrelease").unwrap_or_default(),
        ..Observation::default()
    }
}

fn read_accounts_and_files(
    system: &dyn System,
    request: &ObserveRequest,
    observation: &mut Observation,
) {
    let accounts = Accounts::load(system).unwrap_or_default();
    let wanted = |name: &String, names: &[String]| names.contains(name);
    let users = accounts.users.iter().filter(|(name, _)| wanted(name, &request.users));
    observation.users = users.map(|(name, user)| (name.clone(), *user)).collect();
    let groups = accounts.groups.iter().filter(|(name, _)| wanted(name, &request.groups));
    observation.groups = groups.map(|(name, gid)| (name.clone(), *gid)).collect();
    if let Some(asked) = &request.people {
        observation.people = people::load(system, asked).unwrap_or_default();
    }
    observation.homes = request.homes.as_ref().map(|asked| homes::observe(system, asked));
    observation.files = files::observe_files(system, &accounts, &request.files);
    observation.digests = files::observe_digests(system, &request.digests);
    observation.directories = files::observe_directories(system, &accounts, &request.directories);
    let spaces = request.spaces.iter();
    observation.spaces =
        spaces.filter_map(|path| Some((path.clone(), system.space(path)?))).collect();
    observation.secrets = files::observe_secrets(system, &accounts, &request.secrets);
}

#[cfg(test)]
mod tests;
