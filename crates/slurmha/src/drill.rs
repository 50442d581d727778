// SPDX-License-Identifier: Apache-2.0
//! Drills: a failure on purpose, a load, and what it proves.
//!
//! This side runs on the administrator's machine. It talks to the machines
//! through one conversation each ([`protocol`]), whose other end is
//! [`node`]; it cuts power through [`power`], and has a process hit or the
//! role moved by that other end ([`breaker`]); what was seen goes to
//! `slurmha_core::drill`, which judges it.

pub mod acceptance;
pub mod aftermath;
mod boots;
pub mod breaker;
mod collect;
mod comparison;
mod drain;
mod evidence;
pub mod guard;
mod haste;
mod keep;
mod leftover;
mod load;
mod news;
pub mod node;
mod overlap;
pub mod power;
mod preflight;
pub mod protocol;
mod reservation;
mod revival;
mod run;
mod scene;
pub mod seen;
mod service;
pub mod take_back;
mod twice;
pub mod watch;
pub mod watches;
mod wind_up;

pub use keep::{can_keep, default_directory, keep};
pub use run::Drill;
