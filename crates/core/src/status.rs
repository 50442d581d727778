// SPDX-License-Identifier: Apache-2.0
//! How the cluster is: one model for the terminal, for `--json`, and for
//! whatever else wants to know.
//!
//! Unknown is not down: what could not be asked is shown as unknown, and only
//! what was seen to be broken is called broken.

mod assemble;
mod card;
mod changes;
mod line;
mod model;
mod problem;
mod safeguard;
mod text;
mod view;

pub use assemble::{Answers, assemble, leftover_bans};
pub use card::{Card, Volume, cards};
pub use changes::{Change, Facts};
pub use line::{Line, Span, Tone, plain_text};
pub use model::*;
pub(crate) use problem::{OLD_SLURM_CONF_CURES, old_slurm_conf};
pub use safeguard::{
    arbiter_lets_go_in_time, has_fencing_policy, is_left_behind, missing_state_options,
    waits_for_fencing,
};
pub use text::{
    fencing_lines, headline, other_machine_lines, problem_lines, render, resource_lines,
    service_lines,
};

#[cfg(any(test, feature = "made-up"))]
pub mod made_up;
#[cfg(test)]
mod tests;
