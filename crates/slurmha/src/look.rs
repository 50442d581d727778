// SPDX-License-Identifier: Apache-2.0
//! Looks at the cluster: whom to ask, what, and by which way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use slurmha_core::layout::{
    DATABASE_MOUNT, DRBD_RESOURCE, DURABLE_UNIT, NODE_SLURM_CONF, SLURM_CONF, STATE_MOUNT,
    WATCH_UNIT,
};
use slurmha_core::observe::{Observation, ObserveRequest, SlurmQuestion};
use slurmha_core::site::{NodeName, Role, Site};
use slurmha_core::status::{Answers, Status, assemble};
use slurmha_host::{Local, System as _, observe};

use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::pause::pause;
use crate::site_file::{SiteFile, expand_home};

/// Compute nodes beyond this number are not asked one by one: their states
/// come from Slurm, and a screen must not cost ten thousand connections.
const ASKED_COMPUTE_NODES: usize = 16;

/// Looks at the cluster once through ssh.
pub fn look(site: &Site, fleet: &Fleet) -> Status {
    ask_all(site, fleet, &requests(site, &|_| false))
}

/// The same, and at that machine however many there are.
pub fn look_also_at(site: &Site, fleet: &Fleet, machine: &NodeName) -> Status {
    ask_all(site, fleet, &requests(site, &|name| name == machine))
}

/// Looks once more, after a look to which something gave no answer.
pub fn look_again(site: &Site, fleet: &Fleet) -> Status {
    ask_all(site, fleet, &thorough(requests(site, &|_| false)))
}

fn ask_all(site: &Site, fleet: &Fleet, requests: &BTreeMap<NodeName, ObserveRequest>) -> Status {
    let answers = fleet.observe(requests);
    let told = |(name, answer): (_, Result<_, slurmha_host::RemoteError>)| {
        (name, answer.map_err(|error| error.to_string()))
    };
    let answers: Answers = answers.into_iter().map(told).collect();
    assemble(site, &answers)
}

/// What could not be asked is asked again for so long: a machine that is short
/// of time is not a broken one.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_secs(2);

/// Looks at the cluster, and looks again as long as nothing speaks against it
/// but that something gave no answer: for work that would be refused.
///
/// # Errors
/// When somebody pressed Ctrl-C meanwhile.
pub fn look_patiently(site: &Site, fleet: &Fleet) -> Result<Status, Failure> {
    let clock = Local::new();
    let mut status = look(site, fleet);
    loop {
        if !status.is_undecided() || clock.elapsed() > PATIENCE {
            return Ok(status);
        }
        pause(PAUSE)?;
        status = look_again(site, fleet);
    }
}

/// How this machine learns about the cluster.
pub enum Source {
    /// It is a machine of the cluster, of this name.
    Here(NodeName),
    /// It reaches the machines through ssh.
    Ssh(Box<Fleet>),
}

impl Source {
    /// Machines of a cluster do not log in on each other as root, so on one
    /// of them only itself is asked, unless somebody has set up ssh there.
    ///
    /// # Errors
    /// When there is no ssh configuration where one is named.
    pub fn choose(file: &SiteFile, reach: &Reach) -> Result<Self, Failure> {
        let config =
            reach.ssh_config.clone().or_else(|| file.site.ssh.config.as_deref().map(expand_home));
        let has_ssh_config = config.is_some_and(|path| path.exists());
        match own_name(&file.site) {
            Some(name) if !has_ssh_config => Ok(Self::Here(name)),
            _ => Ok(Self::Ssh(Box::new(Fleet::open(file, reach, Patience::Glance)?))),
        }
    }

    /// Looks once; the slowest machine decides how long that takes.
    pub fn look(&self, site: &Site) -> Status {
        match self {
            Self::Ssh(fleet) => look(site, fleet),
            Self::Here(_) => self.look_here(site, self.requests(site)),
        }
    }

    /// Looks once more, after a look to which something gave no answer.
    pub fn look_again(&self, site: &Site) -> Status {
        match self {
            Self::Ssh(fleet) => look_again(site, fleet),
            Self::Here(_) => self.look_here(site, thorough(self.requests(site))),
        }
    }

    /// Looks once, and takes what others have told of themselves for their answers.
    pub fn look_beside(&self, site: &Site, told: Answers) -> Status {
        let own = self.ask_all(self.requests(site));
        assemble(site, &told.into_iter().chain(own).collect())
    }

    fn look_here(&self, site: &Site, requests: BTreeMap<NodeName, ObserveRequest>) -> Status {
        assemble(site, &self.ask_all(requests).collect())
    }

