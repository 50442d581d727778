// SPDX-License-Identifier: Apache-2.0
//! Taking away an order to move the role that nobody else takes away.

use std::time::Duration;

use slurmha_core::site::NodeName;

use super::protocol::{Moved, Reply, Task};
use super::watch::complete;
use crate::failure::Failure;
use crate::fleet::Fleet;

/// Time for the machine to do it: Pacemaker may refuse for some seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Takes back what an interrupted move has left where nothing has to move.
///
/// # Errors
/// When the machine cannot be reached, or something is still left.
pub fn take_back(fleet: &Fleet, active: &NodeName) -> Result<(), Failure> {
    let answer = complete(fleet.remote(), active, Task::TakeBack, false, LIMIT);
    let (replies, _) = answer.map_err(Failure::remote)?;
    let moved = replies.into_iter().find_map(|reply| match reply {
        Reply::Moved(moved) => Some(moved),
        _ => None,
    });
    match moved {
        Some(Moved { left_over: None, .. }) => Ok(()),
        Some(Moved { left_over: Some(left), .. }) => {
            Err(Failure::not_as_wanted(format!("{active} is active, but {left}")))
        }
        None => Err(Failure::remote(format!("{active} did not answer"))),
    }
}
