// SPDX-License-Identifier: Apache-2.0
//! Which machine does it, and what is asked of it.

use std::net::Ipv4Addr;

use slurmha_core::drill::{Bounds, Disturbance, Fault, Links};
use slurmha_core::site::NodeName;

use super::Breaker;
use crate::drill::preflight::Cast;
use crate::drill::protocol::{DisturbTask, MoveTask, ResyncTask, StrikeTask, Task};

impl Breaker<'_> {
    /// The machine whose other end makes it happen.
    pub fn machine<'c>(&self, cast: &'c Cast) -> Option<&'c NodeName> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout | Fault::BmcUnreachable => None,
            // Two administrators do it from outside.
            Fault::TwoSwitchovers => None,
            Fault::Crash(_) | Fault::Reboot(_) | Fault::Process(..) | Fault::Disturbance(..) => {
                Some(&cast.victim)
            }
            // The target: if the old side dies on the way, it goes on.
            Fault::Switchover | Fault::LeftoverMove => Some(&cast.survivor),
            // The one that is brought up to date.
            Fault::ResyncPowerLoss => Some(&cast.survivor),
        }
    }

    /// What that end is to do; `None` when it is done from outside.
    pub(super) fn task(&self, cast: &Cast, bounds: &Bounds) -> Option<Task> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout | Fault::BmcUnreachable => None,
            Fault::TwoSwitchovers => None,
            Fault::ResyncPowerLoss => Some(Task::Resync(ResyncTask { lasts: bounds.fault })),
            Fault::Process(_, daemon, signal) => Some(Task::Strike(StrikeTask {
                daemon,
                signal,
                limit: bounds.recovery + bounds.cool_down + bounds.watch,
            })),
            Fault::Crash(_) => Some(Task::Crash),
            Fault::Reboot(_) => Some(Task::Reboot),
            Fault::Disturbance(_, what) => Some(Task::Disturb(DisturbTask {
                what,
                addresses: self.addresses(cast, what),
                lasts: bounds.fault,
            })),
            Fault::Switchover | Fault::LeftoverMove => Some(Task::Move(MoveTask {
                from: cast.victim.clone(),
                to: cast.survivor.clone(),
                limit: bounds.recovery,
                from_here: false,
                is_left: self.fault == Fault::LeftoverMove,
            })),
        }
    }

    /// The victim's own addresses on the links that are hit.
    fn addresses(&self, cast: &Cast, what: Disturbance) -> Vec<Ipv4Addr> {
        let Disturbance::Link(links, _) = what else { return Vec::new() };
        let victim = self.site.controllers.iter().find(|it| it.name == cast.victim);
        let Some(victim) = victim else { return Vec::new() };
        match links {
            Links::Cluster => vec![victim.address],
            Links::Replication => vec![victim.replication_address],
            Links::Both => vec![victim.address, victim.replication_address],
        }
    }
}
