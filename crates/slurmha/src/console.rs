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
mod setup;

pub use history::History;
pub use listen::ask;
pub use login::{Login, Password, hashed};
pub use setup::Setup;

#[cfg(test)]
mod tests;
