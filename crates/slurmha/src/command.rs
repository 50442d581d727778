// SPDX-License-Identifier: Apache-2.0
//! One file for each subcommand: its options, and what it does with them.

pub mod apply;
pub mod check;
pub mod console;
pub mod console_action;
pub mod dashboards;
pub mod drill;
pub mod exporter;
pub mod init;
pub mod lab;
pub mod node;
pub mod plan;
pub mod portal;
pub mod portal_session;
pub mod portal_terminal;
pub mod runbook;
pub mod saved;
pub mod status;
pub mod switchover;
pub mod vpn;
