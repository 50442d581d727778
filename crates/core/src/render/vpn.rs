// SPDX-License-Identifier: Apache-2.0
//! WireGuard on a gateway, and the file with which a person's machine finds it.
//!
//! Two units. One has the interface; the other loads peers and rules into it,
//! and its restart is how a change is applied: tunnels that stay are not cut,
//! and those of a revoked peer are.

mod client;
mod peers;
mod rules;
mod script;
mod units;

pub use client::{ClientFile, client};
pub use peers::peers;
pub use rules::rules;
pub use script::script;
pub use units::{interface_unit, metrics_units, peers_unit};
