// SPDX-License-Identifier: Apache-2.0
//! Which faults cannot be played together, and which the cluster cannot be
//! expected to survive together.
//!
//! The rules know nothing of times: a machine that was lost may be away until
//! the drill ends, and data that were not copied may be missing until then.

use thiserror::Error;

use super::Planned;
use crate::drill::fault::{Daemon, DiskFault, Disturbance, Fault, Links, Side};

/// Why faults do not go together. Names are those of the drills.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Objection {
    /// There is nothing to play.
    #[error("it has no fault")]
    Nothing,
    /// One needs the whole cluster for itself.
    #[error("{0} is played alone")]
    Alone(String),
    /// The machine of the later one may be gone by then.
    #[error("after {0} the machine that {1} hits may be gone")]
    MachineGone(String, String),
    /// The later one hits what runs on the active controller, and by then that
    /// may be the other one.
    #[error("after {0} the active role, which {1} hits, may have moved")]
    RoleGone(String, String),
    /// Both work on the same part of the same machine.
    #[error("{0} and {1} are in each other's way")]
    InTheWay(String, String),
    /// No controller is left.
    #[error("{0} and {1} can cost both controllers")]
    BothLost(String, String),
    /// A controller is lost while the arbiter's vote is missing.
    #[error("{0} and {1} can cost the majority")]
    NoMajority(String, String),
    /// The controller that is left may lack data.
    #[error("{0} and {1} can leave the controller that has old data, or none")]
    OldData(String, String),
}

/// A way to name two faults that do not go together.
type Pair = fn(String, String) -> Objection;

/// Why faults, in their order, cannot be played together.
pub(super) fn unplayable(faults: &[Planned]) -> Option<Objection> {
    let faults: Vec<Fault> = faults.iter().map(|planned| planned.fault).collect();
    match faults.as_slice() {
        [] => return Some(Objection::Nothing),
        [_] => return None,
        _ => {}
    }
    if let Some(alone) = faults.iter().find(|fault| !fault.can_overlap()) {
        return Some(Objection::Alone(alone.name()));
    }
    first_pair(&faults, |earlier, later| {
        if earlier.may_remove(later.side()) {
            Some(Objection::MachineGone)
        } else if are_in_the_way(earlier, later) {
            Some(Objection::InTheWay)
        } else if earlier.may_unseat() && later.needs_role() {
            Some(Objection::RoleGone)
        } else {
            None
        }
    })
}

/// Why the cluster cannot be expected to survive faults together each of which
/// it survives alone (docs/survival.md, "What is not survived"):
///
/// - both controllers may be lost;
/// - a controller may be lost while the arbiter has no vote: the other one is
///   no majority;
/// - a controller may be lost, or its disks, while the other one lacks what
///   was written last: it refuses to begin.
///
/// That a controller is lost whose BMC does not answer cannot come of it: no
/// fault that takes a BMC away goes together with others.
pub(in crate::drill) fn unsurvived(faults: &[Planned]) -> Option<Objection> {
    let faults: Vec<Fault> = faults.iter().map(|planned| planned.fault).collect();
    first_pair(&faults, |one, other| {
        let costs = [one.may_cost(), other.may_cost()];
        let [a, b] = &costs;
        if a.lost.is_some() && b.lost.is_some() && a.lost != b.lost {
            Some(Objection::BothLost)
        } else if a.vote && b.lost.is_some() || b.vote && a.lost.is_some() {
            Some(Objection::NoMajority)
        } else if leaves_old_data(a, b) {
            Some(Objection::OldData)
        } else {
            None
        }
    })
}

/// The first two, each with everything behind it, to which there is something
/// to say.
fn first_pair(
    faults: &[Fault],
    objects: impl Fn(Fault, Fault) -> Option<Pair>,
) -> Option<Objection> {
    let pairs = faults
        .iter()
        .enumerate()
        .flat_map(|(index, &one)| faults[index + 1..].iter().map(move |&other| (one, other)));
    let mut named = pairs
        .filter_map(|(one, other)| objects(one, other).map(|pair| pair(one.name(), other.name())));
    named.next()
}

/// What a fault may take away for the rest of a drill.
#[derive(Debug, Default)]
struct Cost {
    /// A controller: lost, fenced, on its way, or hidden from all clients.
    lost: Option<Side>,
    /// Data: the controller that may lack what was written last.
    old: Option<Side>,
    /// The arbiter's vote.
    vote: bool,
}

