// SPDX-License-Identifier: Apache-2.0
//! All compute nodes for the drill, so that nobody else's job begins meanwhile.

use std::time::Duration;

use slurmha_core::site::NodeName;
use slurmha_host::Remote;

use super::protocol::{Reply, ReserveTask, Task};
use super::run::Drill;
use super::scene::Scene;
use super::watch::complete;
use crate::failure::Failure;
use crate::progress::Progress;

/// Time for slurmctld to make or delete one; it may just be coming back.
const LIMIT: Duration = Duration::from_secs(150);

/// Deletes it when it goes, with the jobs that are left in it. Where that fails it
/// ends by itself, and who looks on is told.
pub struct Reservation<'a> {
    remote: &'a Remote,
    progress: &'a Progress,
    client: &'a NodeName,
    name: &'a str,
}

impl<'a> Drill<'a> {
    /// Makes the reservation, if the scenario asks for one.
    ///
    /// # Errors
    /// When slurmctld does not make it: nothing was broken then.
    pub(super) fn reserve<'b>(
        &'b self,
        scene: &'b Scene<'_>,
    ) -> Result<Option<Reservation<'b>>, Failure> {
        let load = &self.scenario.load;
        if !load.reserve {
            return Ok(None);
        }
        let (remote, client) = (self.fleet.remote(), &scene.casts.whole.client);
        let lasts = self.longest() + self.scenario.bounds.drain + self.scenario.bounds.rejoin;
        let task = ReserveTask { name: scene.run.clone(), user: load.user.clone(), lasts };
        // What was not answered in time may have been made.
        let name = scene.run.as_str();
        let reservation = Reservation { remote, progress: self.progress, client, name };
        say(remote, client, Task::Reserve(task)).map_err(|why| {
            Failure::remote(format!(
                "the compute nodes cannot be reserved, nothing was broken: {why}"
            ))
            .hint(format!("on {client}: scontrol show reservation"))
        })?;
        self.progress.stage(&format!("all compute nodes are reserved as {name}"));
        Ok(Some(reservation))
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let Self { remote, progress, client, name } = *self;
        if let Err(why) = say(remote, client, Task::Unreserve { name: name.to_owned() }) {
            progress.machine(
                client.as_str(),
                &format!(
                    "the reservation could not be deleted, and ends by itself ({why}); \
                     scontrol delete reservationname={name}"
                ),
            );
        }
    }
}

fn say(remote: &Remote, client: &NodeName, task: Task) -> Result<(), String> {
    let (replies, _) = complete(remote, client, task, false, LIMIT)?;
    let trouble = replies.into_iter().find_map(|reply| match reply {
        Reply::Trouble(why) => Some(why),
        _ => None,
    });
    trouble.map_or(Ok(()), Err)
}
