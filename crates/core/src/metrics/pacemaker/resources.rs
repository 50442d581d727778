// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker runs, and where.

use std::collections::BTreeSet;

use super::controllers;
use crate::metrics::family::Family;
use crate::observe::{ClusterResource, ClusterStatus};
use crate::render::cib::{ACTIVE_RESOURCES, device_id, id};
use crate::site::Site;

pub(super) fn families(site: &Site, cluster: Option<&ClusterStatus>) -> [Family; 5] {
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
    ]
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
    ids.fold(family, |family, id| {
        controllers(site).into_iter().fold(family, |family, node| {
            let there = |it: &ClusterResource| it.node.as_deref() == Some(node) && is(it);
            let value = cluster.map(|cluster| instances(cluster, id).any(there));
            family.with(&[("resource", id), ("node", node)], value)
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