/// Whether no controller can be relied on to be there and have all data. What
/// one fault does to both sides alone is its own drill's business.
fn leaves_old_data(a: &Cost, b: &Cost) -> bool {
    let unreliable = |cost: &Cost| -> Vec<Side> { cost.lost.into_iter().chain(cost.old).collect() };
    let sides = |of: &Cost, wanted| unreliable(of).contains(&wanted);
    let both = |one: &Cost, other: &Cost| sides(one, Side::Active) && sides(other, Side::Passive);
    both(a, b) || both(b, a)
}

/// Whether both work on the same part of the same machine: neither could tell
/// what of it is its own, and the first that is taken back would take the
/// other one back as well.
fn are_in_the_way(one: Fault, other: Fault) -> bool {
    if one == other {
        return true;
    }
    if one.side() != other.side() {
        return false;
    }
    // What takes memory may have the drill's other hands killed.
    let takes_memory = |it| matches!(it, Fault::Disturbance(_, Disturbance::Memory));
    match (one, other) {
        _ if takes_memory(one) || takes_memory(other) => true,
        (Fault::Process(_, one, _), Fault::Process(_, other, _)) => one == other,
        (Fault::Disturbance(_, one), Fault::Disturbance(_, other)) => one.part() == other.part(),
        _ => false,
    }
}

impl Disturbance {
    /// What it works on.
    fn part(self) -> &'static str {
        match self {
            Self::Link(..) => "links",
            Self::Full(volume) => volume.mount(),
            Self::Disks(_) => "disks",
            Self::Clock(_) => "clock",
            Self::Memory => "memory",
            Self::OldConfig => "slurm.conf",
        }
    }
}

impl Fault {
    /// Whether it can be played while another one is. What moves the role as
    /// planned refuses to where anything is amiss, and what is an overlap by
    /// itself has its own rules.
    pub fn can_overlap(self) -> bool {
        matches!(
            self,
            Self::PowerLoss(_)
                | Self::Crash(_)
                | Self::Reboot(_)
                | Self::Process(..)
                | Self::Disturbance(..)
        )
    }

    /// Whether the machine on that side may be gone, or be booting, when the
    /// fault has happened. Without the replication link the controllers still
    /// see each other on the cluster network.
    pub fn may_remove(self, side: Side) -> bool {
        let is_seen =
            matches!(self, Self::Disturbance(_, Disturbance::Link(Links::Replication, _)));
        let goes = self.ends_machine() || self.leaves_by_itself() || self.may_fell_machine();
        self.side() == side && goes && !is_seen
    }

    /// Whether the active role may be on the other controller when the fault
    /// has happened: slurmctld fails where munge does not answer or the time is
    /// wrong, and may be moved, and so may DRBD's primary with its disks.
    fn may_unseat(self) -> bool {
        let on_active = self.side() == Side::Active;
        let fails = match self {
            Self::Process(_, daemon, _) => matches!(daemon, Daemon::Munged | Daemon::Pacemakerd),
            Self::Disturbance(_, what) => {
                matches!(what, Disturbance::Disks(_) | Disturbance::Clock(_))
            }
            _ => false,
        };
        on_active && (fails || self.must_hand_over() || self.may_remove(Side::Active))
    }

    /// Whether it hits what only the active controller has.
    fn needs_role(self) -> bool {
        match self {
            Self::Process(Side::Active, daemon, _) => daemon.resource().is_some(),
            Self::Disturbance(Side::Active, what) => {
                matches!(what, Disturbance::Full(_) | Disturbance::Disks(_))
            }
            _ => false,
        }
    }

