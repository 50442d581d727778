// SPDX-License-Identifier: Apache-2.0
//! The pure core of slurmha.
//!
//! What is wanted ([`site`]), what is there ([`observe`]), and what to do
//! about it ([`plan`]) are three things. Nothing in this crate starts a
//! process, opens a file, reads a clock or uses the network; the same input
//! always gives the same output.

pub mod access;
pub mod check;
pub mod config_file;
pub mod console;
pub mod dashboards;
pub mod desired;
pub mod drill;
pub mod durable;
pub mod fence_peer;
pub mod formation;
pub mod layout;
pub mod metrics;
pub mod monitoring;
pub mod notice;
pub mod observe;
pub mod openpgp;
pub mod plan;
pub mod portal;
pub mod power_on;
pub mod promotion;
pub mod render;
pub mod runbook;
pub mod secret;
pub mod site;
pub mod slurm_conf;
pub mod state_save;
pub mod status;
pub mod switchover;
pub mod unseen;
pub mod vpn;
pub mod watch;
mod web_page;
pub mod wireguard;
pub mod xml;
