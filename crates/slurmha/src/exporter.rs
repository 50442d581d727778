// SPDX-License-Identifier: Apache-2.0
//! The exporter: looks at this controller in a rhythm of its own, and tells
//! Prometheus what it saw last.

mod board;
mod effort;
mod live;
mod question;
mod rhythm;
mod rouse;
mod server;
mod slot;

pub use board::Board;
pub use live::{BEAT_CALM, BEAT_WATCHING};
pub use rhythm::{ask_once, keep_asking};
pub use server::serve;

#[cfg(test)]
mod tests;
