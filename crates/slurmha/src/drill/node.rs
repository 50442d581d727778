// SPDX-License-Identifier: Apache-2.0
//! The drill's other end on a machine: `slurmha node drill`.

mod boot;
mod collect;
mod crash;
mod disturb;
mod hasten;
mod link;
pub mod mover;
mod probe;
mod processes;
mod reboot;
mod remember;
mod replica;
mod reserve;
mod resync;
mod sample;
mod strike;
mod submit;
mod verify;

use std::io;

use slurmha_host::Local;

use super::protocol::Task;
use link::Link;
use sample::Keeper;

pub use disturb::{Hit, mend_clock, mend_config, mend_disks, mend_link, take_memory};
pub use mover::mend as mend_move;
pub use resync::mend as mend_resync;
pub use strike::thaw;

/// Hears a task on standard input, and does it.
///
/// # Errors
/// When no task comes.
pub fn run() -> io::Result<()> {
    // What is told has the times of one clock, even when the machine's is set.
    let system = Local::steady();
    let (link, task) = Link::open()?;
    if matches!(task, Task::Sample { .. }) {
        // Memory may run out while it looks.
        disturb::spare();
    }
    match task {
        Task::Submit(task) => submit::run(&system, &link, &task),
        Task::Probe { limit } => probe::run(&system, &link, limit),
        Task::Sample { vip, run, limit } => {
            sample::run(&system, &link, vip, &mut Keeper::of(run.as_deref()), limit);
        }
        Task::Queue { run, user } => collect::queue(&system, &link, &run, &user),
        Task::Hasten(task) => hasten::run(&system, &|reply| link.send(&reply), &task),
        Task::Reserve(task) => reserve::reserve(&system, &|reply| link.send(&reply), &task),
        Task::Unreserve { name } => reserve::unreserve(&system, &|reply| link.send(&reply), &name),
        Task::Abandon { run } => collect::abandon(&system, &link, &run),
        Task::Verify => verify::run(&system, &link),
        Task::Accounted { run } => collect::accounted(&system, &link, &run),
        Task::Remember(result) => remember::run(&system, &|reply| link.send(&reply), result),
        Task::Collect(task) => collect::run(&system, &link, &task),
        Task::Strike(task) => strike::run(&system, &link, &task),
        Task::Disturb(task) => disturb::run(&system, &link, &task),
        Task::Resync(task) => resync::run(&system, &link, task.lasts),
        Task::Boot => link.send(&boot::tell(&system)),
        Task::Crash => crash::run(&system, &link),
        Task::Reboot => reboot::run(&system, &link),
        Task::TakeBack => link.send(&mover::take_back(&system)),
        Task::Move(task) => mover::run(
            &system,
            &mover::Operator { tell: &|reply| link.send(&reply), has_left: &|| link.is_stopped() },
            &task,
        ),
    }
    Ok(())
}
