// SPDX-License-Identifier: Apache-2.0
//! The site file: what an administrator writes, and the [`Site`] it means.

mod model;

pub use model::*;
