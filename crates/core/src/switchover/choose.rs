// SPDX-License-Identifier: Apache-2.0
//! Where the role shall go, and what stands in the way.

use thiserror::Error;

use crate::observe::{DrbdStatus, Health, Reading};
use crate::site::{NodeName, Site};
use crate::status::{Contact, Member, Problem, Severity, Status};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The role moves.
    Move {
        /// The controller that has it.
        from: NodeName,
        /// The other one.
        to: NodeName,
    },
    /// It is where it was wanted.
    Already(NodeName),
}

/// Why there is nothing to choose.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The name is not that of a controller.
    #[error("{0} is no controller of this site: they are {1} and {2}")]
    NoController(String, NodeName, NodeName),
    /// Nothing is active, or it could not be told what is.
    #[error("no controller is known to be active, so there is nothing to move")]
    NothingActive,
}

/// From the active controller to the other one, or to the named one.
///
/// # Errors
/// When the name is none of a controller's, or no controller is active.
pub fn choose(site: &Site, status: &Status, to: Option<&str>) -> Result<Choice, Unfit> {
    let to = controller_of(site, to)?;
    let from = status.active.clone().ok_or(Unfit::NothingActive)?;
    let [first, second] = [&site.controllers[0].name, &site.controllers[1].name];
    let other = if from == *first { second } else { first };
    match to {
        Some(name) if *name == from => Ok(Choice::Already(from)),
        _ => Ok(Choice::Move { from, to: other.clone() }),
    }
}

/// The controller of that name, if a name was given.
///
/// # Errors
/// [`Unfit::NoController`], which no look at the machines would change.
pub fn controller_of<'a>(site: &'a Site, to: Option<&str>) -> Result<Option<&'a NodeName>, Unfit> {
    let Some(wanted) = to else { return Ok(None) };
    let [first, second] = [&site.controllers[0].name, &site.controllers[1].name];
    let found = [first, second].into_iter().find(|known| known.as_str() == wanted);
    let unfit = || Unfit::NoController(wanted.to_owned(), first.clone(), second.clone());
    found.map(Some).ok_or_else(unfit)
}

/// What a status was seen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View<'a> {
    /// Both controllers were asked.
    Whole,
    /// This controller alone, by itself. What it says of the other one is
    /// Pacemaker's word and DRBD's, which both sides share.
    Own(&'a NodeName),
}

impl View<'_> {
    fn asks(self, name: &NodeName) -> bool {
        match self {
            Self::Whole => true,
            Self::Own(own) => own == name,
        }
    }
}

/// Everything that makes a move unsafe. Compute and login nodes that are away
/// are none of it: a large site never has all of them.
pub fn obstacles(status: &Status, view: View<'_>, from: &NodeName, to: &NodeName) -> Vec<Problem> {
    let mut obstacles: Vec<Problem> =
        status.problems.iter().filter(|problem| !problem.outside).cloned().collect();
    // What follows is a problem of the status already, unless it is unknown
    // in a way that nobody thought of: a move needs proof, not silence.
    let unproven = unproven(status, view, from, to);
    if obstacles.is_empty() {
        obstacles.extend(unproven);
    }
    obstacles
}

fn unproven(status: &Status, view: View<'_>, from: &NodeName, to: &NodeName) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut demand = |proven: bool, text: String, next: String| {
        if !proven {
            let severity = Severity::Unknown;
            found.push(Problem {
                severity,
                text,
                next: Some(next),
                outside: false,
                weakness: false,
            });
        }
    };
    for name in [from, to] {
        let machine = status.machines.iter().find(|machine| machine.name == *name);
        demand(
            !view.asks(name) || machine.is_some_and(|m| m.contact == Contact::Reachable),
            format!("{name} was not reached"),
            format!("ssh {name}"),
        );
        demand(
            machine.is_some_and(|m| m.member == Some(Member::Online)),
            format!("{name} is not known to be online"),
            format!("on {name}: crm_mon -1"),
        );
        let side = status.replication.get(name).and_then(Reading::known);
        demand(
            !view.asks(name) || side.is_some_and(is_in_sync),
            format!("DRBD on {name} is not known to be connected and up to date"),
            format!("on {name}: drbdadm status"),
        );
    }
    let quorate = status.quorum.known().is_some_and(|quorum| quorum.quorate);
    demand(quorate, "quorum is not known".to_owned(), format!("on {from}: corosync-quorumtool -s"));
    demand(
        status.daemons.slurmctld == Health::Up,
        "slurmctld is not known to answer".to_owned(),
        format!("on {from}: scontrol ping"),
    );
    found
}

/// Connected, and both sides have all data.
pub(super) fn is_in_sync(side: &DrbdStatus) -> bool {
    side.connection == "Connected"
        && !side.suspended
        && !side.volumes.is_empty()
        && side.volumes.iter().all(|v| v.disk == "UpToDate" && v.peer_disk == "UpToDate")
}
