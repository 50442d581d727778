// SPDX-License-Identifier: Apache-2.0
//! The only door out: programs, files and machines, real or simulated.
//!
//! [`System`] is what one machine can do. [`observe()`] reads a machine through
//! it and changes nothing; [`apply()`] carries out the steps of a plan.
//! [`Local`] is the machine this process runs on, [`Simulated`] one that
//! exists only in memory. [`Remote`] runs [`node`] on other machines through
//! the system's `ssh`, one exchange per machine and phase.

pub mod accounts;
pub mod addresses;
pub mod apply;
mod child;
pub mod clock;
pub mod command;
mod echo;
pub mod hold;
pub mod local;
pub mod node;
pub mod observe;
pub mod people;
pub mod process;
pub mod program;
pub mod remote;
pub mod simulate;
pub mod simulated;
pub mod ssh;
pub mod system;
pub mod unit_process;

pub use apply::apply;
pub use command::{Command, CommandError, CommandOutput, Exit};
pub use local::Local;
pub use observe::observe;
pub use remote::{Conversation, Remote, RemoteError, for_each_host};
pub use simulate::simulate;
pub use simulated::Simulated;
pub use ssh::Ssh;
pub use system::{FileError, FileKind, Ids, Metadata, System};
