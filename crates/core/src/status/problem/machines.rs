// SPDX-License-Identifier: Apache-2.0
//! Votes and machines.

use super::super::model::{Contact, MachineStatus, Member, Problem, Severity, Status};
use super::super::view::View;
use super::{problem, somewhere};
use crate::observe::Reading;
use crate::site::{NodeName, Role};

pub(super) fn quorum(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let mut found = Vec::new();
    if view.is_split() {
        found.push(problem(
            Severity::Down,
            "both controllers claim quorum, each without the other".to_owned(),
            "power one of them off; then on the other: drbdadm status".to_owned(),
        ));
    }
    let quorum = match &status.quorum {
        Reading::Known(quorum) => quorum,
        Reading::Unknown(why) => {
            found.push(problem(Severity::Unknown, format!("votes are not known: {why}"), None));
            return found;
        }
    };
    let votes = format!("{} of {} votes", quorum.total_votes, quorum.expected_votes);
    let place = somewhere(view, status);
    let look = format!("on {place}: corosync-quorumtool -s");
    if !quorum.quorate {
        found.push(problem(Severity::Down, format!("no quorum: {votes}"), look.clone()));
    } else if quorum.total_votes + absent(status) < quorum.expected_votes {
        found.push(problem(Severity::Degraded, format!("only {votes} are present"), look));
    }
    found.extend(arbiter(view, status, &place));
    found
}

/// The arbiter votes for each controller apart, and one vote makes both
/// quorate while they see each other: the controller that has none of it does
/// not survive the loss of the other one.
fn arbiter(view: &View<'_>, status: &Status, place: &str) -> Vec<Problem> {
    let Some(arbiter) = &status.arbiter else { return Vec::new() };
    let takes_part = |name: &&NodeName| {
        let member = status.machines.iter().find(|m| m.name == **name).and_then(|m| m.member);
        !matches!(member, Some(Member::Offline | Member::Pending | Member::Unclean))
    };
    let names = view.site.controllers.iter().map(|controller| &controller.name);
    let told: Vec<(&NodeName, Option<bool>)> = names
        .filter(takes_part)
        .filter_map(|name| Some((name, view.arbiter_vote(name)?)))
        .collect();
    let without = || told.iter().filter(|(_, vote)| *vote != Some(true));
    if without().count() == told.len() && !told.is_empty() {
        let is_registered = told.iter().any(|(_, vote)| vote.is_some());
        let what = if is_registered { "gives no vote" } else { "is not registered" };
        let next = format!("on {place}: corosync-qdevice-tool -s");
        return vec![problem(Severity::Degraded, format!("the arbiter {arbiter} {what}"), next)];
    }
    let of_one = |(name, vote): &(&NodeName, Option<bool>)| {
        let text = match vote {
            Some(_) => format!("the arbiter {arbiter} gives no vote to {name}"),
            None => format!("the arbiter {arbiter} is not registered on {name}"),
        };
        let next = format!("on {name}: corosync-qdevice-tool -s; journalctl -u corosync-qdevice");
        problem(Severity::Degraded, text, next)
    };
    without().map(of_one).collect()
}

/// Controllers that are known to be away: the votes that they take with them
/// need no further explanation.
fn absent(status: &Status) -> u32 {
    status.machines.iter().map(|machine| u32::from(machine.member == Some(Member::Offline))).sum()
}

pub(super) fn controllers(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let place = somewhere(view, status);
    // It hides the maintenance of single nodes, and ends with a word of its own.
    let of_all = view.cluster().is_some_and(|cluster| cluster.maintenance);
    let text = "Pacemaker is in maintenance mode: it does nothing".to_owned();
    let next = format!("on {place}: pcs property set maintenance-mode=false");
    let told = of_all.then(|| problem(Severity::Degraded, text, next));
    let machines = status
        .machines
        .iter()
        .filter(|machine| !(of_all && machine.member == Some(Member::Maintenance)));
    let single = machines
        .filter_map(|machine| controller(machine, machine.member?, &place, view.site.is_fenced()));
    told.into_iter().chain(single).collect()
}

fn controller(
    machine: &MachineStatus,
    member: Member,
    place: &str,
    is_fenced: bool,
) -> Option<Problem> {
    let name = &machine.name;
    let degraded = |what: &str, next: String| {
        Some(problem(Severity::Degraded, format!("{name} {what}"), next))
    };
    match member {
        Member::Online => match &machine.contact {
            Contact::Unreachable(why) => Some(unreachable(name, why)),
            Contact::Reachable | Contact::NotAsked => None,
        },
        Member::Standby => degraded(
            "is in standby: nothing can move to it",
            format!("on {place}: pcs node unstandby {name}"),
        ),
        Member::Maintenance => degraded(
            "is in maintenance: Pacemaker does nothing",
            format!("on {place}: pcs node unmaintenance {name}"),
        ),
        Member::Pending => degraded("is joining", format!("on {name}: journalctl -u pacemaker")),
        Member::Unclean => degraded(
            "is unclean: it waits to be fenced, and until then nothing is promoted",
            format!(
                "repair its BMC; or cut its power by hand and then, on {place}: \
                 stonith_admin --confirm {name}"
            ),
        ),
        Member::Offline if machine.contact == Contact::Reachable => degraded(
            "takes no part in the cluster",
            format!("on {name}: systemctl start pacemaker"),
        ),
        Member::Offline => degraded(
            "is offline: the next failure would end the service",
            match is_fenced {
                true => format!("if it is off, on {place}: stonith_admin --unfence {name}"),
                false => format!("power {name} on, if it is off"),
            },
        ),
        Member::Unknown => Some(problem(
            Severity::Unknown,
            format!("what {name} does is not known"),
            match &machine.contact {
                Contact::Unreachable(_) => format!("ssh {name}"),
                Contact::Reachable | Contact::NotAsked => format!("on {name}: crm_mon -1"),
            },
        )),
    }
}

/// Controllers whose link to the cluster network is dead.
pub(super) fn hidden(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let nodes = view.cluster().into_iter().flat_map(|cluster| &cluster.nodes);
    let hidden = nodes.filter(|node| node.online && node.reaches_nobody);
    hidden
        .map(|node| {
            let name = &node.name;
            let is_active = status.active.as_ref().is_some_and(|active| active.as_str() == name);
            let network = view.site.networks.cluster;
            problem(
                if is_active { Severity::Down } else { Severity::Degraded },
                format!("{name} reaches nobody in {network}, so no client reaches it"),
                format!("on {name}: ip -statistics link; look at the cable and the switch"),
            )
        })
        .collect()
}

/// Machines outside the control plane. Pacemaker does not know them, so
/// nothing but the attempt to reach them tells anything.
pub(super) fn others(status: &Status) -> Vec<Problem> {
    let outside = status.machines.iter().filter(|m| !m.roles.contains(&Role::Controller));
    outside
        .filter_map(|machine| match &machine.contact {
            Contact::Unreachable(why) => Some(unreachable(&machine.name, why)),
            Contact::Reachable | Contact::NotAsked => None,
        })
        .collect()
}

fn unreachable(name: &NodeName, why: &str) -> Problem {
    // Most reasons begin with the machine's name already.
    let text = match why.strip_prefix(name.as_str()) {
        Some(rest) if rest.starts_with([' ', ':']) => why.to_owned(),
        _ => format!("{name} could not be reached: {why}"),
    };
    problem(Severity::Unknown, text, format!("ssh {name}"))
}
