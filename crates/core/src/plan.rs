// SPDX-License-Identifier: Apache-2.0
//! What to do about the difference between what is wanted and what is there.

mod step;

pub use step::*;
