// SPDX-License-Identifier: Apache-2.0
//! What is there: the state of a machine as `slurmha node observe` reports
//! it, and the parsers of the programs that it asks.

mod cluster;
mod machine;

pub use cluster::*;
pub use machine::*;
