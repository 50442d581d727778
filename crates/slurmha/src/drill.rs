// SPDX-License-Identifier: Apache-2.0
//! Drills: a failure on purpose, a load, and what it proves.
//!
//! This side runs on the administrator's machine. It talks to the machines
//! through one conversation each ([`protocol`]), whose other end is
//! [`node`]; it cuts power through [`power`]; what was seen goes to
//! `slurmha_core::drill`, which judges it.

pub mod acceptance;
mod aftermath;
mod collect;
mod keep;
pub mod node;
pub mod power;
mod preflight;
mod protocol;
mod run;
mod seen;
mod watch;

pub use keep::{default_directory, keep};
pub use run::{Drill, Outcome};
