// SPDX-License-Identifier: Apache-2.0
//! From what each machine answered to one status.

use std::collections::BTreeMap;

use super::model::{
    Contact, Daemons, MachineStatus, Member, ResourceInstance, ResourceStatus, Severity, Status,
    Verdict, Vip,
};
use super::problem::problems;
use super::safeguard::is_left_behind;
pub use super::view::Answers;
use super::view::View;
use crate::fence_peer::OUTDATED;
use crate::observe::{
    ClusterBan, ClusterResource, ClusterStatus, DrbdStatus, Health, NOT_ASKED, Preference, Reading,
    SlurmStatus,
};
use crate::render::cib::id;
use crate::site::{Machine, NodeName, Site};

/// Location constraints that a person or DRBD's handler made on the way, in
/// contrast to those that belong to the configuration.
const LEFTOVER_BANS: [&str; 3] = ["cli-ban-", "drbd-fence-by-handler-", OUTDATED];

/// Puts the answers together. Machines without an entry were not asked.
pub fn assemble(site: &Site, answers: &Answers) -> Status {
    let view = View { site, answers };
    let cluster = view.cluster();
    let mut status = Status {
        cluster: site.cluster_name.clone(),
        verdict: Verdict::Unknown,
        problems: Vec::new(),
        active: active(&view),
        quorum: view.quorum(),
        arbiter: site.arbiter.as_ref().map(|arbiter| arbiter.name.clone()),
        dc: cluster.and_then(|cluster| cluster.dc.clone()),
        machines: site.machines().into_iter().map(|machine| contact(&view, machine)).collect(),
        replication: site.controllers.iter().map(|c| replication(&view, &c.name)).collect(),
        resources: match cluster {
            Some(cluster) => Reading::Known(resources(cluster)),
            None => Reading::Unknown(view.why_unknown(|o| &o.cluster)),
        },
        vip: Vip {
            address: site.vip,
            holder: cluster.and_then(|cluster| holder(cluster, id::VIP)),
        },
        daemons: Daemons {
            slurmctld: view.health(|slurm| &slurm.slurmctld),
            slurmdbd: asked(view.health(|slurm| &slurm.slurmdbd)),
            mariadb: view.health(|slurm| &slurm.mariadb),
            records_waiting: view.slurm().find_map(|(_, slurm)| slurm.records_waiting),
            waits_until: view.slurm().find_map(|(_, slurm)| slurm.waits_until),
        },
        jobs: counts(&view, |slurm| &slurm.jobs),
        nodes: counts(&view, |slurm| &slurm.nodes),
        fencing: cluster.map(|cluster| cluster.fencing.clone()).unwrap_or_default(),
        failures: cluster.map(|cluster| cluster.failures.clone()).unwrap_or_default(),
        leftover_bans: cluster.map(leftover_bans).unwrap_or_default(),
        leftover_preferences: leftover_preferences(&view),
    };
    status.problems = problems(&view, &status);
    status.problems.sort_by_key(|problem| problem.severity);
    status.verdict = verdict(&status);
    status
}

/// Down needs proof, healthy needs proof; the rest is in between. Without
/// Corosync's and Pacemaker's word nobody knows what the next failure does.
fn verdict(status: &Status) -> Verdict {
    let worst = status.problems.iter().map(|problem| problem.severity).min();
    let told = status.quorum.known().is_some() && status.resources.known().is_some();
    match (&status.daemons.slurmctld, worst) {
        (_, Some(Severity::Down)) | (Health::Down(_), _) => Verdict::Down,
        (Health::Up, None) => Verdict::Healthy,
        (Health::Up, Some(Severity::Degraded)) => Verdict::Degraded,
        (Health::Up, Some(Severity::Unknown)) if told => Verdict::Degraded,
        _ => Verdict::Unknown,
    }
}

