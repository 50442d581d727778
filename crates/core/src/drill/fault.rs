// SPDX-License-Identifier: Apache-2.0
//! What is broken on purpose, and what follows from which part it is.

mod daemon;
mod disturbance;
mod length;
mod side;
mod words;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::as_text::as_text;
use super::phase::Phase;

pub use daemon::{Daemon, FaultSignal};
pub use disturbance::{
    CLOCK_STEP, ClockFault, DELAY_MS, DiskFault, Disturbance, FLAP, LOSS_PERCENT, LinkFault, Links,
    Volume,
};
pub use side::Side;

/// What is broken on purpose. In text it goes by its [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Fault {
    /// A machine loses its power, at once and without a word.
    PowerLoss(Side),
    /// Both controllers lose their power at once, and get it back together.
    Blackout,
    /// The active controller loses its power while the other one is being
    /// brought up to date, and gets it back.
    ResyncPowerLoss,
    /// The active controller loses its power while nobody can reach its BMC.
    BmcUnreachable,
    /// A controller's kernel ends in the middle of everything.
    Crash(Side),
    /// An administrator has a controller boot anew.
    Reboot(Side),
    /// A daemon's main process gets a signal.
    Process(Side, Daemon, FaultSignal),
    /// Something is done to a controller for a while.
    Disturbance(Side, Disturbance),
    /// Nothing is broken: the active role moves as planned.
    Switchover,
    /// Two administrators order the same planned move at the same moment.
    TwoSwitchovers,
    /// An administrator moves the active role by hand, and leaves the
    /// constraint behind.
    LeftoverMove,
}

/// What the other controller does, however the role comes to it.
const TAKEOVER: [Phase; 6] =
    [Phase::Promote, Phase::Mount, Phase::Vip, Phase::Mariadb, Phase::Slurmdbd, Phase::Slurmctld];

impl Fault {
    /// Every fault that there is a drill for.
    pub fn all() -> Vec<Self> {
        use FaultSignal::{Freeze, Kill};
        let controllers = [Side::Active, Side::Passive];
        let mut all: Vec<Self> = controllers.map(Self::PowerLoss).into();
        all.extend([Side::Compute, Side::Arbiter].map(Self::PowerLoss));
        all.extend([Self::Blackout, Self::ResyncPowerLoss, Self::BmcUnreachable]);
        all.extend(controllers.map(Self::Crash));
        all.extend(controllers.map(Self::Reboot));
        for side in [Side::Active, Side::Passive, Side::Arbiter] {
            for daemon in Daemon::ALL.into_iter().filter(|daemon| daemon.runs_on(side)) {
                all.extend([Kill, Freeze].map(|signal| Self::Process(side, daemon, signal)));
            }
        }
        for side in [Side::Active, Side::Passive, Side::Compute] {
            let apply = Disturbance::ALL.into_iter().filter(|what| what.applies_to(side));
            all.extend(apply.map(|what| Self::Disturbance(side, what)));
        }
        all.extend([Self::Switchover, Self::TwoSwitchovers, Self::LeftoverMove]);
        all
    }

    /// The name, as typed behind `slurmha drill`.
    pub fn name(self) -> String {
        match self {
            // Its prefix is left out where what is hit runs nowhere else.
            Self::PowerLoss(Side::Arbiter) => "arbiter-power-loss".to_owned(),
            Self::PowerLoss(side) => format!("{}power-loss", side.prefix()),
            Self::Blackout => "controllers-power-loss".to_owned(),
            Self::ResyncPowerLoss => "resync-power-loss".to_owned(),
            Self::BmcUnreachable => "bmc-unreachable".to_owned(),
            Self::Reboot(side) => format!("{}reboot", side.prefix()),
            Self::Crash(side) => format!("{}crash", side.prefix()),
            Self::Disturbance(side, what) => format!("{}{}", side.prefix(), what.word()),
            Self::Process(side, daemon, signal) => {
                format!("{}{}-{}", side.prefix(), signal.verb(), daemon.word())
            }
            Self::Switchover => "switchover".to_owned(),
            Self::TwoSwitchovers => "two-switchovers".to_owned(),
            Self::LeftoverMove => "leftover-move".to_owned(),
        }
    }

