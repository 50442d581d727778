// SPDX-License-Identifier: Apache-2.0
//! The console: from what the controllers tell to what a person sees.
//!
//! ```text
//! Snapshot ─ View ─ over the network ─┐
//!                                     ├─ Heard ─ draw ─▶ Picture ─ Memory ─▶ events, failovers
//! Snapshot ─ View ─ over the network ─┘
//! ```
//!
//! Every word that the page shows about the cluster is made here, so that the
//! page's script decides nothing. Unknown is not down: a controller that says
//! nothing is silent, and what only it could tell is not known.

pub mod action;
mod attention;
mod clock;
mod deed;
mod draw;
mod event;
mod failover;
mod heard;
mod memory;
mod picture;
mod plots;
mod view;

pub use attention::{Attention, Moment};
pub use clock::Clock;
pub use deed::{Deed, DeedKind};
pub use draw::draw;
pub use event::{Event, Subject};
pub use failover::{Failover, FailoverKind, Phase, Tally};
pub use heard::Heard;
pub use memory::{Line, Memory};
pub use picture::{
    Arbiter, Contact, Controller, Fact, Link, Part, PartState, Picture, Scheduler, Side, Tone, Vip,
    Volume,
};
pub use plots::{PLOTS, Plot, Point, Points, parse_matrix};
pub use view::{SlurmView, View};

#[cfg(test)]
mod tests;
