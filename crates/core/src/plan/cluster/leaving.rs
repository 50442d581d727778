// SPDX-License-Identifier: Apache-2.0
//! Partitions and compute nodes that go from a running scheduler, and their
//! jobs with them.

use std::collections::BTreeSet;
use std::path::Path;

use super::Seen;
use crate::layout;
use crate::plan::build::Draft;
use crate::site::hostlist;

/// Says what goes. slurmctld ends the jobs of a partition or a node that its new
/// configuration does not have, those that wait included (22.05, read_config.c:
/// "Invalid partition", "Invalid nodes", both with the state `NODE_FAIL`).
pub(super) fn tell(controllers: &[Seen<'_>], draft: &mut Draft) {
    let path = Path::new(layout::SLURM_CONF);
    let active = controllers.iter().find(|seen| seen.is_active("slurmctld.service"));
    let Some((old, new)) =
        active.and_then(|seen| Some((seen.text(path)?, draft.text_of(seen.name(), path)?)))
    else {
        return;
    };
    let partitions = gone(old, new, "PartitionName=");
    let nodes = gone(old, new, "NodeName=");
    for partition in partitions {
        draft.notes.push(format!(
            "partition {partition} goes, and slurmctld ends its jobs, also those that wait: \
             `squeue --partition={partition}` shows them"
        ));
    }
    if !nodes.is_empty() {
        let nodes = hostlist::compress(&nodes);
        draft.notes.push(format!(
            "slurm.conf no longer has {nodes}, and slurmctld ends the jobs there: \
             `squeue --nodelist={nodes}` shows them; `scontrol update nodename={nodes} \
             state=drain reason=leaves` lets them end before"
        ));
    }
}

/// What the old text names in lines of that kind, and the new one does not.
fn gone(old: &str, new: &str, key: &str) -> Vec<String> {
    let remain: BTreeSet<String> = named(new, key).collect();
    named(old, key).filter(|name| !remain.contains(name)).collect()
}

/// `DEFAULT` gives values to the lines below it and names nothing, slurm.conf(5).
fn named<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = String> + 'a {
    let values = text.lines().filter_map(move |line| line.strip_prefix(key));
    let lists = values.filter_map(|rest| rest.split_whitespace().next());
    lists
        .filter(|list| *list != "DEFAULT")
        .flat_map(|list| hostlist::expand(list).unwrap_or_default())
}
