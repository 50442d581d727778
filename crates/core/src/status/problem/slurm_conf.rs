// SPDX-License-Identifier: Apache-2.0
//! Whether compute nodes go by the slurm.conf that slurmctld has.
//!
//! A node that misses a `scontrol reconfigure` goes on with what it had.
//! slurmctld tells that in its log alone, when the node registers ("appears to
//! have a different slurm.conf", node_mgr.c).

use std::path::Path;

use super::super::model::{Problem, Severity, Status};
use super::super::view::View;
use super::problem;
use crate::layout::{NODE_SLURM_CONF, SLURM_CONF};
use crate::secret::Digest;
use crate::site::NodeName;

pub(super) fn compute_nodes(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let digest = |name: &NodeName, path: &str| -> Option<&Digest> {
        view.observation(name)?.digests.get(Path::new(path))
    };
    let Some((active, wanted)) =
        status.active.as_ref().and_then(|active| Some((active, digest(active, SLURM_CONF)?)))
    else {
        return Vec::new();
    };
    let nodes = view.site.compute_nodes().map(|node| &node.name);
    let told: Vec<(&NodeName, &Digest)> =
        nodes.filter_map(|name| Some((name, digest(name, NODE_SLURM_CONF)?))).collect();
    let others: Vec<&NodeName> =
        told.iter().filter(|(_, own)| *own != wanted).map(|(name, _)| *name).collect();
    if others.len() > 1 && others.len() == told.len() {
        let text = format!("no compute node goes by the slurm.conf of {active}");
        let next = format!("on {active}: scontrol reconfigure");
        return vec![problem(Severity::Degraded, text, next)];
    }
    others
        .into_iter()
        .map(|name| {
            let (text, next) = old_slurm_conf(name);
            problem(Severity::Degraded, text, next)
        })
        .collect()
}

/// What is told of a compute node that goes by an old slurm.conf, and what to type:
/// at its start slurmd fetches what slurmctld has, and running jobs go on.
pub(crate) fn old_slurm_conf(node: &NodeName) -> (String, String) {
    let text = format!("{node} goes by another slurm.conf than slurmctld");
    (text, format!("on {node}: systemctl restart slurmd"))
}
