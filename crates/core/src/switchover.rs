// SPDX-License-Identifier: Apache-2.0
//! A planned move of the active role: whether it is safe, when it is done,
//! and how long clients had no answer.
//!
//! The role moves by a preference for the other controller that ends by
//! itself. It is no ban: when the target dies in the middle, the old side may
//! be taken again. It is no standby: DRBD stays up on both sides, so that
//! nothing has to be copied afterwards and the next failure is survived.

mod choose;
mod progress;
mod report;

pub use choose::{Choice, Unfit, View, choose, controller_of, obstacles};
pub use progress::{Side, arrived, failures, missing, replicates};
pub use report::{Report, Step, render_text};

#[cfg(test)]
mod tests;
