// SPDX-License-Identifier: Apache-2.0
//! The built-in portal: the front, which speaks with browsers, and sessions, which are users.

pub mod front;
pub mod session;
