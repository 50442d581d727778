// SPDX-License-Identifier: Apache-2.0
//! The machine's end of an exchange: what `slurmha node observe` and
//! `slurmha node apply` do between standard input and standard output.

mod turn;

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use slurmha_core::observe::{Observation, ObserveRequest};
use slurmha_core::plan::{Step, StepEvent};

use crate::apply::{Ended, apply};
use crate::observe::observe;
use crate::remote::{DIRECTORY, STABLE_NAME};
use crate::system::System;
use turn::Waited;

/// Reads an [`ObserveRequest`] as JSON and answers with the observation as
/// one line of JSON.
///
/// # Errors
/// When the request cannot be understood or the answer cannot be written.
pub fn observe_exchange(
    system: &dyn System,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> io::Result<()> {
    let request: ObserveRequest = serde_json::from_slice(&read_all(input)?)?;
    let observation = Observation { binary_in_use: is_in_use()?, ..observe(system, &request) };
    write_line(output, &observation)
}

/// Reads a list of [`Step`]s as JSON, executes them, and reports each
/// [`StepEvent`] as one line of JSON. A failed step is an event, not an error.
///
/// When the output cannot be written any more (ssh is gone), the step at work
/// is completed and no further one is begun; the next list waits for it.
///
/// # Errors
/// When the list cannot be understood, or the lock of this machine not be used.
pub fn apply_exchange(
    system: &dyn System,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> io::Result<Ended> {
    let steps: Vec<Step> = serde_json::from_slice(&read_all(input)?)?;
    let mut events = |event: StepEvent| match write_line(output, &event) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let mut tell = |text| events(StepEvent::Progress { step: 0, text });
    match turn::take(system, Path::new(turn::FILE), turn::LIMIT, &mut tell)? {
        Waited::Abandoned => Ok(Ended::Abandoned),
        Waited::Busy(who) => {
            let _ = events(busy(&who));
            Ok(Ended::Failed)
        }
        Waited::Taken(_turn) => {
            take_stable_name()?;
            Ok(apply(system, &steps, &mut events))
        }
    }
}

fn busy(who: &str) -> StepEvent {
    StepEvent::Failed {
        step: 0,
        message: format!("{who} is still at work on this machine"),
        hint: Some("look there what it waits for: ps --forest -eo pid,etime,args".to_owned()),
        refused: true,
    }
}

/// Makes the stable name lead to this executable, when
/// it is one of the versions that were placed on this machine: agents and
/// units call what last applied the site, also after a step back to a version
/// that was there already.
fn take_stable_name() -> io::Result<()> {
    if is_in_use()? {
        return Ok(());
    }
    let executable = std::env::current_exe()?;
    let stable = Path::new(STABLE_NAME);
    let staged = stable.with_extension("new");
    match std::fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(&executable, &staged)?;
    std::fs::rename(&staged, stable)
}

/// Whether the stable name leads to this executable, or to another on
/// purpose: one that was not placed by slurmha is somebody's experiment.
fn is_in_use() -> io::Result<bool> {
    let executable = std::env::current_exe()?;
    let leads_here = std::fs::read_link(STABLE_NAME).is_ok_and(|target| target == executable);
    Ok(leads_here || !executable.starts_with(DIRECTORY))
}

fn read_all(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write_line(output: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}
