// SPDX-License-Identifier: Apache-2.0
//! The console: listens to both controllers' exporters and shows browsers
//! what they tell. It has no rights on the machine; what may be done from it,
//! if anything, a helper does ([`crate::console_action`]).

mod act;
mod actions;
mod client;
mod feed;
mod history;
mod hub;
mod listen;
mod login;
mod page;
mod plots;
mod server;

pub use actions::Actions;
pub use feed::Seats;
pub use history::History;
pub use hub::{Hub, Shown};
pub use login::{Login, Password, hashed};
pub use plots::Plots;
pub use server::{Console, pages};

#[cfg(test)]
mod tests;
