// SPDX-License-Identifier: Apache-2.0
//! The files of other programs, from the site alone: same input, same bytes.
//!
//! One file per program. Each renderer returns whole files; none reads the
//! machine, so that every file can be shown before one is written.

pub mod chrony;
pub mod cib;
pub mod cli_filter;
pub mod corosync;
pub mod drbd;
pub mod homes;
pub mod hosts;
pub mod login;
pub mod mariadb;
pub mod monitoring;
pub mod ondemand;
pub mod people;
pub mod repository;
mod sandbox;
pub mod slurm;
pub mod slurmdbd;
pub mod units;
pub mod vpn;
mod yaml;

/// First line of every file that slurmha owns.
pub(crate) fn header(comment: &str) -> String {
    format!("{comment} Managed by slurmha: change the site file and run `slurmha apply`.\n")
}
