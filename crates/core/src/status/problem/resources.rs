// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker runs, and what keeps it from running.

use std::collections::BTreeMap;

use super::super::model::{Problem, ResourceStatus, Severity, Status};
use super::super::view::View;
use super::{problem, somewhere};
use crate::fence_peer::OUTDATED;
use crate::observe::{ClusterBan, ClusterNode, Preference, Reading};
use crate::render::cib::{ACTIVE_RESOURCES, device_id, id};

/// Made by the fence handler that comes with DRBD, as ours makes [`OUTDATED`].
const DRBD_BAN: &str = "drbd-fence-by-handler-";

/// How the ids of bans begin that a program has made.
const KNOWN_BANS: [&str; 3] = ["cli-", DRBD_BAN, "slurmha-"];

/// How [`ResourceStatus`] says that Pacemaker keeps its hands off.
const UNMANAGED: &str = "unmanaged";

pub(super) fn resources(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let place = somewhere(view, status);
    let resources = match &status.resources {
        Reading::Known(resources) => resources,
        Reading::Unknown(why) => {
            let text = format!("Pacemaker's resources are not known: {why}");
            return vec![problem(Severity::Unknown, text, format!("on {place}: crm_mon -1"))];
        }
    };
    let promoted = drbd_is_promoted(resources);
    let mut found = Vec::new();
    found.extend(not_configured(view, resources));
    found.extend(drbd(view, resources, &place));
    found.extend(not_started(view, status, resources, promoted, &place));
    found.extend(resources.iter().filter_map(|resource| marked(view, resource, &place)));
    for failure in &status.failures {
        let reason = if failure.reason.is_empty() { &failure.status } else { &failure.reason };
        let text = format!("{} failed on {}: {reason}", failure.operation, failure.node);
        let resource = failure.operation.rsplitn(3, '_').last().unwrap_or_default();
        let next = format!("look into it, then on {place}: crm_resource --cleanup -r {resource}");
        found.push(problem(Severity::Degraded, text, next));
    }
    // DRBD's own constraint goes when the machine that is away is back.
    let explained = |ban: &&ClusterBan| is_of_drbd(ban) && status.is_offline(&ban.node);
    let bans = status.leftover_bans.iter().filter(|ban| !explained(ban));
    found.extend(bans.map(|ban| leftover_ban(ban, &place)));
    found.extend(bans_by_hand(view, &place));
    found.extend(preferences(view, status, &place));
    found
}

/// Fence devices that have a place to run: one runs on the other controller.
/// Where fencing is switched off, which is told, nobody needs them.
fn fence_devices(view: &View<'_>, status: &Status) -> Vec<String> {
    if view.cluster().is_some_and(|cluster| !cluster.fencing_enabled) {
        return Vec::new();
    }
    let [first, second] = &view.site.controllers;
    [(first, second), (second, first)]
        .into_iter()
        .filter(|(own, other)| own.fence.is_some() && !status.is_offline(other.name.as_str()))
        .map(|(own, _)| device_id(own))
        .collect()
}

fn not_configured(view: &View<'_>, resources: &[ResourceStatus]) -> Option<Problem> {
    let devices = view.site.controllers.iter().filter(|c| c.fence.is_some()).map(device_id);
    let expected = ACTIVE_RESOURCES.iter().map(|id| (*id).to_owned()).chain(devices);
    let missing: Vec<String> =
        expected.filter(|id| !resources.iter().any(|resource| resource.id == *id)).collect();
    (!missing.is_empty()).then(|| {
        let text = format!("not configured: {}", missing.join(", "));
        problem(Severity::Degraded, text, "slurmha plan".to_owned())
    })
}

/// What should run and does not, one problem for each role (`stopped`,
/// `starting`, ...). Without a promoted DRBD nothing else can run, so that
/// what depends on it is no news.
fn not_started(
    view: &View<'_>,
    status: &Status,
    resources: &[ResourceStatus],
    promoted: bool,
    place: &str,
) -> Vec<Problem> {
    let dependent = ACTIVE_RESOURCES.iter().map(|id| (*id).to_owned()).filter(|_| promoted);
    let expected: Vec<String> = dependent.chain(fence_devices(view, status)).collect();
    let mut by_role: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for resource in resources.iter().filter(|resource| expected.contains(&resource.id)) {
        let started = resource.instances.iter().any(|i| i.role == "Started" && i.node.is_some());
        if !started {
            let role = resource.instances.first().map_or("Stopped", |i| i.role.as_str());
            by_role.entry(role.to_lowercase()).or_default().push(&resource.id);
        }
    }
    by_role
        .into_iter()
        .map(|(role, ids)| {
            let text = format!("{role}: {}", ids.join(", "));
            problem(Severity::Degraded, text, format!("on {place}: crm_mon -1rf"))
        })
        .collect()
}

fn drbd_is_promoted(resources: &[ResourceStatus]) -> bool {
    resources.iter().any(|resource| {
        resource.id == id::DRBD && resource.instances.iter().any(|i| i.role == "Promoted")
    })
}

