// SPDX-License-Identifier: Apache-2.0
//! Which machines, networks and disks a site needs; pure.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use slurmha_core::site::{Role, Site};

use crate::error::Error;

/// Memory of a controller, in MiB: some 700 are in use in a formed cluster.
const CONTROLLER_MEMORY_MB: u32 = 1024;
/// Memory of a login node, in MiB: people work there, each session of the portal is a process,
/// and Prometheus runs beside them in the example's site.
const LOGIN_MEMORY_MB: u32 = 1024;
/// Memory of every other machine, in MiB.
const OTHER_MEMORY_MB: u32 = 512;
/// Size of the disk under slurmctld's state, in MiB.
const STATE_DISK_MB: u32 = 512;
/// Size of the disk under MariaDB's data, in MiB.
const DATABASE_DISK_MB: u32 = 1024;
/// Distance between a machine's address and that of its BMC, where the site
/// does not name one.
const BMC_OFFSET: u32 = 100;

/// A site as the lab builds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// The network on which Slurm and Corosync's link 0 live.
    pub cluster: Ipv4Net,
    /// The network of DRBD and Corosync's link 1.
    pub replication: Ipv4Net,
    /// The machines, controllers first.
    pub machines: Vec<MachineSpec>,
}

/// One machine of the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSpec {
    /// Host name.
    pub name: String,
    /// Address on the cluster network (`eth1`).
    pub cluster: Ipv4Addr,
    /// Address on the replication network (`eth2`), controllers only.
    pub replication: Option<Ipv4Addr>,
    /// Address of the BMC on the cluster network.
    pub bmc: Option<Ipv4Addr>,
    /// Memory, in MiB.
    pub memory_mb: u32,
    /// Blank disks beside the root disk: `/dev/vdb`, `/dev/vdc`, ...
    pub disks: Vec<DiskSpec>,
}

/// A blank disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// What it is for; also its serial number, as `lsblk -o SERIAL` shows it.
    pub name: String,
    /// Its size, in MiB.
    pub size_mb: u32,
}

impl Topology {
    /// The machines that a validated site describes.
    pub fn from_site(site: &Site) -> Result<Self, Error> {
        let mut topology = Self {
            cluster: site.networks.cluster,
            replication: site.networks.replication,
            machines: site.machines().iter().map(|m| machine(site, m)).collect::<Result<_, _>>()?,
        };
        let taken = topology.machines.iter().map(|m| m.cluster).chain([site.vip]);
        let taken = taken.chain(topology.machines.iter().filter_map(|m| m.bmc)).collect();
        topology.invent_bmc_addresses(taken);
        Ok(topology)
    }

    /// The machine of that name.
    pub fn machine(&self, name: &str) -> Option<&MachineSpec> {
        self.machines.iter().find(|m| m.name == name)
    }

    /// Every machine has a BMC; the site has to name only those that fence.
    fn invent_bmc_addresses(&mut self, mut taken: BTreeSet<Ipv4Addr>) {
        for machine in self.machines.iter_mut().filter(|m| m.bmc.is_none()) {
            let address = Ipv4Addr::from(u32::from(machine.cluster).saturating_add(BMC_OFFSET));
            let usable = self.cluster.contains(&address) && address != self.cluster.broadcast();
            if usable && taken.insert(address) {
                machine.bmc = Some(address);
            }
        }
    }

    /// The first difference to another topology, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if (self.cluster, self.replication) != (other.cluster, other.replication) {
            return Some("its networks are different".to_owned());
        }
        let names = |t: &Self| t.machines.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
        if names(self) != names(other) {
            return Some(format!(
                "it has {}, not {}",
                names(self).join(", "),
                names(other).join(", ")
            ));
        }
        let differs = self.machines.iter().zip(&other.machines).find(|(a, b)| a != b);
        differs.map(|(a, _)| format!("{} has different addresses or disks", a.name))
    }
}

/// One machine, without an invented BMC address.
fn machine(site: &Site, machine: &slurmha_core::site::Machine) -> Result<MachineSpec, Error> {
    let controller = machine.roles.contains(&Role::Controller);
    let entry = site.controller(&machine.name);
    let bmc = match entry.and_then(|c| c.fence.as_ref()) {
        Some(fence) => Some(bmc_address(site, machine.name.as_str(), &fence.address)?),
        None => None,
    };
    Ok(MachineSpec {
        name: machine.name.as_str().to_owned(),
        cluster: machine.address,
        replication: entry.map(|c| c.replication_address),
        bmc,
        memory_mb: memory_mb(&machine.roles),
        disks: if controller { controller_disks() } else { Vec::new() },
    })
}

fn memory_mb(roles: &BTreeSet<Role>) -> u32 {
    if roles.contains(&Role::Controller) {
        CONTROLLER_MEMORY_MB
    } else if roles.contains(&Role::Login) {
        LOGIN_MEMORY_MB
    } else {
        OTHER_MEMORY_MB
    }
}

/// The lab's switch answers for BMCs, on the cluster network only.
fn bmc_address(site: &Site, machine: &str, text: &str) -> Result<Ipv4Addr, Error> {
    match text.parse::<Ipv4Addr>() {
        Ok(address) if site.networks.cluster.contains(&address) => Ok(address),
        _ => Err(Error::Topology {
            reason: format!(
                "the fence address {text:?} of {machine} is not an address in {}",
                site.networks.cluster
            ),
        }),
    }
}

/// The disks that DRBD's two volumes lie on, in the order of their letters.
fn controller_disks() -> Vec<DiskSpec> {
    vec![
        DiskSpec { name: "state".to_owned(), size_mb: STATE_DISK_MB },
        DiskSpec { name: "database".to_owned(), size_mb: DATABASE_DISK_MB },
    ]
}

#[cfg(test)]
#[path = "topology/tests.rs"]
pub(crate) mod tests;
