// SPDX-License-Identifier: Apache-2.0
//! The programs that slurmha drives: a file each, a function per verb.
//!
//! Building the arguments and reading the answer are pure; only the function
//! that takes a [`crate::System`] runs anything. Verbs and options are those
//! of Debian 12.

pub mod apt;
pub mod blkid;
pub mod copy;
pub mod corosync;
pub mod dmsetup;
pub mod dpkg;
pub mod drbd;
pub mod ext4;
pub mod getent;
pub mod ip;
pub mod logger;
pub mod mariadb;
pub mod modprobe;
pub mod mount;
pub mod munge;
pub mod nft;
pub mod pacemaker;
pub mod pamtester;
pub mod policy_rc_d;
pub mod setpriv;
pub mod shadow;
pub mod slurm;
pub mod slurm_user;
pub mod stonith;
pub mod sync;
pub mod systemctl;
pub mod tc;
pub mod wg;

use slurmha_core::observe::ParseError;
use thiserror::Error;

use crate::command::CommandError;

/// Why a program could not be asked.
#[derive(Debug, Error)]
pub enum AskError {
    /// It failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It printed something else.
    #[error(transparent)]
    Parse(#[from] ParseError),
}