    /// The machine that is hit, or the one of both that is active.
    pub fn side(self) -> Side {
        match self {
            Self::PowerLoss(side)
            | Self::Crash(side)
            | Self::Reboot(side)
            | Self::Process(side, ..)
            | Self::Disturbance(side, _) => side,
            Self::Blackout
            | Self::ResyncPowerLoss
            | Self::BmcUnreachable
            | Self::Switchover
            | Self::TwoSwitchovers
            | Self::LeftoverMove => Side::Active,
        }
    }

    /// Whether power is what is cut.
    pub fn cuts_power(self) -> bool {
        use Fault::{Blackout, BmcUnreachable, PowerLoss, ResyncPowerLoss};
        matches!(self, PowerLoss(_) | Blackout | ResyncPowerLoss | BmcUnreachable)
    }

    /// Whether both controllers lose it.
    pub fn hits_both(self) -> bool {
        self == Self::Blackout
    }

    /// Whether the other controller lives and must not take over: its data are
    /// half, or nobody can tell whether the lost one is dead.
    pub fn must_wait(self) -> bool {
        matches!(self, Self::ResyncPowerLoss | Self::BmcUnreachable)
    }

    /// Whether nothing is broken, and the role is moved by people.
    pub fn is_move(self) -> bool {
        matches!(self, Self::Switchover | Self::TwoSwitchovers | Self::LeftoverMove)
    }

    /// Whether no controller is left that could go on: power has to come back
    /// before anybody is served.
    pub fn leaves_nobody(self) -> bool {
        matches!(self, Self::Blackout | Self::ResyncPowerLoss)
    }

    /// Whether nothing is done on the machine any more from that moment on.
    pub(super) fn ends_machine(self) -> bool {
        self.cuts_power() || matches!(self, Self::Crash(_))
    }

    /// Whether the machine that is hit has to boot anew because of it, so that its
    /// boot id (proc(5)) proves that it happened.
    pub fn has_to_boot(self) -> bool {
        self.ends_machine() || self.leaves_by_itself()
    }

    /// Whether something takes all memory of the machine.
    pub(super) fn takes_memory(self) -> bool {
        matches!(self, Self::Disturbance(_, Disturbance::Memory))
    }

    /// Whether the machine takes its leave, and comes back by itself.
    pub fn leaves_by_itself(self) -> bool {
        matches!(self, Self::Reboot(_))
    }

    /// Whether Pacemaker has to get rid of the whole machine: it is gone, or
    /// without Corosync nobody can tell what it does. A compute node and the
    /// arbiter are none of Pacemaker's.
    pub fn fells_machine(self) -> bool {
        match self {
            Self::PowerLoss(side) | Self::Crash(side) => {
                matches!(side, Side::Active | Side::Passive)
            }
            Self::Process(_, daemon, _) => daemon == Daemon::Corosync,
            Self::Disturbance(_, what) => what.fells_machine(),
            Self::Blackout | Self::ResyncPowerLoss | Self::BmcUnreachable => true,
            Self::Reboot(_) | Self::Switchover | Self::TwoSwitchovers | Self::LeftoverMove => false,
        }
    }

    /// Whether the cluster may have to get rid of the whole machine: with a
    /// bad link it does as soon as it loses sight of it.
    pub fn may_fell_machine(self) -> bool {
        let may = matches!(self, Self::Disturbance(_, what) if what.may_fell_machine());
        self.fells_machine() || may
    }

    /// Whether jobs that are none of the drill's may be ended: a clock that is
    /// ahead has every limit pass sooner, and Slurm gives up nodes whose last
    /// answer is too old by it.
    pub fn may_end_jobs(self) -> bool {
        self.steps_clock()
    }

    /// Whether the victim's own times are not to be trusted while it lasts.
    pub fn steps_clock(self) -> bool {
        matches!(self, Self::Disturbance(_, Disturbance::Clock(_)))
    }

