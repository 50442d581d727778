// SPDX-License-Identifier: Apache-2.0
//! From the fragments, which the rules have accepted, to the [`Site`].
//!
//! `None` means that a value is missing, which only happens after a report.

mod console;
mod monitoring;
mod ondemand;
mod people;
mod portal;
mod vpn;

use std::path::PathBuf;
use std::time::Duration;

use super::fragments::{self as file, SiteFile, items};
use super::model::{
    Arbiter, ComputeNode, Controller, DurableSubmit, Fence, Login, Networks, NodeGroup, NodeName,
    Partition, Site, Ssh, Timing,
};
use super::spanned::Spanned;
use super::timing;
use super::value::{HostName, PartitionNodes};

pub(super) use people::DEFAULT_HOMES;

/// The site that the file means.
pub(super) fn assemble(file: &SiteFile) -> Option<Site> {
    let cluster = file.cluster.as_ref()?;
    let network = file.network.as_ref()?;
    let controllers: Vec<Controller> = all(items(file.controller.as_ref()), controller)?;
    Some(Site {
        cluster_name: cluster.name.as_ref()?.0.clone(),
        vip: cluster.vip.as_ref()?.value,
        networks: Networks {
            cluster: network.cluster.as_ref()?.value,
            replication: network.replication.as_ref()?.value,
        },
        timing: timing_of(file),
        time_servers: time_servers(file),
        ssh: ssh(file.ssh.as_ref()),
        controllers: controllers.try_into().ok()?,
        arbiter: match &file.arbiter {
            Some(arbiter) => Some(self::arbiter(arbiter)?),
            None => None,
        },
        node_groups: all(items(file.nodes.as_ref()), node_group)?,
        partitions: all(items(file.partition.as_ref()), partition)?,
        logins: all(items(file.login.as_ref()), login)?,
        people: people::assemble(file)?,
        limits: people::limits(file)?,
        slurm_extra: slurm_extra(file),
        durable_submit: durable_submit(file),
        after_fencing: cluster.after_fencing.as_ref().map(|it| it.value).unwrap_or_default(),
        monitoring: match &file.monitoring {
            Some(monitoring) => Some(monitoring::assemble(monitoring)?),
            None => None,
        },
        vpn: match &file.vpn {
            Some(vpn) => Some(vpn::assemble(vpn)?),
            None => None,
        },
        console: match &file.console {
            Some(console) => Some(console::assemble(console)?),
            None => None,
        },
        portal: match &file.portal {
            Some(portal) => Some(portal::assemble(portal)?),
            None => None,
        },
        ondemand: match &file.ondemand {
            Some(ondemand) => Some(ondemand::assemble(ondemand)?),
            None => None,
        },
        accept: items(cluster.accept.as_ref()).iter().map(|accept| accept.value).collect(),
    })
}

fn all<F, T>(items: &[Spanned<F>], assemble: fn(&F) -> Option<T>) -> Option<Vec<T>> {
    items.iter().map(|item| assemble(&item.value)).collect()
}

fn name(name: &HostName) -> NodeName {
    NodeName(name.0.clone())
}

/// The timing, with what the file leaves out.
pub(super) fn timing_of(file: &SiteFile) -> Timing {
    let set = |key: fn(&file::Timing) -> &Option<Spanned<u64>>| {
        file.timing.as_ref().and_then(|timing| key(timing).as_ref()).map(|ms| ms.value)
    };
    let token = set(|t| &t.token_ms).unwrap_or(timing::DEFAULT_TOKEN_MS);
    let consensus = set(|t| &t.consensus_ms).unwrap_or_else(|| timing::default_consensus_ms(token));
    let noticed = timing::noticed_after_ms(token, consensus);
    let qdevice_timeout = set(|t| &t.qdevice_timeout_ms)
        .unwrap_or_else(|| timing::default_qdevice_timeout_ms(noticed));
    let sync_timeout = set(|t| &t.qdevice_sync_timeout_ms)
        .unwrap_or_else(|| timing::default_sync_timeout_ms(qdevice_timeout));
    Timing {
        token: Duration::from_millis(token),
        consensus: Duration::from_millis(consensus),
        qdevice_timeout: Duration::from_millis(qdevice_timeout),
        qdevice_sync_timeout: Duration::from_millis(sync_timeout),
    }
}

