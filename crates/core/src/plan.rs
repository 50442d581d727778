// SPDX-License-Identifier: Apache-2.0
//! What to do about the difference between what is wanted and what is there.
//!
//! Planning is deterministic and leaves no choice open: a [`Plan`] is a list
//! of steps for each machine, stage by stage, and prints as a diff. A cluster
//! that is as wanted gets an empty plan.

mod build;
pub mod by_hand;
pub mod cib;
mod cluster;
mod diff;
mod explain;
mod homes;
mod hosts;
mod machine;
mod people;
pub mod restart;
mod secrets;
mod step;
mod units;
mod vpn;

pub use build::*;
pub use explain::{explain, notes};
pub use homes::HomesPlace;
pub(crate) use homes::obstacle;
pub use people::Person;
pub(crate) use people::{keys_of, strangers};
pub use step::*;
pub use units::MANAGED_UNITS;
pub use vpn::{admission_request, admit_only};
