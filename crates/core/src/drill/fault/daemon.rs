// SPDX-License-Identifier: Apache-2.0
//! Daemons whose process a fault hits, and what happens to it.

use serde::{Deserialize, Serialize};

use super::side::Side;
use crate::render::cib::id;

/// A daemon of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Daemon {
    /// The scheduler.
    Slurmctld,
    /// Accounting.
    Slurmdbd,
    /// Accounting's database.
    Mariadb,
    /// Membership.
    Corosync,
    /// The parent of Pacemaker's daemons.
    Pacemakerd,
    /// Who proves to Slurm who is who.
    Munged,
    /// The arbiter's vote.
    Qnetd,
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

impl Daemon {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Slurmctld,
        Self::Slurmdbd,
        Self::Mariadb,
        Self::Corosync,
        Self::Pacemakerd,
        Self::Munged,
        Self::Qnetd,
    ];

    /// Whether it runs there at all.
    pub fn runs_on(self, side: Side) -> bool {
        match side {
            Side::Arbiter => self == Self::Qnetd,
            Side::Compute => false,
            Side::Active => self != Self::Qnetd,
            Side::Passive => self != Self::Qnetd && self.resource().is_none(),
        }
    }

    /// Its resource in Pacemaker, if it is one.
    pub fn resource(self) -> Option<&'static str> {
        match self {
            Self::Slurmctld => Some(id::SLURMCTLD),
            Self::Slurmdbd => Some(id::SLURMDBD),
            Self::Mariadb => Some(id::MARIADB),
            Self::Corosync | Self::Pacemakerd | Self::Munged | Self::Qnetd => None,
        }
    }

    /// The systemd unit of which it is the main process.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Slurmctld => "slurmctld.service",
            Self::Slurmdbd => "slurmdbd.service",
            Self::Mariadb => "mariadb.service",
            Self::Corosync => "corosync.service",
            Self::Pacemakerd => "pacemaker.service",
            Self::Munged => "munge.service",
            Self::Qnetd => "corosync-qnetd.service",
        }
    }

    /// The name of its process, as the kernel shows it.
    pub fn program(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadbd",
            Self::Qnetd => "corosync-qnetd",
            _ => self.word(),
        }
    }

    /// As part of a drill's name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Slurmctld => "slurmctld",
            Self::Slurmdbd => "slurmdbd",
            Self::Mariadb => "mariadb",
            Self::Corosync => "corosync",
            Self::Pacemakerd => "pacemakerd",
            Self::Munged => "munged",
            Self::Qnetd => "qnetd",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mariadb => "MariaDB",
            Self::Corosync => "Corosync",
            Self::Qnetd => "corosync-qnetd",
            _ => self.word(),
        }
    }
}

impl FaultSignal {
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Freeze => "freeze",
        }
    }

    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::Freeze => "frozen",
        }
    }
}