fn time_servers(file: &SiteFile) -> Vec<String> {
    let servers = file.time.as_ref().and_then(|time| time.servers.as_ref());
    items(servers).iter().map(|server| server.0.clone()).collect()
}

fn slurm_extra(file: &SiteFile) -> Vec<String> {
    let extra = file.slurm.as_ref().and_then(|slurm| slurm.extra.as_ref());
    items(extra).iter().map(|line| line.written.clone()).collect()
}

fn durable_submit(file: &SiteFile) -> DurableSubmit {
    let chosen = file.slurm.as_ref().and_then(|slurm| slurm.durable_submit.as_ref());
    chosen.map(|chosen| chosen.value).unwrap_or_default()
}

fn ssh(ssh: Option<&Spanned<file::Ssh>>) -> Ssh {
    let user = ssh.and_then(|ssh| ssh.user.as_ref());
    let config = ssh.and_then(|ssh| ssh.config.as_ref());
    Ssh {
        user: user.map_or_else(|| "root".to_owned(), |user| user.0.clone()),
        config: config.map(|path| path.0.clone()),
    }
}

fn controller(controller: &file::Controller) -> Option<Controller> {
    Some(Controller {
        name: name(controller.name.as_ref()?),
        address: controller.address.as_ref()?.value,
        replication_address: controller.replication_address.as_ref()?.value,
        state_device: PathBuf::from(&controller.state_device.as_ref()?.0),
        database_device: PathBuf::from(&controller.database_device.as_ref()?.0),
        fence: match &controller.fence {
            Some(fence) => Some(self::fence(fence)?),
            None => None,
        },
    })
}

fn fence(fence: &file::Fence) -> Option<Fence> {
    let options = fence.options.iter().flat_map(|options| &options.0);
    Some(Fence {
        agent: fence.agent.as_ref()?.0.clone(),
        address: fence.address.as_ref()?.0.clone(),
        user: fence.user.as_ref().map(|user| user.0.clone()),
        password_file: fence.password_file.as_ref().map(|path| path.0.clone()),
        options: options.map(|(name, o)| (name.clone(), o.value.value.clone())).collect(),
    })
}

fn arbiter(arbiter: &Spanned<file::Arbiter>) -> Option<Arbiter> {
    Some(Arbiter { name: name(arbiter.name.as_ref()?), address: arbiter.address.as_ref()?.value })
}

fn login(login: &file::Login) -> Option<Login> {
    Some(Login { name: name(login.name.as_ref()?), address: login.address.as_ref()?.value })
}

fn node_group(group: &file::NodeGroup) -> Option<NodeGroup> {
    let names = group.names.as_ref()?;
    let addresses = group.addresses.as_ref()?;
    let nodes = names.names.iter().zip(&addresses.0);
    Some(NodeGroup {
        hostlist: names.written.clone(),
        nodes: nodes
            .map(|(name, &address)| ComputeNode { name: NodeName(name.clone()), address })
            .collect(),
        cpus: u32::try_from(group.cpus.as_ref()?.value).ok()?,
        memory_mb: group.memory_mb.as_ref()?.value,
        gres: group.gres.as_ref().map(|gres| gres.0.clone()),
        features: items(group.features.as_ref()).iter().map(|f| f.0.clone()).collect(),
        extra: group.extra.as_ref().map(|extra| extra.written.clone()),
    })
}

fn partition(partition: &file::Partition) -> Option<Partition> {
    Some(Partition {
        name: partition.name.as_ref()?.0.clone(),
        nodes: match &partition.nodes.as_ref()?.value {
            PartitionNodes::All => "ALL".to_owned(),
            PartitionNodes::Some(nodes) => nodes.written.clone(),
        },
        default: partition.default.as_ref().is_some_and(|default| default.value),
        max_time: partition.max_time.as_ref().map(|limit| limit.written.clone()),
        default_time: partition.default_time.as_ref().map(|limit| limit.written.clone()),
        extra: partition.extra.as_ref().map(|extra| extra.written.clone()),
    })
}
