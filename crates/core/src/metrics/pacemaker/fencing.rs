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
        of(cluster, node, status).map(|event| timestamp(&event.completed)).collect();
    times.map(|times| times.into_iter().max().unwrap_or_default()).number()
}

fn of<'a>(
    cluster: &'a ClusterStatus,
    node: &str,
    status: &str,
) -> impl Iterator<Item = &'a FencingEvent> {
    cluster.fencing.iter().filter(move |event| event.is_fence_of(node) && event.status == status)
}

/// `2026-11-25 07:51:19Z`, or with the zone of the machine
/// `2026-11-25 08:51:19 +01:00` (`crm_time_as_string`, iso8601.c of 2.1.5).
fn timestamp(text: &str) -> Option<Timestamp> {
    text.replace(" +", "+").replace(" -", "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn times_are_read_in_every_zone() {
        let seconds = |text: &str| timestamp(text).map(|it| it.as_second());
        assert_eq!(seconds("2026-11-25 07:51:19Z"), Some(1_795_593_079));
        assert_eq!(seconds("2026-11-25 08:51:19 +01:00"), Some(1_795_593_079));
        assert_eq!(seconds("2026-11-25 02:21:19 -05:30"), Some(1_795_593_079));
        assert_eq!(seconds("yesterday"), None);
    }
}
