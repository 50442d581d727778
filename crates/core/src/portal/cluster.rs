// SPDX-License-Identifier: Apache-2.0
//! Partitions and nodes as `sinfo` tells them.

use std::collections::BTreeMap;

/// What is asked of each node in each partition, a line each (sinfo(1),
/// `--Node`, `--format`). The reason stands last: it is an administrator's text.
pub const SINFO_FORMAT: &str = "%P|%a|%l|%N|%T|%c|%m|%E";
const FIELD_COUNT: usize = 8;

/// Where jobs can run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// In the order of `sinfo`.
    pub partitions: Vec<Partition>,
    /// Each once, by name.
    pub nodes: BTreeMap<String, Node>,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// Whether jobs that name none come here.
    pub is_default: bool,
    /// Whether it takes jobs: `up`, `drain`, `down` or `inact`.
    pub availability: String,
    /// How long a job may run, as Slurm writes it: `infinite`, `1-00:00:00`.
    pub limit: String,
    /// How many nodes, by state without its sign.
    pub states: BTreeMap<String, usize>,
    /// Processors of its largest node.
    pub cpus: u32,
    /// Memory of its largest node, in MiB.
    pub memory_mb: u64,
}

impl Partition {
    /// How many nodes it has.
    pub fn nodes(&self) -> usize {
        self.states.values().sum()
    }
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its state with Slurm's sign behind: `down*` does not respond.
    pub state: String,
    /// Why it is not in service, if anybody said.
    pub reason: Option<String>,
}

impl Cluster {
    /// Where a job comes that names no partition.
    pub fn default_partition(&self) -> Option<&Partition> {
        self.partitions.iter().find(|it| it.is_default).or(self.partitions.first())
    }

    /// Nodes that take no jobs, or have a reason.
    pub fn out_of_service(&self) -> impl Iterator<Item = (&str, &Node)> {
        let nodes = self.nodes.iter().map(|(name, node)| (name.as_str(), node));
        nodes.filter(|(_, node)| node.reason.is_some() || !is_in_service(&node.state))
    }
}

/// Whether a node in this state takes jobs, now or when it is free again.
pub fn is_in_service(state: &str) -> bool {
    let plain = plain(state);
    matches!(plain, "idle" | "mixed" | "allocated" | "completing" | "planned" | "reserved")
        && !state.ends_with('*')
}

/// A state without Slurm's sign (sinfo(1), NODE STATE CODES).
pub fn plain(state: &str) -> &str {
    state.trim_end_matches(|sign: char| !sign.is_ascii_alphanumeric())
}

/// Reads what `sinfo --noheader --Node` prints in [`SINFO_FORMAT`].
pub fn parse_sinfo(text: &str) -> Cluster {
    let mut cluster = Cluster::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.splitn(FIELD_COUNT, '|').collect();
        let &[partition, availability, limit, name, state, cpus, memory, reason] = &fields[..]
        else {
            continue;
        };
        let reason = Some(reason.trim()).filter(|it| !it.is_empty() && *it != "none");
        let node = Node { state: state.to_owned(), reason: reason.map(str::to_owned) };
        cluster.nodes.insert(name.to_owned(), node);
        let known = partition_of(&mut cluster.partitions, partition);
        availability.clone_into(&mut known.availability);
        limit.clone_into(&mut known.limit);
        *known.states.entry(plain(state).to_owned()).or_default() += 1;
        known.cpus = known.cpus.max(number(cpus));
        known.memory_mb = known.memory_mb.max(number(memory));
    }
    cluster
}

fn partition_of<'a>(partitions: &'a mut Vec<Partition>, written: &str) -> &'a mut Partition {
    let name = written.trim_end_matches('*');
    let at = partitions.iter().position(|it| it.name == name).unwrap_or_else(|| {
        let is_default = written.ends_with('*');
        partitions.push(Partition { name: name.to_owned(), is_default, ..Partition::default() });
        partitions.len() - 1
    });
    &mut partitions[at]
}

/// `4+` where nodes differ; no number is 0.
fn number<N: std::str::FromStr + Default>(text: &str) -> N {
    text.trim_end_matches('+').parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_and_nodes_are_read() {
        let cluster = parse_sinfo(
            "batch*|up|1-00:00:00|cn1|idle|4|7900|none\n\
             batch*|up|1-00:00:00|cn2|down*|8|7900|Not responding\n\
             long|drain|infinite|cn1|idle|4|7900|none\n\
             sinfo: error\n",
        );
        let [batch, long] = &cluster.partitions[..] else { panic!("two partitions") };
        assert!(batch.is_default && !long.is_default);
        assert_eq!((batch.nodes(), batch.cpus, batch.memory_mb), (2, 8, 7900));
        assert_eq!(batch.states["down"], 1);
        assert_eq!((long.availability.as_str(), long.limit.as_str()), ("drain", "infinite"));
        assert_eq!(cluster.nodes.len(), 2);
        let out: Vec<&str> = cluster.out_of_service().map(|(name, _)| name).collect();
        assert_eq!(out, ["cn2"]);
        assert_eq!(cluster.default_partition().map(|it| it.name.as_str()), Some("batch"));
    }
}
