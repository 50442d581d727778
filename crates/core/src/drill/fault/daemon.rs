// SPDX-License-Identifier: Apache-2.0
//! Daemons whose process a fault hits, and what happens to it.

use serde::{Deserialize, Serialize};

use super::side::Side;
use crate::render::cib::id;

/// A daemon of the controllers.
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
    pub const ALL: [Self; 6] = [
        Self::Slurmctld,
        Self::Slurmdbd,
        Self::Mariadb,
        Self::Corosync,
        Self::Pacemakerd,
        Self::Munged,
    ];

    /// Whether it runs there at all.
    pub fn runs_on(self, side: Side) -> bool {
        side == Side::Active || self.resource().is_none()
    }

    /// Its resource in Pacemaker, if it is one.
    pub fn resource(self) -> Option<&'static str> {
        match self {
            Self::Slurmctld => Some(id::SLURMCTLD),
            Self::Slurmdbd => Some(id::SLURMDBD),
            Self::Mariadb => Some(id::MARIADB),
            Self::Corosync | Self::Pacemakerd | Self::Munged => None,
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
        }
    }

    /// The name of its process, as the kernel shows it.
    pub fn program(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadbd",
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
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mariadb => "MariaDB",
            Self::Corosync => "Corosync",
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