    fn may_cost(self) -> Cost {
        let side = self.side();
        let is_controller = matches!(side, Side::Active | Side::Passive);
        let goes = self.may_remove(side) || self.must_move();
        let old = match self {
            Self::Disturbance(_, Disturbance::Link(Links::Replication | Links::Both, _)) => {
                Some(Side::Passive)
            }
            Self::Disturbance(_, Disturbance::Disks(DiskFault::Errors | DiskFault::Hang)) => {
                Some(side)
            }
            _ => None,
        };
        Cost { lost: (is_controller && goes).then_some(side), old, vote: side == Side::Arbiter }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Combination;
    use super::*;

    /// The objection to faults that come one second after the other.
    fn objection(names: &[&str]) -> Option<String> {
        let timed: Vec<String> =
            names.iter().enumerate().map(|(second, name)| format!("{name}@{second}")).collect();
        match timed.join("+").parse::<Combination>() {
            Ok(combination) => combination.is_too_much().map(|objection| objection.to_string()),
            Err(why) => why.split_once(": ").map(|(_, why)| why.to_owned()),
        }
    }

    #[test]
    fn every_fault_alone_can_be_played_and_survived() {
        for fault in Fault::all() {
            assert_eq!(objection(&[&fault.name()]), None, "{}", fault.name());
        }
    }

    #[test]
    fn a_cluster_survives_what_leaves_it_one_controller_a_majority_and_the_data() {
        for names in [
            &["kill-slurmdbd", "crash"][..],
            &["passive-power-loss", "kill-slurmctld"],
            &["crash", "node-power-loss"],
            &["kill-qnetd", "freeze-slurmctld"],
            &["cut-replication-link", "kill-slurmctld"],
            &["fill-state", "kill-mariadb", "power-loss"],
            &["passive-reboot", "freeze-mariadb"],
            &["arbiter-power-loss", "node-power-loss"],
            &["passive-freeze-munged", "cut-cluster-link"],
        ] {
            assert_eq!(objection(names), None, "{names:?}");
        }
    }

    #[test]
    fn what_docs_call_not_survived_is_named() {
        for (names, words) in [
            (&["crash", "passive-power-loss"][..], "can cost both controllers"),
            (&["passive-freeze-corosync", "cut-cluster-link"], "can cost both controllers"),
            (&["passive-reboot", "reboot"], "can cost both controllers"),
            (&["arbiter-power-loss", "crash"], "can cost the majority"),
            (&["passive-power-loss", "kill-qnetd"], "can cost the majority"),
            (&["kill-slurmdbd", "freeze-qnetd", "reboot"], "can cost the majority"),
            (&["disk-errors", "passive-crash"], "can leave the controller that has old data"),
        ] {
            let why = objection(names).unwrap_or_else(|| panic!("{names:?} is let through"));
            assert!(why.contains(words), "{names:?}: {why}");
        }
    }

    #[test]
    fn old_data_are_those_of_the_side_that_the_other_fault_leaves() {
        let cost = |lost, old| Cost { lost, old, vote: false };
        let (active, passive) = (Some(Side::Active), Some(Side::Passive));
        assert!(leaves_old_data(&cost(None, passive), &cost(active, None)));
        assert!(leaves_old_data(&cost(None, passive), &cost(None, active)));
        assert!(!leaves_old_data(&cost(None, passive), &cost(passive, None)));
        assert!(!leaves_old_data(&cost(active, passive), &cost(None, None)));
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        for (names, words) in [
            (&["switchover", "kill-slurmdbd"][..], "switchover is played alone"),
            (&["kill-slurmdbd", "controllers-power-loss"], "is played alone"),
            (&["crash", "kill-slurmctld"], "after crash the machine that kill-slurmctld hits"),
            (&["lossy-both-links", "kill-munged"], "the machine that kill-munged hits may be gone"),
            (&["node-power-loss", "node-power-loss"], "the machine that node-power-loss hits"),
            (&["arbiter-power-loss", "kill-qnetd"], "the machine that kill-qnetd hits"),
            (&["kill-slurmctld", "freeze-slurmctld"], "are in each other's way"),
            (&["kill-mariadb", "exhaust-memory"], "are in each other's way"),
            (&["fill-state", "fill-state"], "are in each other's way"),
            (&["clock-forward", "clock-backward"], "are in each other's way"),
            (&["disk-errors", "kill-slurmctld"], "which kill-slurmctld hits, may have moved"),
        ] {
            let why = objection(names).unwrap_or_else(|| panic!("{names:?} is let through"));
            assert!(why.contains(words), "{names:?}: {why}");
        }
    }

    /// With two faults each of which can cost a controller, neither order is
    /// drawn.
    #[test]
    fn no_two_controllers_are_ever_lost_together() {
        let all: Vec<Fault> =
            Fault::all().into_iter().filter(|fault| fault.can_overlap()).collect();
        for one in &all {
            for other in &all {
                let lost = |fault: &Fault| fault.may_cost().lost;
                let both = lost(one).is_some() && lost(other).is_some() && lost(one) != lost(other);
                if both {
                    let names = [one.name(), other.name()];
                    assert!(objection(&[&names[0], &names[1]]).is_some(), "{names:?}");
                }
            }
        }
    }
}
