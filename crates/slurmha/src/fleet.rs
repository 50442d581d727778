// SPDX-License-Identifier: Apache-2.0
//! All machines of a site, reached in parallel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::observe::{Observation, ObserveRequest};
use slurmha_core::plan::{Step, StepEvent};
use slurmha_core::site::NodeName;
use slurmha_host::{Remote, RemoteError, Ssh, for_each_host};

use crate::cli::Reach;
use crate::failure::Failure;
use crate::site_file::{SiteFile, expand_home};

/// How long a command is willing to wait for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// A screen that somebody is looking at: a dead machine costs 3 s.
    Glance,
    /// Work that should not fail because a machine is slow.
    Work,
}

/// The longest that one exchange of `apply` may take: installing packages on
/// a slow line is the slowest step.
const STAGE_LIMIT: Duration = Duration::from_secs(3600);

/// How long a machine may be too busy to greet: one under load, or on a host
/// that stands still for a while, is not one that is gone.
const BUSY: Duration = Duration::from_secs(60);

/// What a machine gets on top when its programs may take longer than usual.
const PATIENT: Duration = Duration::from_secs(30);

/// The ssh configuration by which the machines are reached, if one was named.
pub fn ssh_config(file: &SiteFile, reach: &Reach) -> Option<PathBuf> {
    reach.ssh_config.clone().or_else(|| file.site.ssh.config.as_deref().map(expand_home))
}

/// The machines of a site.
pub struct Fleet {
    remote: Remote,
    look_limit: Duration,
}

impl Fleet {
    /// Prepares to reach the machines; connects to none yet.
    pub fn open(file: &SiteFile, reach: &Reach, patience: Patience) -> Result<Self, Failure> {
        let ssh = &file.site.ssh;
        let config = ssh_config(file, reach);
        if let Some(path) = config.as_ref().filter(|path| !path.exists() || path.is_dir()) {
            return Err(no_ssh_configuration(path, reach.ssh_config.is_some()));
        }
        let (connect, greeting, look) = match patience {
            Patience::Glance => (Duration::from_secs(3), Duration::ZERO, Duration::from_secs(15)),
            Patience::Work => (Duration::from_secs(10), BUSY, Duration::from_secs(60)),
        };
        let ssh = Ssh::new(ssh.user.clone())
            .with_config(config)
            .with_connect_timeout(connect)
            .with_greeting_timeout(greeting);
        Ok(Self { remote: Remote::new(ssh), look_limit: look })
    }

    /// Machines that are reached in another way than by ssh.
    #[cfg(test)]
    pub fn through(remote: Remote) -> Self {
        Self { remote, look_limit: Duration::from_secs(20) }
    }

    /// For a look that takes longer than usual because it was asked to.
    #[must_use]
    pub fn with_more_time(mut self, time: Duration) -> Self {
        self.look_limit += time;
        self
    }

    /// The way to the machines, for exchanges of other kinds.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Looks at machines, one exchange each.
    pub fn observe(
        &self,
        requests: &BTreeMap<NodeName, ObserveRequest>,
    ) -> BTreeMap<NodeName, Result<Observation, RemoteError>> {
        let hosts: Vec<(&NodeName, &ObserveRequest)> = requests.iter().collect();
        let answers = for_each_host(&hosts, |(name, request)| self.observe_one(name, request));
        hosts.into_iter().map(|(name, _)| name.clone()).zip(answers).collect()
    }

    /// Looks at one machine.
    pub fn observe_one(
        &self,
        name: &NodeName,
        request: &ObserveRequest,
    ) -> Result<Observation, RemoteError> {
        let more = if request.patient { PATIENT } else { Duration::ZERO };
        self.remote.observe(name.as_str(), request, self.look_limit + more)
    }

    /// Carries out steps on one machine.
    pub fn apply(
        &self,
        machine: &NodeName,
        steps: &[Step],
        on_event: &mut dyn FnMut(&StepEvent),
    ) -> Result<(), RemoteError> {
        self.remote.apply(machine.as_str(), steps, on_event, STAGE_LIMIT)
    }

    /// What Pacemaker would do with a configuration; nothing when no cluster
    /// runs on that machine.
    pub fn simulate(
        &self,
        machine: &NodeName,
        configuration: &str,
    ) -> Result<Option<String>, RemoteError> {
        let moves = self.remote.simulate(machine.as_str(), configuration, self.look_limit)?;
        Ok((!moves.trim().is_empty()).then_some(moves))
    }
}

/// `typed` is whether the command line names it, or else the site file.
fn no_ssh_configuration(path: &Path, typed: bool) -> Failure {
    let message = format!("there is no ssh configuration {}", path.display());
    let failure = if typed { Failure::usage(message) } else { Failure::site(message) };
    let is_of_lab = path.parent().and_then(Path::parent).is_some_and(|at| at.ends_with("lab"));
    match (is_of_lab, typed) {
        (true, _) => {
            failure.hint("`slurmha lab up` makes it").hint("or name another with --ssh-config")
        }
        (false, true) => failure.hint("--ssh-config takes a file, as ssh's own -F does"),
        (false, false) => failure
            .hint("correct `config` in [ssh] of the site file, or name another with --ssh-config"),
    }
}

/// A machine's failure as a command's.
pub fn failure(error: &RemoteError) -> Failure {
    let failure = if error.is_refusal() { Failure::refused(error) } else { Failure::remote(error) };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