/// Where the scheduler runs or, while it does not, where DRBD is primary. Of a
/// machine that waits to be fenced Pacemaker only knows what was there.
fn active(view: &View<'_>) -> Option<NodeName> {
    let cluster = view.cluster()?;
    let promoted = || {
        let promoted = |r: &&ClusterResource| r.id == id::DRBD && r.role == "Promoted";
        cluster.resources.iter().find(promoted)?.node.clone()
    };
    let is_unclean = |name: &String| cluster.nodes.iter().any(|n| n.name == *name && n.unclean);
    let place = holder(cluster, id::SLURMCTLD).or_else(promoted);
    place.filter(|name| !is_unclean(name)).map(NodeName)
}

fn holder(cluster: &ClusterStatus, resource: &str) -> Option<String> {
    let started = |r: &&ClusterResource| r.id == resource && r.role == "Started";
    cluster.resources.iter().find(started)?.node.clone()
}

fn contact(view: &View<'_>, machine: Machine) -> MachineStatus {
    let contact = match view.answers.get(&machine.name) {
        Some(Ok(_)) => Contact::Reachable,
        Some(Err(why)) => Contact::Unreachable(why.clone()),
        None => Contact::NotAsked,
    };
    let is_controller = view.site.controller(&machine.name).is_some();
    let told = |cluster| Member::told_by(cluster, machine.name.as_str());
    let member = is_controller.then(|| view.cluster().map_or(Member::Unknown, told));
    MachineStatus { name: machine.name, roles: machine.roles, contact, member }
}

fn replication(view: &View<'_>, name: &NodeName) -> (NodeName, Reading<DrbdStatus>) {
    let reading = match view.answers.get(name) {
        Some(Ok(observation)) => observation.drbd.clone(),
        Some(Err(why)) => Reading::Unknown(why.clone()),
        None => Reading::Unknown("not asked from here".to_owned()),
    };
    (name.clone(), reading)
}

/// Instances of one resource together, in the order of Pacemaker's list.
fn resources(cluster: &ClusterStatus) -> Vec<ResourceStatus> {
    let mut found: Vec<ResourceStatus> = Vec::new();
    for resource in &cluster.resources {
        let instance = ResourceInstance {
            role: resource.role.clone(),
            node: resource.node.clone(),
            marks: marks(resource),
        };
        match found.iter_mut().find(|known| known.id == resource.id) {
            Some(known) => known.instances.push(instance),
            None => {
                found.push(ResourceStatus { id: resource.id.clone(), instances: vec![instance] })
            }
        }
    }
    found
}

fn marks(resource: &ClusterResource) -> Vec<String> {
    [(resource.failed, "failed"), (resource.blocked, "blocked"), (!resource.managed, "unmanaged")]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| mark.to_owned())
        .collect()
}

/// Constraints that an action left behind, and nobody has taken away.
pub fn leftover_bans(cluster: &ClusterStatus) -> Vec<ClusterBan> {
    let leftover = |ban: &&ClusterBan| LEFTOVER_BANS.iter().any(|start| ban.id.starts_with(start));
    cluster.bans.iter().filter(leftover).cloned().collect()
}

/// Preferences that nothing ends.
fn leftover_preferences(view: &View<'_>) -> Vec<Preference> {
    let known = view.preferences().and_then(|reading| reading.known());
    known.into_iter().flatten().filter(|preference| is_left_behind(preference)).cloned().collect()
}

/// slurmdbd answers everybody: when nobody has asked it, nothing is known.
fn asked(health: Health) -> Health {
    if health == Health::Elsewhere { Health::default() } else { health }
}

/// Counts from a machine that has asked, and to which slurmctld answered.
fn counts(
    view: &View<'_>,
    part: impl Fn(&SlurmStatus) -> &Reading<BTreeMap<String, u64>>,
) -> Reading<BTreeMap<String, u64>> {
    let answered = || view.slurm().filter(|(_, slurm)| slurm.slurmctld == Health::Up);
    let known = || answered().map(|(_, slurm)| part(slurm)).find(|told| told.known().is_some());
    let why =
        || answered().find_map(|(_, slurm)| part(slurm).why().filter(|why| *why != NOT_ASKED));
    match (known(), why()) {
        (Some(counts), _) => counts.clone(),
        (None, Some(why)) => Reading::Unknown(why.to_owned()),
        (None, None) => Reading::Unknown("slurmctld did not answer".to_owned()),
    }
}
