// SPDX-License-Identifier: Apache-2.0
//! What a slurm.conf names; slurm.conf(5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::site::hostlist;

/// What jobs can be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Nodes.
    pub nodes: BTreeSet<String>,
    /// Partitions.
    pub partitions: BTreeSet<String>,
}

impl Places {
    /// All that a slurm.conf names.
    pub fn of(text: &str) -> Self {
        Self { nodes: nodes(text), partitions: partitions(text) }
    }

    /// Those that the other one does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let nodes = self.nodes.difference(&other.nodes).cloned().collect();
        let partitions = self.partitions.difference(&other.partitions).cloned().collect();
        Self { nodes, partitions }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.partitions.is_empty()
    }
}

/// Its nodes.
pub fn nodes(text: &str) -> BTreeSet<String> {
    named(text, "NodeName")
}

/// Its partitions.
fn partitions(text: &str) -> BTreeSet<String> {
    named(text, "PartitionName")
}

/// `DEFAULT` gives values to the lines below it and names nothing.
fn named(text: &str, key: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.trim_start().split_once('='));
    let values = lines.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, rest)| rest);
    let lists = values.filter_map(|rest| rest.split_whitespace().next());
    let named = lists.filter(|list| !list.eq_ignore_ascii_case("DEFAULT"));
    named.flat_map(|list| hostlist::expand(list).unwrap_or_default()).collect()
}

/// The nodes that slurmctld has, from `scontrol --oneliner show nodes`: each line begins
/// with `NodeName=`.
pub fn parse_known_nodes(text: &str) -> BTreeSet<String> {
    let names = text.lines().filter_map(|line| line.strip_prefix("NodeName="));
    names.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_and_slurmctld_name_the_same_nodes() {
        let file = "# NodeName=not\nNodeName=DEFAULT CPUs=2\nNodeName=cn[1-2] CPUs=1\n\
                    nodename=big1\nPartitionName=main Nodes=cn[1-2] Default=YES\n";
        // Of 22.05, shortened.
        let known = "NodeName=big1 Arch=x86_64 CoresPerSocket=1 \nNodeName=cn1 CPUAlloc=0 \n\
                     NodeName=cn2 CPUAlloc=0 \n";
        assert_eq!(nodes(file), parse_known_nodes(known));
        assert_eq!(Places::of(file).partitions, BTreeSet::from(["main".to_owned()]));
        assert!(parse_known_nodes("No nodes in the system\n").is_empty());
    }
}
