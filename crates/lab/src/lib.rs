// SPDX-License-Identifier: Apache-2.0
//! The laboratory: a site in virtual machines whose links and power can be cut.
//!
//! [`up`] turns a [`Topology`] into running machines, [`Lab`] is what can be
//! done with them, [`down`] leaves nothing behind. Machines are QEMU
//! processes on an image of the distribution's own packages; between them
//! runs a switch of our own, and beside each one a BMC that speaks IPMI.

mod accel;
mod bmc;
pub mod chassis;
mod down;
mod error;
mod freeze;
mod identity;
mod image;
pub mod interrupt;
mod lab;
mod link;
mod machine;
mod ports;
mod process;
mod program;
mod progress;
mod qemu;
mod qmp;
mod recipe;
mod sources;
mod ssh;
mod state;
pub mod switch;
mod tar;
mod topology;
mod up;

pub use accel::Accelerator;
pub use bmc::USER as BMC_USER;
pub use down::down;
pub use error::Error;
pub use lab::{Lab, MachineStatus, Status};
pub use process::close_inherited;
pub use progress::{Progress, Silent};
pub use state::Paths;
pub use switch::protocol::{Cable, Direction, Fault, Link, Network};
pub use topology::{DiskSpec, MachineSpec, Topology};
pub use up::up;
