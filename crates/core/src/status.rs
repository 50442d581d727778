// SPDX-License-Identifier: Apache-2.0
//! How the cluster is: one model for the terminal, for `--json`, and for
//! whatever else wants to know.
//!
//! Unknown is not down: what could not be asked is shown as unknown, and only
//! what was seen to be broken is called broken.

mod assemble;
mod model;
mod problem;
mod text;
mod view;

pub use assemble::{Answers, assemble, leftover_bans};
pub use model::*;
pub use text::{Line, Span, Tone, plain_text, render};

#[cfg(test)]
pub(crate) mod made_up;
#[cfg(test)]
mod tests;
