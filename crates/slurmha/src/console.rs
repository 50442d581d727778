// SPDX-License-Identifier: Apache-2.0
//! The console: listens to both controllers' exporters and shows browsers
//! what they tell. It has no rights on the machine and changes nothing.

mod client;
mod feed;
mod history;
mod hub;
mod listen;
mod login;
mod page;
mod plots;
mod server;

pub use feed::Seats;
pub use history::History;
pub use hub::{Hub, Shown};
pub use login::{Login, hashed};
pub use plots::Plots;
pub use server::{Console, pages};

#[cfg(test)]
mod tests;
