// SPDX-License-Identifier: Apache-2.0
//! What `status` tells while something is left as it should not be, on purpose.

use std::time::Duration;

use slurmha_core::drill::ToBeTold;
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::{Problem, Status};
use slurmha_host::{Local, System as _};

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::look;
use crate::pause::pause;

/// On a busy host a question may go without an answer; then it is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_secs(2);

/// Every problem with its cure, as soon as the one that is meant is among them, or
/// what is told in the end.
///
/// # Errors
/// When somebody pressed Ctrl-C meanwhile.
pub fn ask_status(
    site: &Site,
    fleet: &Fleet,
    victim: &NodeName,
    wanted: &ToBeTold,
) -> Result<Vec<String>, Failure> {
    let clock = Local::new();
    loop {
        let told = told(&look::look_also_at(site, fleet, victim));
        let is_named = told.iter().any(|problem| wanted.is_named_in(problem));
        if is_named || clock.elapsed() > PATIENCE {
            return Ok(told);
        }
        pause(PAUSE)?;
    }
}

fn told(status: &Status) -> Vec<String> {
    let line = |problem: &Problem| match &problem.next {
        Some(next) => format!("{}; {next}", problem.text),
        None => problem.text.clone(),
    };
    status.problems.iter().map(line).collect()
}
