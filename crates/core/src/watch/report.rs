// SPDX-License-Identifier: Apache-2.0
//! Whether Pacemaker may be told that a daemon failed.

use crate::observe::ClusterStatus;

/// Whether `crm_resource --fail` does what it should; otherwise why not.
///
/// Pacemaker believes the report. Where it keeps its hands off, it would act
/// on the failure when it no longer does, against a daemon that somebody has
/// started again; and of a daemon that it has not started here it would think
/// that it runs twice and stop both (see the simulations in
/// `tests/pacemaker_simulation.rs`).
pub fn may_report(cluster: &ClusterStatus, node: &str, resource: &str) -> Result<(), String> {
    let here = cluster.nodes.iter().find(|known| known.name == node);
    let Some(here) = here.filter(|node| node.online && !node.pending) else {
        return Err(format!("{node} is not an online node of the cluster"));
    };
    if cluster.maintenance || here.maintenance {
        return Err("the cluster or the node is in maintenance mode".to_owned());
    }
    let started = |instance: &&crate::observe::ClusterResource| {
        instance.id == resource
            && instance.role == "Started"
            && instance.node.as_deref() == Some(node)
    };
    match cluster.resources.iter().find(started) {
        None => Err(format!("Pacemaker has not started {resource} on {node}")),
        Some(instance) if !instance.managed => Err(format!("{resource} is unmanaged")),
        Some(instance) if instance.failed => Err("Pacemaker knows of a failure".to_owned()),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ClusterNode, ClusterResource};

    fn cluster() -> ClusterStatus {
        let node = |name: &str| ClusterNode {
            name: name.to_owned(),
            online: true,
            ..ClusterNode::default()
        };
        ClusterStatus {
            nodes: vec![node("ctl1"), node("ctl2")],
            resources: vec![ClusterResource {
                id: "slurmctld".to_owned(),
                role: "Started".to_owned(),
                node: Some("ctl1".to_owned()),
                managed: true,
                ..ClusterResource::default()
            }],
            ..ClusterStatus::default()
        }
    }

    fn refusal(change: impl Fn(&mut ClusterStatus)) -> String {
        let mut cluster = cluster();
        change(&mut cluster);
        may_report(&cluster, "ctl1", "slurmctld").expect_err("a refusal")
    }

    #[test]
    fn what_pacemaker_has_started_here_may_be_reported() {
        assert_eq!(may_report(&cluster(), "ctl1", "slurmctld"), Ok(()));
    }

    #[test]
    fn nothing_else_may() {
        let elsewhere = may_report(&cluster(), "ctl2", "slurmctld").expect_err("a refusal");
        assert_eq!(elsewhere, "Pacemaker has not started slurmctld on ctl2");
        assert!(may_report(&cluster(), "ctl1", "mariadb").is_err());
        assert!(may_report(&cluster(), "ctl3", "slurmctld").is_err());
        let told = [
            refusal(|cluster| cluster.maintenance = true),
            refusal(|cluster| cluster.nodes[0].maintenance = true),
            refusal(|cluster| cluster.nodes[0].online = false),
            refusal(|cluster| cluster.nodes[0].pending = true),
            refusal(|cluster| cluster.resources[0].managed = false),
            refusal(|cluster| cluster.resources[0].failed = true),
            refusal(|cluster| cluster.resources[0].role = "Starting".to_owned()),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        the cluster or the node is in maintenance mode
        the cluster or the node is in maintenance mode
        ctl1 is not an online node of the cluster
        ctl1 is not an online node of the cluster
        slurmctld is unmanaged
        Pacemaker knows of a failure
        Pacemaker has not started slurmctld on ctl1
        ");
    }
}
