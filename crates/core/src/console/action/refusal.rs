// SPDX-License-Identifier: Apache-2.0
//! Why something is not done now.

use serde::Serialize;

use super::Action;
use crate::observe::{DrbdStatus, Health, Reading};
use crate::site::{NodeName, Site};
use crate::status::{Member, Status};
use crate::switchover::{Choice, View, choose, obstacles};

/// Why something is not done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Why; a reason has a line of its own.
    pub text: String,
    /// What to type next.
    pub next: Vec<String>,
}

impl Refusal {
    /// Nobody has told yet how the cluster is.
    pub fn unknown() -> Self {
        Self::new("how the cluster is now is not known yet", "try again")
    }

    fn new(text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { text: text.into(), next: vec![next.into()] }
    }
}

/// Why this action would not be safe, or is none; nothing when it may be done.
pub fn refusal(site: &Site, status: &Status, view: View<'_>, action: &Action) -> Option<Refusal> {
    match action {
        Action::Switchover(to) => switchover(site, status, view, to),
        Action::Standby(name) => standby(status, name),
        Action::Unstandby(name) => match member(status, name) {
            Member::Standby => None,
            member => Some(Refusal::new(
                format!(
                    "{name} is not in standby, so that there is nothing to take back: {}",
                    member.word()
                ),
                "slurmha status",
            )),
        },
    }
}

/// Why a move would not be safe, in the words of `slurmha switchover`.
pub fn unsafe_move(
    status: &Status,
    view: View<'_>,
    from: &NodeName,
    to: &NodeName,
) -> Option<Refusal> {
    let obstacles = obstacles(status, view, from, to);
    if obstacles.is_empty() {
        return None;
    }
    let reasons: Vec<String> = obstacles.iter().map(|o| format!("\n  {}", o.text)).collect();
    let text = format!("it is not safe to move from {from} to {to}{}", reasons.concat());
    let mut next: Vec<String> = obstacles.into_iter().filter_map(|o| o.next).collect();
    next.dedup();
    Some(Refusal { text, next })
}

fn switchover(site: &Site, status: &Status, view: View<'_>, to: &NodeName) -> Option<Refusal> {
    match choose(site, status, Some(to.as_str())) {
        Ok(Choice::Move { from, to }) => unsafe_move(status, view, &from, &to),
        Ok(Choice::Already(active)) => {
            let text = format!("{active} is active already, so there is nothing to move");
            Some(Refusal { text, next: Vec::new() })
        }
        Err(unfit) => Some(Refusal::new(unfit.to_string(), "slurmha status tells what is wrong")),
    }
}

/// A controller is set aside when it is not needed: another one serves, with
/// its own copy of the data, and nothing is on its way from here to there.
fn standby(status: &Status, name: &NodeName) -> Option<Refusal> {
    let Some(active) = &status.active else {
        let why = "no controller is known to be active: this one may be needed";
        return Some(Refusal::new(why, "slurmha status tells what is wrong"));
    };
    if active == name {
        return Some(Refusal::new(
            format!("{name} is active: its role has to move away first"),
            "slurmha switchover",
        ));
    }
    match member(status, name) {
        Member::Online => {}
        Member::Standby => {
            let text = format!("{name} is set aside already");
            return Some(Refusal { text, next: Vec::new() });
        }
        member => {
            let text =
                format!("{name} is not a member of the cluster that runs: {}", member.word());
            return Some(Refusal::new(text, "slurmha status tells what is wrong"));
        }
    }
    if status.daemons.slurmctld != Health::Up {
        return Some(Refusal::new(
            format!("slurmctld is not known to answer on {active}: {name} may have to take over"),
            format!("on {active}: scontrol ping"),
        ));
    }
    let sides = &status.replication;
    let has_all = |side: &DrbdStatus| {
        !side.volumes.is_empty() && side.volumes.iter().all(|volume| volume.disk == "UpToDate")
    };
    let peer_has_all = |side: &DrbdStatus| {
        !side.volumes.is_empty() && side.volumes.iter().all(|volume| volume.peer_disk == "UpToDate")
    };
    let known = |name: &NodeName| sides.get(name).and_then(Reading::known);
    let is_proven = known(active).map(has_all).or_else(|| known(name).map(peer_has_all));
    (is_proven != Some(true)).then(|| {
        Refusal::new(
            format!("{active} is not known to have all data itself: {name} may be needed for it"),
            format!("on {active}: drbdadm status"),
        )
    })
}

fn member(status: &Status, name: &NodeName) -> Member {
    let machine = status.machines.iter().find(|machine| machine.name == *name);
    machine.and_then(|machine| machine.member).unwrap_or(Member::Unknown)
}
