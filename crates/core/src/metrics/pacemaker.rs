// SPDX-License-Identifier: Apache-2.0
//! Pacemaker, as this controller sees it: nodes, resources, fencing.

mod fencing;
mod resources;

use super::family::Family;
use crate::observe::{ClusterNode, ClusterStatus};
use crate::site::Site;
use crate::status::{Member, leftover_bans};

const NODE_STATES: [&str; 6] =
    ["online", "standby", "maintenance", "pending", "unclean", "offline"];

pub(super) fn families(site: &Site, cluster: Option<&ClusterStatus>) -> Vec<Family> {
    let mut all = whole(cluster);
    all.extend(nodes(site, cluster));
    all.extend(resources::families(site, cluster));
    all.extend(fencing::families(site, cluster));
    all
}

fn whole(cluster: Option<&ClusterStatus>) -> Vec<Family> {
    vec![
        Family::gauge("slurmha_pacemaker_quorate", "Whether this partition has quorum.")
            .of(cluster.map(|cluster| cluster.with_quorum)),
        Family::gauge(
            "slurmha_pacemaker_maintenance_mode",
            "Whether Pacemaker keeps its hands off everything.",
        )
        .of(cluster.map(|cluster| cluster.maintenance)),
        Family::gauge("slurmha_pacemaker_fencing_enabled", "Whether fencing is enabled.")
            .of(cluster.map(|cluster| cluster.fencing_enabled)),
        Family::gauge(
            "slurmha_pacemaker_failed_operations",
            "Failed operations that nobody has cleaned up.",
        )
        .of(cluster.map(|cluster| cluster.failures.len())),
        Family::gauge(
            "slurmha_pacemaker_leftover_bans",
            "Constraints that an action left behind and that keep a resource off a machine.",
        )
        .of(cluster.map(|cluster| leftover_bans(cluster).len())),
    ]
}

fn nodes(site: &Site, cluster: Option<&ClusterStatus>) -> [Family; 3] {
    let mut state = Family::gauge("slurmha_pacemaker_node_state", "1 for the controller's state.");
    for name in controllers(site) {
        let is = cluster.map(|cluster| Member::told_by(cluster, name).word());
        state = state.states(&[("node", name)], "state", &NODE_STATES, is);
    }
    let reaches_nobody = |cluster: &ClusterStatus, name: &str| {
        let says_so = |node: &ClusterNode| node.name == name && node.reaches_nobody;
        cluster.nodes.iter().any(says_so)
    };
    [
        state,
        Family::gauge("slurmha_pacemaker_dc", "1 for Pacemaker's designated controller.").each(
            "node",
            controllers(site),
            |name| cluster.map(|cluster| cluster.dc.as_deref() == Some(name)),
        ),
        Family::gauge(
            "slurmha_pacemaker_node_reaches_nobody",
            "Whether the controller says that nobody answers it in the cluster network.",
        )
        .each("node", controllers(site), |name| {
            cluster.map(|cluster| reaches_nobody(cluster, name))
        }),
    ]
}

/// Names of the controllers.
fn controllers(site: &Site) -> [&str; 2] {
    site.controllers.each_ref().map(|controller| controller.name.as_str())
}
