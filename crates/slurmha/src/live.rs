// SPDX-License-Identifier: Apache-2.0
//! `status --watch`: the cluster on a terminal, for as long as somebody looks.
//!
//! One thread draws and reads keys, others ask the machines: a machine that
//! does not answer never keeps the screen from answering.

mod body;
mod card;
mod journal;
mod keys;
mod looker;
mod paint;
mod screen;
mod terminal;

pub use looker::Looker;
pub use paint::Paint;
pub use terminal::show;

#[cfg(test)]
mod tests;
