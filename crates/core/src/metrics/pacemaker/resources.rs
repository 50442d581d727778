// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker runs, and where.

use std::collections::BTreeSet;

use super::controllers;
use crate::metrics::family::{Family, Value};
use crate::observe::{ClusterResource, ClusterStatus, FailCount};
use crate::render::cib::{ACTIVE_RESOURCES, device_id, id};
use crate::site::Site;

pub(super) fn families(site: &Site, cluster: Option<&ClusterStatus>) -> [Family; 6] {
    let ids = ids(site, cluster);
    let promotable = ids.iter().filter(|id| is_promotable(id, cluster));
    let any = |name, help, is: fn(&ClusterResource) -> bool| {
        Family::gauge(name, help).each("resource", ids.iter().map(String::as_str), |id| {
            cluster.map(|cluster| instances(cluster, id).any(is))
        })
    };
    [
        places(
            Family::gauge(
                "slurmha_pacemaker_resource_active",
                "Whether the resource is active on the controller, in whatever role.",
            ),
            site,
            ids.iter(),
            cluster,
            is_active,
        ),
        places(
            Family::gauge(
                "slurmha_pacemaker_resource_promoted",
                "Whether the resource has the promoted role on the controller.",
            ),
            site,
            promotable,
            cluster,
            |resource| resource.role == "Promoted",
        ),
        any(
            "slurmha_pacemaker_resource_failed",
            "Whether Pacemaker regards an instance as failed.",
            |resource| resource.failed,
        ),
        any(
            "slurmha_pacemaker_resource_blocked",
            "Whether an instance waits for a person, after a failure that Pacemaker cannot handle.",
            |resource| resource.blocked,
        ),
        Family::gauge(
            "slurmha_pacemaker_resource_managed",
            "Whether Pacemaker manages every instance; 0 also for one that is not configured.",
        )
        .each("resource", ids.iter().map(String::as_str), |id| {
            cluster.map(|cluster| is_managed(cluster, id))
        }),
        fail_counts(site, &ids, cluster),
    ]
}

fn fail_counts(site: &Site, ids: &BTreeSet<String>, cluster: Option<&ClusterStatus>) -> Family {
    let family = Family::gauge(
        "slurmha_pacemaker_resource_failures",
        "Failures of the resource on the controller that count; 1000000 bars it at once.",
    );
    each_place(family, site, ids.iter(), |id, node| {
        cluster.map(|cluster| {
            let there = |it: &&FailCount| it.resource == id && it.node == node;
            cluster.fail_counts.iter().filter(there).map(|it| it.count).sum::<u64>()
        })
    })
}

/// What the site's cluster has, whether or not Pacemaker can be asked, and
/// what others have added.
fn ids(site: &Site, cluster: Option<&ClusterStatus>) -> BTreeSet<String> {
    let devices = site.controllers.iter().filter(|it| it.fence.is_some()).map(device_id);
    let own = ACTIVE_RESOURCES.into_iter().chain([id::DRBD]).map(str::to_owned);
    let told = cluster.into_iter().flat_map(|it| &it.resources).map(|it| it.id.clone());
    own.chain(devices).chain(told).collect()
}

fn is_promotable(resource: &str, cluster: Option<&ClusterStatus>) -> bool {
    let has_role = |it: &ClusterResource| matches!(&*it.role, "Promoted" | "Unpromoted");
    resource == id::DRBD || cluster.is_some_and(|it| instances(it, resource).any(has_role))
}

fn places<'a>(
    family: Family,
    site: &Site,
    ids: impl Iterator<Item = &'a String>,
    cluster: Option<&ClusterStatus>,
    is: fn(&ClusterResource) -> bool,
) -> Family {
    each_place(family, site, ids, |id, node| {
        let there = |it: &ClusterResource| it.node.as_deref() == Some(node) && is(it);
        cluster.map(|cluster| instances(cluster, id).any(there))
    })
}

/// The family with a series for each resource on each controller.
fn each_place<'a, V: Value>(
    family: Family,
    site: &Site,
    ids: impl Iterator<Item = &'a String>,
    value: impl Fn(&str, &str) -> V,
) -> Family {
    ids.fold(family, |family, id| {
        controllers(site).into_iter().fold(family, |family, node| {
            family.with(&[("resource", id), ("node", node)], value(id, node))
        })
    })
}

fn instances<'a>(
    cluster: &'a ClusterStatus,
    id: &str,
) -> impl Iterator<Item = &'a ClusterResource> {
    cluster.resources.iter().filter(move |resource| resource.id == id)
}

fn is_active(resource: &ClusterResource) -> bool {
    !matches!(&*resource.role, "Stopped" | "Starting")
}

fn is_managed(cluster: &ClusterStatus, id: &str) -> bool {
    let mut instances = instances(cluster, id).peekable();
    instances.peek().is_some() && instances.all(|instance| instance.managed)
}
