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

/// Time for slurmctld to make or delete one; it may just be coming back.
const LIMIT: Duration = Duration::from_secs(120);

/// Deletes it when it goes. Where that fails it ends by itself.
pub struct Reservation<'a> {
    remote: &'a Remote,
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
        say(remote, client, Task::Reserve(task)).map_err(|why| {
            Failure::remote(format!(
                "the compute nodes cannot be reserved, nothing was broken: {why}"
            ))
            .hint(format!("on {client}: scontrol show reservation"))
        })?;
        self.progress.stage(&format!("all compute nodes are reserved as {}", scene.run));
        Ok(Some(Reservation { remote, client, name: &scene.run }))
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        // It has an end of its own.
        drop(say(self.remote, self.client, Task::Unreserve { name: self.name.to_owned() }));
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
