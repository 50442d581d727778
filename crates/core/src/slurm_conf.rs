// SPDX-License-Identifier: Apache-2.0
//! What a slurm.conf names; slurm.conf(5).

use std::collections::BTreeSet;

use crate::site::hostlist;

/// Its nodes.
pub fn nodes(text: &str) -> BTreeSet<String> {
    named(text, "NodeName")
}

/// Its partitions.
pub fn partitions(text: &str) -> BTreeSet<String> {
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
        assert_eq!(partitions(file), BTreeSet::from(["main".to_owned()]));
        assert!(parse_known_nodes("No nodes in the system\n").is_empty());
    }
}
