// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker's fencer remembers of each controller. It forgets when
//! Pacemaker has been stopped everywhere.

use jiff::Timestamp;

use super::controllers;
use crate::metrics::family::{Family, Value as _};
use crate::observe::{ClusterStatus, FencingEvent};
use crate::site::Site;

pub(super) fn families(site: &Site, cluster: Option<&ClusterStatus>) -> [Family; 3] {
    let last = |name, help, status: &str| {
        Family::gauge(name, help).each("node", controllers(site), |node| {
            cluster.map(|cluster| last_ended(cluster, node, status))
        })
    };
    [
        last(
            "slurmha_pacemaker_fencing_last_success_timestamp_seconds",
            "When the controller was fenced last; 0 for never.",
            "success",
        ),
        last(
            "slurmha_pacemaker_fencing_last_failure_timestamp_seconds",
            "When fencing the controller failed last; 0 for never.",
            "failed",
        ),
        Family::gauge(
            "slurmha_pacemaker_fencing_pending",
            "Whether the controller is being fenced at this moment.",
        )
        .each("node", controllers(site), |node| {
            cluster.map(|cluster| of(cluster, node, "pending").next().is_some())
        }),
    ]
}

/// Seconds since 1970; 0 for never, NaN for a time that cannot be read.
fn last_ended(cluster: &ClusterStatus, node: &str, status: &str) -> f64 {
    let times: Option<Vec<Timestamp>> =
        of(cluster, node, status).map(FencingEvent::ended_at).collect();
    times.map(|times| times.into_iter().max().unwrap_or_default()).number()
}

fn of<'a>(
    cluster: &'a ClusterStatus,
    node: &str,
    status: &str,
) -> impl Iterator<Item = &'a FencingEvent> {
    cluster.fencing.iter().filter(move |event| event.is_fence_of(node) && event.status == status)
}
