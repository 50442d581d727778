// SPDX-License-Identifier: Apache-2.0
//! What is broken on purpose, and what follows from which part it is.

use serde::{Deserialize, Serialize};

use super::report::Phase;
use crate::render::cib::id;

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The active controller loses its power, at once and without a word.
    PowerLoss,
    /// The passive controller does.
    PassivePowerLoss,
    /// SIGKILL for slurmctld.
    KillSlurmctld,
    /// SIGKILL for slurmdbd.
    KillSlurmdbd,
    /// SIGKILL for MariaDB.
    KillMariadb,
    /// SIGSTOP for slurmctld: it lives and does nothing.
    FreezeSlurmctld,
    /// Nothing is broken: the active role moves as planned.
    Switchover,
}

/// What is hit, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A machine's power.
    Power,
    /// The main process of a unit on the active controller.
    Process {
        /// The daemon, which is also its resource's id and its unit's name.
        daemon: &'static str,
        /// What happens to it.
        signal: FaultSignal,
    },
    /// The active role.
    Role,
}

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultSignal {
    /// It ends at once (SIGKILL).
    Kill,
    /// It goes on when it is told to (SIGSTOP).
    Freeze,
}

/// What the other controller does, however the role comes to it.
const TAKEOVER: [Phase; 6] =
    [Phase::Promote, Phase::Mount, Phase::Vip, Phase::Mariadb, Phase::Slurmdbd, Phase::Slurmctld];

impl Fault {
    /// Every fault that there is a drill for.
    pub const ALL: [Self; 7] = [
        Self::PowerLoss,
        Self::PassivePowerLoss,
        Self::KillSlurmctld,
        Self::FreezeSlurmctld,
        Self::KillSlurmdbd,
        Self::KillMariadb,
        Self::Switchover,
    ];

    /// The name, as typed behind `slurmha drill`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PowerLoss => "power-loss",
            Self::PassivePowerLoss => "passive-power-loss",
            Self::KillSlurmctld => "kill-slurmctld",
            Self::KillSlurmdbd => "kill-slurmdbd",
            Self::KillMariadb => "kill-mariadb",
            Self::FreezeSlurmctld => "freeze-slurmctld",
            Self::Switchover => "switchover",
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> &'static str {
        match self {
            Self::PowerLoss => "cut the power of the active controller",
            Self::PassivePowerLoss => "cut the power of the passive controller",
            Self::KillSlurmctld => "kill slurmctld (SIGKILL)",
            Self::KillSlurmdbd => "kill slurmdbd (SIGKILL); no client may see it",
            Self::KillMariadb => "kill MariaDB (SIGKILL); no client may see it",
            Self::FreezeSlurmctld => "stop slurmctld without ending it (SIGSTOP)",
            Self::Switchover => "move the active role as planned; nothing may be lost",
        }
    }

    /// What is hit, and how.
    pub fn hit(self) -> Hit {
        use FaultSignal::{Freeze, Kill};
        let process = |daemon, signal| Hit::Process { daemon, signal };
        match self {
            Self::PowerLoss | Self::PassivePowerLoss => Hit::Power,
            Self::KillSlurmctld => process(id::SLURMCTLD, Kill),
            Self::KillSlurmdbd => process(id::SLURMDBD, Kill),
            Self::KillMariadb => process(id::MARIADB, Kill),
            Self::FreezeSlurmctld => process(id::SLURMCTLD, Freeze),
            Self::Switchover => Hit::Role,
        }
    }

    /// Whether it hits the controller that is active, or the other one.
    pub fn hits_active(self) -> bool {
        self != Self::PassivePowerLoss
    }

    /// Whether slurmctld dies without having saved: what it acknowledged in
    /// the last seconds may be lost then, and in no other case.
    pub(super) fn may_lose_unsaved(self) -> bool {
        matches!(self, Self::PowerLoss | Self::KillSlurmctld | Self::FreezeSlurmctld)
    }

    /// Whether clients talk to nothing that is hit, so that none may be
    /// refused, and accounting must have caught up in the end.
    pub fn is_behind_the_scheduler(self) -> bool {
        matches!(self, Self::KillSlurmdbd | Self::KillMariadb)
    }

    /// Whether the other controller has to run the scheduler in the end.
    pub(super) fn must_move(self) -> bool {
        self == Self::Switchover
    }

    /// The parts into which its time is divided, in the order of display.
    pub(super) fn phases(self) -> Vec<Phase> {
        use Phase::{Answer, Demote, Fence, Notice, Restart, Stop};
        match self {
            Self::PowerLoss => [&[Notice, Fence][..], &TAKEOVER].concat(),
            Self::PassivePowerLoss => vec![Notice, Fence],
            Self::Switchover => [&[Stop, Demote][..], &TAKEOVER].concat(),
            Self::KillSlurmctld
            | Self::FreezeSlurmctld
            | Self::KillSlurmdbd
            | Self::KillMariadb => vec![Notice, Restart, Answer],
        }
    }

    /// What happened at the zero of the report's clock, as in `2 s after the
    /// cut`.
    pub(super) fn event(self) -> &'static str {
        match self.hit() {
            Hit::Power => "the cut",
            Hit::Process { signal: FaultSignal::Kill, .. } => "the kill",
            Hit::Process { signal: FaultSignal::Freeze, .. } => "the freeze",
            Hit::Role => "the order",
        }
    }

    /// The same as part of a sentence, as in `not yet saved when ...`.
    pub(super) fn moment_of_loss(self) -> &'static str {
        match self.hit() {
            Hit::Power => "the power went",
            Hit::Process { .. } => "slurmctld ended",
            Hit::Role => "the move began",
        }
    }

    /// Begin and end of a sentence with what was done, for the two
    /// controllers.
    pub(super) fn sentence(self, victim: &str, survivor: &str) -> String {
        match self {
            Self::PowerLoss => {
                format!("the power of {victim} was cut; {survivor} had to take over.")
            }
            Self::PassivePowerLoss => {
                format!("the power of {victim} was cut; {survivor} was active and had to go on.")
            }
            Self::KillSlurmctld => format!("slurmctld was killed on {victim}."),
            Self::KillSlurmdbd => format!("slurmdbd was killed on {victim}."),
            Self::KillMariadb => format!("MariaDB was killed on {victim}."),
            Self::FreezeSlurmctld => format!("slurmctld was frozen on {victim}."),
            Self::Switchover => format!("the active role had to move from {victim} to {survivor}."),
        }
    }
}