    fn ask_all(
        &self,
        requests: BTreeMap<NodeName, ObserveRequest>,
    ) -> impl Iterator<Item = (NodeName, Result<Observation, String>)> {
        requests.into_iter().map(|(name, request)| {
            let answer = self.ask(&name, &request);
            (name, answer)
        })
    }

    /// Whom to ask from here, and what.
    pub fn requests(&self, site: &Site) -> BTreeMap<NodeName, ObserveRequest> {
        let mut requests = requests(site, &|_| false);
        match self {
            Self::Ssh(_) => requests,
            // Nobody else is asked.
            Self::Here(own) => {
                let request = everything_of_slurm(requests.remove(own).unwrap_or_default());
                BTreeMap::from([(own.clone(), request)])
            }
        }
    }

    /// Asks one machine; the error is why there is no answer.
    pub fn ask(&self, name: &NodeName, request: &ObserveRequest) -> Result<Observation, String> {
        match self {
            Self::Ssh(fleet) => fleet.observe_one(name, request).map_err(|e| e.to_string()),
            Self::Here(_) => Ok(observe(&Local::new(), request)),
        }
    }
}

/// This machine's name, if it is one of the site's.
fn own_name(site: &Site) -> Option<NodeName> {
    let bytes = Local::new().read("/proc/sys/kernel/hostname".as_ref()).ok().flatten()?;
    let name = NodeName(String::from_utf8_lossy(&bytes).trim().to_owned());
    site.machines().into_iter().map(|machine| machine.name).find(|known| *known == name)
}

/// File systems whose space is told.
const VOLUMES: [&str; 2] = [STATE_MOUNT, DATABASE_MOUNT];

/// What to ask each machine. Of many compute nodes only those that are meant are
/// asked.
fn requests(
    site: &Site,
    is_meant: &dyn Fn(&NodeName) -> bool,
) -> BTreeMap<NodeName, ObserveRequest> {
    let asks_compute = site.compute_nodes().count() <= ASKED_COMPUTE_NODES;
    let durable = site.durable_submit.is_offered().then_some(DURABLE_UNIT);
    let units: Vec<String> = [WATCH_UNIT].into_iter().chain(durable).map(str::to_owned).collect();
    let request = |roles: &BTreeSet<Role>| {
        let controller = roles.contains(&Role::Controller);
        ObserveRequest {
            cluster: controller,
            preferences: controller,
            quorum: controller,
            safeguards: controller,
            drbd_resource: controller.then(|| DRBD_RESOURCE.to_owned()),
            digests: slurm_confs(roles).map(PathBuf::from).collect(),
            spaces: if controller { VOLUMES.map(PathBuf::from).to_vec() } else { Vec::new() },
            units: if controller { units.clone() } else { Vec::new() },
            slurm: match (controller, roles.contains(&Role::Login)) {
                (true, _) => SlurmQuestion::WhereItRuns,
                (false, true) => SlurmQuestion::Ping,
                (false, false) => SlurmQuestion::Nothing,
            },
            ..ObserveRequest::default()
        }
    };
    site.machines()
        .into_iter()
        .filter(|machine| {
            let computes_alone = machine.roles.iter().all(|role| *role == Role::Compute);
            asks_compute || !computes_alone || is_meant(&machine.name)
        })
        .map(|machine| (machine.name, request(&machine.roles)))
        .collect()
}

/// What its Slurm daemons go by, where a node could go by another one than
/// slurmctld.
fn slurm_confs(roles: &BTreeSet<Role>) -> impl Iterator<Item = &'static str> {
    let of = |role, path| roles.contains(&role).then_some(path);
    [of(Role::Controller, SLURM_CONF), of(Role::Compute, NODE_SLURM_CONF)].into_iter().flatten()
}

/// The same questions with more time for each answer; and what one machine told for all
/// is asked on every machine, because that one may be who gave no answer.
fn thorough(requests: BTreeMap<NodeName, ObserveRequest>) -> BTreeMap<NodeName, ObserveRequest> {
    let patiently = |request: ObserveRequest| ObserveRequest { patient: true, ..request };
    let ask = |request| patiently(everything_of_slurm(request));
    requests.into_iter().map(|(name, request)| (name, ask(request))).collect()
}

fn everything_of_slurm(request: ObserveRequest) -> ObserveRequest {
    let slurm = match request.slurm {
        SlurmQuestion::Nothing => SlurmQuestion::Nothing,
        _ => SlurmQuestion::Everything,
    };
    ObserveRequest { slurm, ..request }
}
