// SPDX-License-Identifier: Apache-2.0
//! How a fault is told.

use super::{Fault, FaultSignal, Side};

impl Fault {
    /// What it does, in one line.
    pub fn summary(self) -> String {
        match self {
            Self::PowerLoss(side) => format!("cut the power of {}", side.title()) + self.unseen(),
            Self::Blackout => "cut the power of both controllers at once".to_owned(),
            Self::ResyncPowerLoss => "cut the power of the active controller while the other one \
                 is being brought up to date"
                .to_owned(),
            Self::BmcUnreachable => "cut the power of the active controller while its BMC cannot \
                 be reached"
                .to_owned(),
            Self::Crash(side) => format!("crash the kernel of {} (sysrq c)", side.title()),
            Self::Reboot(side) => format!("have {} boot anew (systemctl reboot)", side.title()),
            Self::Disturbance(side, what) => what.summary(side.title()) + self.unseen(),
            Self::Process(side, daemon, signal) => {
                let what = match signal {
                    FaultSignal::Kill => "kill WHAT (SIGKILL)",
                    FaultSignal::Freeze => "stop WHAT without ending it (SIGSTOP)",
                };
                let whose = match side {
                    Side::Active => String::new(),
                    side => format!(" of {}", side.title()),
                };
                what.replace("WHAT", &format!("{}{whose}", daemon.title())) + self.unseen()
            }
            Self::Switchover => "move the active role as planned; nothing may be lost".to_owned(),
            Self::TwoSwitchovers => "move the active role by two orders at the same moment; it \
                 moves once"
                .to_owned(),
            Self::LeftoverMove => "move the active role by crm_resource --move; status names what \
                 that leaves"
                .to_owned(),
        }
    }

    /// What a summary adds where no client talks to what is hit.
    fn unseen(self) -> &'static str {
        match self.is_behind_the_scheduler() {
            true => "; no client may see it",
            false => "",
        }
    }

    /// What happened at the zero of the report's clock, as in `2 s after the
    /// cut`.
    pub(in crate::drill) fn event(self) -> &'static str {
        match self {
            _ if self.cuts_power() => "the cut",
            Self::Crash(_) => "the crash",
            Self::Disturbance(..) => "the fault",
            Self::Process(_, _, FaultSignal::Kill) => "the kill",
            Self::Process(_, _, FaultSignal::Freeze) => "the freeze",
            _ => "the order",
        }
    }

    /// The same as part of a sentence, as in `not yet saved when ...`.
    pub(in crate::drill) fn moment_of_loss(self) -> &'static str {
        match self {
            Self::Crash(_) => "the kernel crashed",
            _ if self.fells_machine() => "the power went",
            _ if self.is_move() => "the move began",
            _ => "slurmctld ended",
        }
    }

    /// What was done, as a sentence.
    pub(in crate::drill) fn sentence(self, victim: &str, survivor: &str) -> String {
        let what_then = match (self.fells_machine(), self.side()) {
            (true, Side::Active) if self.must_wait() => format!("; {survivor} had to wait"),
            (true, Side::Active) => format!("; {survivor} had to take over"),
            (true, Side::Passive) => format!("; {survivor} was active and had to go on"),
            (true, Side::Arbiter | Side::Compute) | (false, _) => String::new(),
        };
        match self {
            Self::PowerLoss(_) => format!("the power of {victim} was cut{what_then}."),
            Self::Blackout => {
                format!("the power of {victim} and {survivor} was cut at once, and came back.")
            }
            Self::ResyncPowerLoss => format!(
                "the power of {victim} was cut while it brought {survivor} up to date{what_then}."
            ),
            Self::BmcUnreachable => format!(
                "the power of {victim} was cut while nobody could reach its BMC{what_then}, and \
                 to take over then."
            ),
            Self::Crash(_) => format!("the kernel of {victim} was crashed{what_then}."),
            Self::Disturbance(_, what) => format!("{}{what_then}.", what.done(victim)),
            Self::Process(_, daemon, signal) => {
                format!("{} was {} on {victim}{what_then}.", daemon.title(), signal.done())
            }
            Self::Reboot(Side::Active) => {
                format!("{victim} was told to boot anew; {survivor} had to take over.")
            }
            Self::Reboot(_) => format!("{victim} was told to boot anew."),
            Self::Switchover => {
                format!("the active role had to move from {victim} to {survivor}.")
            }
            Self::TwoSwitchovers => format!(
                "two orders at once: the active role had to move from {victim} to {survivor}, once."
            ),
            Self::LeftoverMove => format!(
                "the active role had to move from {victim} to {survivor}, by a constraint that \
                 was left behind."
            ),
        }
    }

    /// What happened to the victim, for the terminal.
    pub fn news(self) -> String {
        match self {
            Self::PowerLoss(_) | Self::ResyncPowerLoss | Self::BmcUnreachable => {
                "its power is cut".to_owned()
            }
            Self::Blackout => "its power is cut, and the other one's".to_owned(),
            Self::Crash(_) => "its kernel has crashed".to_owned(),
            Self::Disturbance(_, what) => what.done("it"),
            Self::Process(_, daemon, signal) => {
                format!("{} is {}", daemon.title(), signal.done())
            }
            Self::Reboot(_) => "it boots anew".to_owned(),
            Self::Switchover | Self::TwoSwitchovers | Self::LeftoverMove => {
                "the active role has to leave".to_owned()
            }
        }
    }
}