/// One side promoted, one not; a controller that is away is told elsewhere.
fn drbd(view: &View<'_>, resources: &[ResourceStatus], place: &str) -> Option<Problem> {
    let drbd = resources.iter().find(|resource| resource.id == id::DRBD)?;
    let online = view.cluster()?.nodes.iter().filter(|n| n.online && !n.standby).count();
    let running = drbd.instances.iter().filter(|i| i.node.is_some()).count();
    let text = match drbd_is_promoted(resources) {
        false => "DRBD is promoted nowhere, so nothing can run".to_owned(),
        true if running < online => format!("DRBD runs on {running} of {online} controllers"),
        true => return None,
    };
    Some(problem(Severity::Degraded, text, format!("on {place}: crm_mon -1rf")))
}

/// In maintenance, which is told, Pacemaker takes its hands off everything that
/// is there (complex.c of 2.1, `pe__unpack_resource`; native.c, `native_add_running`, for one
/// node): the mark is no news, and its cure would leave an attribute with each resource.
fn marked(view: &View<'_>, resource: &ResourceStatus, place: &str) -> Option<Problem> {
    let cluster = view.cluster();
    let in_maintenance = |node: Option<&str>| {
        cluster.is_some_and(|cluster| {
            let is_set_aside = |n: &ClusterNode| n.maintenance && Some(n.name.as_str()) == node;
            cluster.maintenance || cluster.nodes.iter().any(is_set_aside)
        })
    };
    let mark = resource.instances.iter().find_map(|instance| {
        let is_news =
            |mark: &&String| *mark != UNMANAGED || !in_maintenance(instance.node.as_deref());
        instance.marks.iter().find(is_news)
    })?;
    let next = if mark == UNMANAGED {
        format!("on {place}: crm_resource -r {} --meta -p is-managed -v true", resource.id)
    } else {
        format!("on {place}: crm_mon -1rf")
    };
    Some(problem(Severity::Degraded, format!("{} is {mark}", resource.id), next))
}

fn is_of_drbd(ban: &ClusterBan) -> bool {
    [DRBD_BAN, OUTDATED].iter().any(|start| ban.id.starts_with(start))
}

fn leftover_ban(ban: &ClusterBan, place: &str) -> Problem {
    let ClusterBan { id, node, .. } = ban;
    if id.starts_with(OUTDATED) {
        let text = format!("DRBD may not be promoted on {node}: the other side has newer data");
        // It refuses as long as DRBD is not in sync.
        let next = format!("it ends with the resync; after it, on {node}: slurmha unfence-peer");
        return problem(Severity::Degraded, text, next);
    }
    if id.starts_with(DRBD_BAN) {
        // Made on the side that wrote alone: the other one has old data, and
        // lifting the ban by hand would throw the newer away.
        let text = format!("DRBD may not be promoted on {node}: the other side has newer data");
        let next = "bring the other controller back; the ban goes when DRBD is in sync".to_owned();
        return problem(Severity::Degraded, text, next);
    }
    let text = format!("a constraint is left over: {id}");
    problem(
        Severity::Degraded,
        text,
        format!("on {place}: crm_resource --clear -r {}", ban.resource),
    )
}

/// What somebody has kept off a controller in words of their own, such as `pcs
/// constraint location slurmctld avoids ctl2`: what has to run together cannot
/// run there. Ids that begin as ours or crm_resource's are told elsewhere, and
/// the bans of the configuration are about fence devices alone.
fn bans_by_hand(view: &View<'_>, place: &str) -> Vec<Problem> {
    let is_needed = |resource: &str| {
        [id::DRBD, id::DRBD_CLONE].contains(&resource) || ACTIVE_RESOURCES.contains(&resource)
    };
    let is_by_hand = |ban: &&ClusterBan| {
        is_needed(&ban.resource)
            && view.site.controllers.iter().any(|c| c.name.as_str() == ban.node)
            && !KNOWN_BANS.iter().any(|start| ban.id.starts_with(start))
    };
    let bans = view.cluster().into_iter().flat_map(|cluster| &cluster.bans);
    bans.filter(is_by_hand)
        .map(|ClusterBan { id, resource, node, .. }| {
            let text = format!("{id} keeps {resource} off {node}");
            let next = format!("on {place}: pcs constraint delete {id}");
            problem(Severity::Degraded, text, next)
        })
        .collect()
}

/// Nothing is wrong yet with what somebody has moved by hand: when the other
/// controller has had to take over, the role comes back by itself, and clients
/// wait a second time.
fn preferences(view: &View<'_>, status: &Status, place: &str) -> Vec<Problem> {
    if let Some(Reading::Unknown(why)) = view.preferences() {
        let text = format!("whether somebody has moved a resource by hand is not known: {why}");
        let next = format!("on {place}: pcs constraint location");
        return vec![problem(Severity::Unknown, text, next)];
    }
    let told = status.leftover_preferences.iter().map(|preference| {
        let Preference { id, resource, node, .. } = preference;
        let text = format!("a constraint is left over: {id} prefers {node} for ever");
        problem(Severity::Degraded, text, format!("on {place}: crm_resource --clear -r {resource}"))
    });
    told.collect()
}
