// SPDX-License-Identifier: Apache-2.0
//! `ocf:slurmha:volume`: a replicated file system, mounted where DRBD is
//! primary.
//!
//! The distribution's Filesystem agent does the same and more, as a shell
//! script that starts some sixty processes for one mount: measured in the
//! laboratory, 6.9 s of a failover.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_host::program::mount::{self, Mount};
use slurmha_host::{Command, System};

use super::{Answer, Parameters, Status};

const PAUSE: Duration = Duration::from_millis(100);

/// How long processes that keep the volume busy may take to end by
/// themselves.
const GRACE: Duration = Duration::from_secs(3);

/// Kept back from Pacemaker's limit, for the last try.
const RESERVE: Duration = Duration::from_secs(5);

/// The least time that a program gets.
const LEAST: Duration = Duration::from_secs(1);

/// One volume, as its resource describes it.
pub struct Volume {
    device: PathBuf,
    directory: PathBuf,
    options: String,
}

impl Volume {
    /// From the resource's parameters.
    pub fn new(parameters: &Parameters) -> Result<Self, Answer> {
        Ok(Self {
            device: parameters.get("device")?,
            directory: parameters.get("directory")?,
            options: parameters.get("options")?,
        })
    }

    /// Mounts it.
    pub fn start(&self, system: &dyn System, limit: Duration) -> Answer {
        match self.look(system) {
            Ok(Some(_)) => return self.monitor(system),
            Ok(None) => {}
            Err(answer) => return answer,
        }
        if matches!(system.metadata(&self.directory), Ok(None)) {
            let why = format!("there is no directory {}", self.directory.display());
            return Answer::because(Status::NotInstalled, why);
        }
        let patience = limit.saturating_sub(RESERVE).max(LEAST);
        match mount::mount(system, &self.device, &self.directory, &self.options, patience) {
            Ok(()) => Answer::plain(Status::Success),
            Err(error) => Answer::because(Status::Generic, error.to_string()),
        }
    }

    /// Unmounts it. Whoever still uses it is asked to end, then made to: a
    /// volume that stays mounted would cost the node its power.
    pub fn stop(&self, system: &dyn System, limit: Duration) -> Answer {
        let begin = system.elapsed();
        loop {
            match self.look(system) {
                Ok(None) => return Answer::plain(Status::Success),
                Ok(Some(_)) => {}
                Err(answer) => return answer,
            }
            let patience = limit.saturating_sub(RESERVE + (system.elapsed() - begin)).max(LEAST);
            let Err(error) = mount::unmount(system, &self.directory, patience) else { continue };
            let waited = system.elapsed() - begin;
            if waited > limit.saturating_sub(RESERVE) {
                return Answer::because(Status::Generic, error.to_string());
            }
            let users = users_of(system, &self.directory);
            signal(system, if waited < GRACE { "TERM" } else { "KILL" }, &users);
            system.sleep(PAUSE);
        }
    }

    /// Whether it is mounted and can be written. After an error on its
    /// device ext4 goes on read-only, which is no use to anybody here.
    pub fn monitor(&self, system: &dyn System) -> Answer {
        let directory = self.directory.display();
        match self.look(system) {
            Err(answer) => answer,
            Ok(None) => Answer::plain(Status::NotRunning),
            Ok(Some(mount)) if mount.source != self.device => Answer::because(
                Status::Generic,
                format!("{} is mounted on {directory}", mount.source.display()),
            ),
            Ok(Some(mount)) if mount.read_only => Answer::because(
                Status::Generic,
                format!("{directory} has become read-only; dmesg says why"),
            ),
            Ok(Some(_)) => Answer::plain(Status::Success),
        }
    }

    /// Whether the parameters make sense here.
    pub fn validate(&self, system: &dyn System) -> Answer {
        match system.metadata(&self.directory) {
            Ok(Some(_)) => Answer::plain(Status::Success),
            Ok(None) => Answer::because(
                Status::NotInstalled,
                format!("there is no directory {}", self.directory.display()),
            ),
            Err(error) => Answer::because(Status::Generic, error.to_string()),
        }
    }

    /// What is mounted there; the last mount hides the ones below.
    fn look(&self, system: &dyn System) -> Result<Option<Mount>, Answer> {
        let mounts = mount::mounts(system)
            .map_err(|error| Answer::because(Status::Generic, error.to_string()))?;
        Ok(mounts.into_iter().rfind(|mount| mount.mount_point == self.directory))
    }
}

/// Processes with an open file or their working directory in there.
fn users_of(system: &dyn System, directory: &Path) -> Vec<String> {
    let inside =
        |link: &Path| system.resolve(link).ok().flatten().is_some_and(|p| p.starts_with(directory));
    let uses = |process: &Path| {
        let files = system.read_directory(&process.join("fd")).unwrap_or_default();
        ["cwd", "root", "exe"].iter().any(|link| inside(&process.join(link)))
            || files.iter().any(|file| inside(&process.join("fd").join(file)))
    };
    let processes = system.read_directory(Path::new("/proc")).unwrap_or_default();
    let mut users: Vec<String> =
        processes.into_iter().filter(|name| name.bytes().all(|b| b.is_ascii_digit())).collect();
    users.retain(|pid| uses(&Path::new("/proc").join(pid)));
    users
}

/// A process that is gone by now is no error.
fn signal(system: &dyn System, signal: &str, processes: &[String]) {
    if !processes.is_empty() {
        let kill = Command::new("kill").args(["-s", signal, "--"]).args(processes);
        let _ = system.run(&kill.timeout(LEAST));
    }
}
