// SPDX-License-Identifier: Apache-2.0
//! Whether a daemon that runs still works, and whether that is news.
//!
//! An exit is told by systemd. A daemon that hangs exits nowhere, so it is
//! looked at; what was seen is judged here, without any process or clock.

mod door;
mod hands_off;
mod judge;
mod patience;
mod process;
mod reach;
mod report;

pub use door::waiting_connections;
pub use hands_off::hands_off;
pub(crate) use hands_off::is_true;
pub use judge::{Heard, Judge, Look, Verdict};
pub use patience::{PATIENCE, Patience, is_idle};
pub use process::{Process, main_process};
pub use reach::{REACH_ATTRIBUTE, REACHES, REACHES_NOBODY, Reach};
pub use report::may_report;
