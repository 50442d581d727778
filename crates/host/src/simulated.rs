// SPDX-License-Identifier: Apache-2.0
//! A machine that exists only in memory.
/// A machine that exists only in memory.
pub struct Simulated;
