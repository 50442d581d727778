// SPDX-License-Identifier: Apache-2.0
//! Carrying a plan out, stage by stage, on all machines at once.

pub mod lock;
pub mod run;
pub mod survey;
