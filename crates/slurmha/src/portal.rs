// SPDX-License-Identifier: Apache-2.0
//! The built-in portal.

pub mod session;
