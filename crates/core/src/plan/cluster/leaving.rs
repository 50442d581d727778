// SPDX-License-Identifier: Apache-2.0
//! Partitions and compute nodes that go from a running scheduler, and their
//! jobs with them.

use std::path::Path;

use super::Seen;
use crate::layout;
use crate::plan::build::Draft;
use crate::site::hostlist;
use crate::slurm_conf::{nodes, partitions};

/// Says what goes. slurmctld ends the jobs of a partition or a node that its new
/// configuration does not have, those that wait included (22.05, read_config.c:
/// "Invalid partition", "Invalid nodes", both with the state `NODE_FAIL`).
pub(super) fn tell(controllers: &[Seen<'_>], draft: &mut Draft) {
    let path = Path::new(layout::SLURM_CONF);
    let active = controllers.iter().find(|seen| seen.is_active("slurmctld.service"));
    let texts = active.and_then(|seen| Some((seen.text(path)?, draft.text_of(seen.name(), path)?)));
    let notes = texts.map(|(old, new)| notes(old, new));
    draft.notes.extend(notes.unwrap_or_default());
}

fn notes(old: &str, new: &str) -> Vec<String> {
    let (before, after) = (partitions(old), partitions(new));
    let partition = |name: &String| {
        format!(
            "partition {name} goes, and slurmctld ends its jobs, also those that wait: \
             `squeue --partition={name}` shows them"
        )
    };
    let mut notes: Vec<String> = before.difference(&after).map(partition).collect();
    let (before, after) = (nodes(old), nodes(new));
    let gone: Vec<&String> = before.difference(&after).collect();
    if !gone.is_empty() {
        let gone = hostlist::compress(&gone);
        notes.push(format!(
            "slurm.conf no longer has {gone}, and slurmctld ends the jobs there: \
             `squeue --nodelist={gone}` shows them; `scontrol update nodename={gone} \
             state=drain reason=leaves` lets them end before"
        ));
    }
    notes
}