    /// Whether nothing that slurmctld saves gets to the disk while it lasts.
    pub(super) fn stops_saving(self) -> bool {
        matches!(self, Self::Disturbance(Side::Active, what) if what.stops_saving())
    }

    /// Whether slurmctld dies, or may die, without having saved: what it
    /// acknowledged in its last seconds may be lost then, and in no other
    /// case.
    pub(super) fn may_lose_unsaved(self) -> bool {
        self.ends_slurmctld() || self.side() == Side::Active && self.may_fell_machine()
    }

    /// Whether slurmctld certainly dies without having saved.
    pub(super) fn ends_slurmctld(self) -> bool {
        let is_hit = matches!(self, Self::Process(_, Daemon::Slurmctld, _));
        is_hit || self.side() == Side::Active && self.fells_machine()
    }

    /// Whether it lasts for a time that the drill sets, and is then taken
    /// back.
    pub fn is_taken_back(self) -> bool {
        matches!(self, Self::Disturbance(..) | Self::Blackout) || self.must_wait()
    }

    /// Whether clients talk to nothing that is hit, so that none may be
    /// refused, and accounting must have caught up in the end.
    pub fn is_behind_the_scheduler(self) -> bool {
        use Daemon::{Mariadb, Pacemakerd, Qnetd, Slurmdbd};
        match self {
            Self::Process(_, daemon, _) => {
                matches!(daemon, Slurmdbd | Mariadb | Pacemakerd | Qnetd)
            }
            Self::Disturbance(_, what) => {
                matches!(what, Disturbance::Full(Volume::Database) | Disturbance::OldConfig)
            }
            Self::PowerLoss(side) => matches!(side, Side::Compute | Side::Arbiter),
            _ => false,
        }
    }

    /// Whether the other controller has to take over, however it comes to it.
    pub fn must_hand_over(self) -> bool {
        let is_felled = self.side() == Side::Active && self.fells_machine();
        self.must_move() || is_felled && !self.leaves_nobody()
    }

    /// Whether the role has to move from a machine that lives.
    pub(super) fn must_move(self) -> bool {
        match self {
            Self::Disturbance(Side::Active, what) => what.hides_machine(),
            Self::Reboot(side) => side == Side::Active,
            _ => self.is_move(),
        }
    }

    /// How much it says about who has to do what, compared with other faults of
    /// the same drill.
    pub(super) fn gravity(self) -> u8 {
        match self.side() {
            Side::Active if self.must_hand_over() => 5,
            Side::Active if self.ends_slurmctld() => 4,
            Side::Active if self.may_lose_unsaved() => 3,
            Side::Passive if self.fells_machine() || self.leaves_by_itself() => 2,
            Side::Active | Side::Passive => 1,
            Side::Arbiter | Side::Compute => 0,
        }
    }

    /// The parts into which its time is divided, in the order of display.
    pub(super) fn phases(self) -> Vec<Phase> {
        use Phase::{Answer, Demote, Fence, Notice, Restart, Stop};
        match self {
            _ if self.is_move() || self == Self::Reboot(Side::Active) => {
                [&[Stop, Demote][..], &TAKEOVER].concat()
            }
            // Who takes over from whom is not known, or nobody does.
            _ if self.leaves_nobody() => Vec::new(),
            _ if self.fells_machine() => match self.side() {
                Side::Active => [&[Notice, Fence][..], &TAKEOVER].concat(),
                Side::Passive | Side::Arbiter | Side::Compute => vec![Notice, Fence],
            },
            // Pacemaker's journal tells neither of its parent's end nor of
            // what is none of its resources.
            Self::Process(_, daemon, _) if daemon.resource().is_none() => vec![Restart, Answer],
            Self::Process(..) => vec![Notice, Restart, Answer],
            Self::Disturbance(..) if self.must_move() => [&[Stop, Demote][..], &TAKEOVER].concat(),
            _ => Vec::new(),
        }
    }
}

as_text!(Fault, Fault::name);

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::all().into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| format!("there is no drill {name}"))
    }
}
