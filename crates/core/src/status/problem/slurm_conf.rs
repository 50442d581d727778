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
    // A file that was changed and not read again is nobody's. Whatever the reason, slurmctld
    // reads it then and sends it to every node.
    let reconfigure = format!("on {active}: {RECONFIGURE}");
    let is_nobodys = others.len() == told.len();
    if is_nobodys && others.len() > 1 {
        let text = format!("no compute node goes by the slurm.conf of {active}");
        return vec![problem(Severity::Degraded, text, reconfigure)];
    }
    others
        .into_iter()
        .map(|name| {
            let next =
                if is_nobodys { reconfigure.clone() } else { format!("on {name}: {RESTART}") };
            problem(Severity::Degraded, old_slurm_conf(name), next)
        })
        .collect()
}

/// What has slurmctld read its file and send it to every node.
const RECONFIGURE: &str = "scontrol reconfigure";

/// What has one node fetch what slurmctld has. Running jobs go on.
const RESTART: &str = "systemctl restart slurmd";

/// What can be told to be typed; the second where no other node tells whose fault it is.
pub(crate) const OLD_SLURM_CONF_CURES: [&str; 2] = [RESTART, RECONFIGURE];

/// What is told of a compute node that goes by an old slurm.conf.
pub(crate) fn old_slurm_conf(node: &NodeName) -> String {
    format!("{node} goes by another slurm.conf than slurmctld")
}
