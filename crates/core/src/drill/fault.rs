// SPDX-License-Identifier: Apache-2.0
//! What is broken on purpose, and what follows from which part it is.

mod daemon;
mod side;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::phase::Phase;

pub use daemon::{Daemon, FaultSignal};
pub use side::Side;

/// What is broken on purpose. In text it goes by its [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Fault {
    /// A controller loses its power, at once and without a word.
    PowerLoss(Side),
    /// A daemon's main process gets a signal.
    Process(Side, Daemon, FaultSignal),
    /// Nothing is broken: the active role moves as planned.
    Switchover,
}

/// What the other controller does, however the role comes to it.
const TAKEOVER: [Phase; 6] =
    [Phase::Promote, Phase::Mount, Phase::Vip, Phase::Mariadb, Phase::Slurmdbd, Phase::Slurmctld];

impl Fault {
    /// Every fault that there is a drill for.
    pub fn all() -> Vec<Self> {
        use FaultSignal::{Freeze, Kill};
        let mut all = vec![Self::PowerLoss(Side::Active), Self::PowerLoss(Side::Passive)];
        for side in [Side::Active, Side::Passive] {
            for daemon in Daemon::ALL.into_iter().filter(|daemon| daemon.runs_on(side)) {
                all.extend([Kill, Freeze].map(|signal| Self::Process(side, daemon, signal)));
            }
        }
        all.push(Self::Switchover);
        all
    }

    /// The name, as typed behind `slurmha drill`.
    pub fn name(self) -> String {
        match self {
            Self::PowerLoss(side) => format!("{}power-loss", side.prefix()),
            Self::Process(side, daemon, signal) => {
                format!("{}{}-{}", side.prefix(), signal.verb(), daemon.word())
            }
            Self::Switchover => "switchover".to_owned(),
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> String {
        match self {
            Self::PowerLoss(side) => format!("cut the power of the {} controller", side.name()),
            Self::Process(side, daemon, signal) => {
                let what = match signal {
                    FaultSignal::Kill => "kill WHAT (SIGKILL)",
                    FaultSignal::Freeze => "stop WHAT without ending it (SIGSTOP)",
                };
                let whose = match side {
                    Side::Active => "",
                    Side::Passive => " of the passive controller",
                };
                let unseen = match self.is_behind_the_scheduler() {
                    true => "; no client may see it",
                    false => "",
                };
                what.replace("WHAT", &format!("{}{whose}", daemon.title())) + unseen
            }
            Self::Switchover => "move the active role as planned; nothing may be lost".to_owned(),
        }
    }

    /// The controller that is hit.
    pub fn side(self) -> Side {
        match self {
            Self::PowerLoss(side) | Self::Process(side, ..) => side,
            Self::Switchover => Side::Active,
        }
    }

    /// Whether power is what is cut.
    pub fn cuts_power(self) -> bool {
        matches!(self, Self::PowerLoss(_))
    }

    /// Whether the cluster has to get rid of the whole machine: it is gone, or
    /// without Corosync nobody can tell what it does.
    pub fn fells_machine(self) -> bool {
        matches!(self, Self::PowerLoss(_) | Self::Process(_, Daemon::Corosync, _))
    }

    /// Whether slurmctld dies without having saved: what it acknowledged in
    /// the last seconds may be lost then, and in no other case.
    pub(super) fn may_lose_unsaved(self) -> bool {
        let ends_slurmctld = matches!(self, Self::Process(_, Daemon::Slurmctld, _));
        ends_slurmctld || self.side() == Side::Active && self.fells_machine()
    }

    /// Whether clients talk to nothing that is hit, so that none may be
    /// refused, and accounting must have caught up in the end.
    pub fn is_behind_the_scheduler(self) -> bool {
        use Daemon::{Mariadb, Pacemakerd, Slurmdbd};
        matches!(self, Self::Process(_, Slurmdbd | Mariadb | Pacemakerd, _))
    }

    /// Whether the other controller has to run the scheduler in the end.
    pub(super) fn must_move(self) -> bool {
        self == Self::Switchover
    }

    /// The parts into which its time is divided, in the order of display.
    pub(super) fn phases(self) -> Vec<Phase> {
        use Phase::{Answer, Demote, Fence, Notice, Restart, Stop};
        match self {
            Self::Switchover => [&[Stop, Demote][..], &TAKEOVER].concat(),
            _ if self.fells_machine() => match self.side() {
                Side::Active => [&[Notice, Fence][..], &TAKEOVER].concat(),
                Side::Passive => vec![Notice, Fence],
            },
            // Nothing of Pacemaker's own journal tells of its parent's end.
            Self::Process(_, Daemon::Pacemakerd, _) => vec![Restart, Answer],
            _ => vec![Notice, Restart, Answer],
        }
    }

    /// What happened at the zero of the report's clock, as in `2 s after the
    /// cut`.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::PowerLoss(_) => "the cut",
            Self::Process(_, _, FaultSignal::Kill) => "the kill",
            Self::Process(_, _, FaultSignal::Freeze) => "the freeze",
            Self::Switchover => "the order",
        }
    }

    /// The same as part of a sentence, as in `not yet saved when ...`.
    pub(super) fn moment_of_loss(self) -> &'static str {
        match self {
            _ if self.fells_machine() => "the power went",
            Self::Switchover => "the move began",
            _ => "slurmctld ended",
        }
    }

    /// What was done, as a sentence.
    pub(super) fn sentence(self, victim: &str, survivor: &str) -> String {
        let what_then = match (self.fells_machine(), self.side()) {
            (true, Side::Active) => format!("; {survivor} had to take over"),
            (true, Side::Passive) => format!("; {survivor} was active and had to go on"),
            (false, _) => String::new(),
        };
        match self {
            Self::PowerLoss(_) => format!("the power of {victim} was cut{what_then}."),
            Self::Process(_, daemon, signal) => {
                format!("{} was {} on {victim}{what_then}.", daemon.title(), signal.done())
            }
            Self::Switchover => {
                format!("the active role had to move from {victim} to {survivor}.")
            }
        }
    }

    /// What happened to the victim, for the terminal.
    pub fn news(self) -> String {
        match self {
            Self::PowerLoss(_) => "its power is cut".to_owned(),
            Self::Process(_, daemon, signal) => {
                format!("{} is {}", daemon.title(), signal.done())
            }
            Self::Switchover => "the active role has to leave".to_owned(),
        }
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.name()
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::all().into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| format!("there is no drill {name}"))
    }
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}
