// SPDX-License-Identifier: Apache-2.0
//! How a disturbance is told.

use super::{
    CLOCK_STEP, ClockFault, DELAY_MS, DiskFault, Disturbance, FLAP, LOSS_PERCENT, LinkFault, Links,
    Volume,
};

impl Disturbance {
    /// As part of a drill's name.
    pub(in crate::drill::fault) fn word(self) -> String {
        match self {
            Self::Link(links, fault) => format!("{}-{}", fault.word(), links.word()),
            Self::Full(Volume::State) => "fill-state".to_owned(),
            Self::Full(Volume::Database) => "fill-database".to_owned(),
            Self::Disks(DiskFault::Errors) => "disk-errors".to_owned(),
            Self::Disks(DiskFault::Hang) => "disk-hangs".to_owned(),
            Self::Clock(ClockFault::Forward) => "clock-forward".to_owned(),
            Self::Clock(ClockFault::Backward) => "clock-backward".to_owned(),
            Self::Memory => "exhaust-memory".to_owned(),
            Self::OldConfig => "old-slurm-conf".to_owned(),
        }
    }

    /// What it does to `whom`, in one line.
    pub(in crate::drill::fault) fn summary(self, whom: &str) -> String {
        let step = CLOCK_STEP.as_secs() / 60;
        match self {
            Self::Link(links, LinkFault::Cut) => format!("cut {whom} off from {}", links.title()),
            Self::Link(links, LinkFault::Mute) => {
                format!("let nothing that {whom} sends get into {}", links.title())
            }
            Self::Link(_, LinkFault::Lossy) => {
                format!("lose {LOSS_PERCENT} % of what {whom} sends")
            }
            Self::Link(_, LinkFault::Slow) => {
                format!("delay what {whom} sends by {DELAY_MS} ms")
            }
            Self::Link(links, LinkFault::Flapping) => format!(
                "cut {whom} off from {} and let it back, every {} s",
                links.title(),
                FLAP.as_secs()
            ),
            Self::Full(volume) => format!("fill the file system of {}", volume.title()),
            Self::Disks(DiskFault::Errors) => {
                format!("let the disks under DRBD of {whom} answer with errors")
            }
            Self::Disks(DiskFault::Hang) => {
                format!("let the disks under DRBD of {whom} answer nothing")
            }
            Self::Clock(ClockFault::Forward) => format!("set the clock of {whom} {step} min ahead"),
            Self::Clock(ClockFault::Backward) => format!("set the clock of {whom} {step} min back"),
            Self::Memory => format!("take all memory of {whom}"),
            Self::OldConfig => format!("let {whom} go by an old slurm.conf"),
        }
    }

    /// What was done to `whom`, as a sentence without its end.
    pub(in crate::drill::fault) fn done(self, whom: &str) -> String {
        match self {
            Self::Link(links, LinkFault::Cut) => {
                format!("{whom} was cut off from {}", links.title())
            }
            Self::Link(links, LinkFault::Mute) => {
                format!("nothing that {whom} sent got into {}", links.title())
            }
            Self::Link(_, LinkFault::Lossy) => {
                format!("{LOSS_PERCENT} % of what {whom} sent was lost")
            }
            Self::Link(_, LinkFault::Slow) => format!("what {whom} sent came {DELAY_MS} ms late"),
            Self::Link(links, LinkFault::Flapping) => {
                format!(
                    "{whom} was cut off from {} for {} s at a time",
                    links.title(),
                    FLAP.as_secs()
                )
            }
            Self::Full(volume) => {
                format!("{whom} had no byte left in the file system of {}", volume.title())
            }
            Self::Disks(DiskFault::Errors) => {
                format!("{whom} got errors from its disks under DRBD")
            }
            Self::Disks(DiskFault::Hang) => {
                format!("{whom} got no answer from its disks under DRBD")
            }
            Self::Clock(fault) => format!(
                "{whom} had a clock that was {} min {}",
                CLOCK_STEP.as_secs() / 60,
                fault.word()
            ),
            Self::Memory => format!("{whom} had no memory left"),
            Self::OldConfig => format!("{whom} went by an old slurm.conf"),
        }
    }
}

impl Links {
    fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster-link",
            Self::Replication => "replication-link",
            Self::Both => "both-links",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Cluster => "the cluster network",
            Self::Replication => "the replication network",
            Self::Both => "both networks",
        }
    }
}

impl LinkFault {
    fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Mute => "mute",
            Self::Lossy => "lossy",
            Self::Slow => "slow",
            Self::Flapping => "flap",
        }
    }
}

impl ClockFault {
    fn word(self) -> &'static str {
        match self {
            Self::Forward => "ahead",
            Self::Backward => "behind",
        }
    }
}

impl Volume {
    fn title(self) -> &'static str {
        match self {
            Self::State => "slurmctld's state",
            Self::Database => "MariaDB's data",
        }
    }
}
