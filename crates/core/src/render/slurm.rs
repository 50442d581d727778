// SPDX-License-Identifier: Apache-2.0
//! `/etc/slurm/slurm.conf` and what belongs to it.

use std::fmt::Write as _;

use super::cli_filter;
use crate::config_file::ConfigFile;
use crate::layout::{SLURM_CONF, STATE_SAVE_LOCATION};
use crate::secret::Digest;
use crate::site::{NodeGroup, Partition, Site, hostlist};

/// Slurm's files on the controllers and login nodes; compute nodes fetch
/// them from slurmctld (configless).
///
/// The clients' filter comes first: a client that finds it named and absent
/// ends with an error.
pub fn render(site: &Site) -> Vec<ConfigFile> {
    let filter = cli_filter::render(site);
    filter.into_iter().chain([slurm_conf(site), cgroup_conf()]).collect()
}

fn slurm_conf(site: &Site) -> ConfigFile {
    let mut text = super::header("#");
    controller(&mut text, site);
    durable_submit(&mut text, site);
    policy(&mut text, site);
    for group in &site.node_groups {
        node_line(&mut text, group);
    }
    for partition in &site.partitions {
        partition_line(&mut text, partition);
    }
    ConfigFile::new(SLURM_CONF, text)
}

/// Who the controller is and how clients ride through its move.
///
/// - One `SlurmctldHost` with both names and the VIP is Slurm's external-HA
///   form: whoever Pacemaker starts is the primary at once. Two lines would
///   start Slurm's own standby logic, which waits for `SlurmctldTimeout`.
/// - `MessageTimeout=30`: client commands try once a second for that long,
///   so a failover is a pause and not an error.
/// - Accounting goes to the VIP: it refuses at once when slurmdbd is away,
///   where a dead host's own address would cost a TCP timeout per attempt.
fn controller(text: &mut String, site: &Site) {
    let [first, second] = &site.controllers;
    let _ = write!(
        text,
        "ClusterName={}
SlurmctldHost={},{}({vip})
SlurmUser=slurm
SlurmctldParameters=enable_configless
StateSaveLocation={STATE_SAVE_LOCATION}
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmdSpoolDir=/var/lib/slurm/slurmd
AuthType=auth/munge
MessageTimeout=30
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost={vip}
",
        site.cluster_name,
        first.name,
        second.name,
        vip = site.vip,
    );
}

/// The filter through which clients wait for the saved state. The comment
/// makes slurm.conf differ whenever the filter does, so that slurmctld is told
/// to hand both to the compute nodes.
fn durable_submit(text: &mut String, site: &Site) {
    if let Some(filter) = cli_filter::render(site) {
        let Digest(digest) = Digest::of(filter.text.as_bytes());
        let digest = digest.get(..8).unwrap_or_default();
        let _ = write!(text, "# cli_filter.lua {digest}\nCliFilterPlugins=cli_filter/lua\n");
    }
}

/// Defaults that the site file's `[slurm] extra` may replace: of a key that
/// stands twice Slurm complains, so ours is left out then.
fn policy(text: &mut String, site: &Site) {
    let mut defaults = vec![
        ("SlurmctldTimeout", "120".to_owned()),
        ("SlurmdTimeout", "300".to_owned()),
        // A node that was away and registers again is used again.
        ("ReturnToService", "2".to_owned()),
        ("JobAcctGatherType", "jobacct_gather/cgroup".to_owned()),
        ("ProctrackType", "proctrack/cgroup".to_owned()),
        ("TaskPlugin", "task/affinity,task/cgroup".to_owned()),
        ("SelectType", "select/cons_tres".to_owned()),
        ("SelectTypeParameters", "CR_Core_Memory".to_owned()),
        ("MpiDefault", "none".to_owned()),
    ];
    // By its comment the portal finds a job that has ended, when the answer to its
    // submission was lost (slurm.conf(5)).
    if site.portal.is_some() {
        defaults.push(("AccountingStoreFlags", "job_comment".to_owned()));
    }
    // With memory as a consumable resource a job that asks for none would
    // otherwise be given the whole node.
    if let Some(memory) = memory_per_cpu(&site.node_groups) {
        defaults.push(("DefMemPerCPU", memory.to_string()));
    }
    if let Some(types) = gres_types(&site.node_groups) {
        defaults.push(("GresTypes", types));
    }
    for (key, value) in defaults.iter().filter(|(key, _)| !is_given(site, key)) {
        let _ = writeln!(text, "{key}={value}");
    }
    for line in &site.slurm_extra {
        let _ = writeln!(text, "{line}");
    }
}

/// Slurm's keys are not case-sensitive. `DefMemPerNode` and `DefMemPerGPU`
/// exclude `DefMemPerCPU`.
fn is_given(site: &Site, key: &str) -> bool {
    site.slurm_extra.iter().filter_map(|line| line.split_once('=')).any(|(given, _)| {
        let given = given.trim();
        given.eq_ignore_ascii_case(key)
            || key == "DefMemPerCPU" && given.to_ascii_lowercase().starts_with("defmemper")
    })
}

fn memory_per_cpu(groups: &[NodeGroup]) -> Option<u64> {
    groups.iter().map(|group| (group.memory_mb / u64::from(group.cpus.max(1))).max(1)).min()
}

fn gres_types(groups: &[NodeGroup]) -> Option<String> {
    let mut types: Vec<&str> = groups
        .iter()
        .filter_map(|group| group.gres.as_deref())
        .flat_map(|gres| gres.split(','))
        .filter_map(|gres| gres.split(':').next())
        .collect();
    types.sort_unstable();
    types.dedup();
    (!types.is_empty()).then(|| types.join(","))
}

fn node_line(text: &mut String, group: &NodeGroup) {
    let addresses: Vec<String> = group.nodes.iter().map(|node| node.address.to_string()).collect();
    let _ = write!(
        text,
        "NodeName={} NodeAddr={} CPUs={} RealMemory={}",
        group.hostlist,
        hostlist::compress(&addresses),
        group.cpus,
        group.memory_mb,
    );
    if let Some(gres) = &group.gres {
        let _ = write!(text, " Gres={gres}");
    }
    if !group.features.is_empty() {
        let _ = write!(text, " Features={}", group.features.join(","));
    }
    if let Some(extra) = &group.extra {
        let _ = write!(text, " {extra}");
    }
    text.push_str(" State=UNKNOWN\n");
}

fn partition_line(text: &mut String, partition: &Partition) {
    let _ = write!(text, "PartitionName={} Nodes={}", partition.name, partition.nodes);
    if partition.default {
        text.push_str(" Default=YES");
    }
    if let Some(time) = &partition.max_time {
        let _ = write!(text, " MaxTime={time}");
    }
    if let Some(time) = &partition.default_time {
        let _ = write!(text, " DefaultTime={time}");
    }
    if let Some(extra) = &partition.extra {
        let _ = write!(text, " {extra}");
    }
    text.push_str(" State=UP\n");
}

fn cgroup_conf() -> ConfigFile {
    let text = format!(
        "{}CgroupPlugin=autodetect\nConstrainCores=yes\nConstrainRAMSpace=yes\nConstrainDevices=yes\n",
        super::header("#")
    );
    ConfigFile::new("/etc/slurm/cgroup.conf", text)
}
