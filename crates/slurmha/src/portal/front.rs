// SPDX-License-Identifier: Apache-2.0
//! The front: speaks with browsers, and has no rights. What a user may do, their
//! session does, on the other side of a Unix socket.

mod attempts;
mod files;
mod link;
mod look;
mod looks;
mod server;
mod sessions;
mod show;
mod sign_in;
mod submit;
mod terminal;
mod xterm;

pub use look::Lookout;
pub use server::{Front, Waits, pages};
pub use sessions::Sessions;
pub use xterm::Xterm;

#[cfg(test)]
mod tests;
