// SPDX-License-Identifier: Apache-2.0
//! One list of steps at a time on a machine.
//!
//! Who has pressed Ctrl-C, or whose connection was lost, has let go of the
//! cluster's lock; the step at work goes on here for as long as apt or a new
//! database takes. The next run would take its half-done work for that of a
//! run that was killed, and clear it away under it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::system::System;

/// In memory, so that no lock outlives a boot.
pub(super) const FILE: &str = "/run/slurmha/steps.lock";

/// Longer than any step: packages have half an hour.
pub(super) const LIMIT: Duration = Duration::from_secs(40 * 60);

const PAUSE: Duration = Duration::from_secs(1);
/// A connection that is gone is noticed when something is said.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The turn, for as long as it lives: the kernel lets go of it when the process ends.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// What became of the wait.
#[derive(Debug)]
pub(super) enum Waited {
    /// It is ours.
    Taken(Turn),
    /// Somebody still has it; who, in words.
    Busy(String),
    /// Nobody listens any more.
    Abandoned,
}

/// Waits for the turn; `tell` hears who has it meanwhile.
///
/// # Errors
/// When the file cannot be used.
pub(super) fn take(
    system: &dyn System,
    path: &Path,
    limit: Duration,
    tell: &mut dyn FnMut(String) -> ControlFlow<()>,
) -> io::Result<Waited> {
    let mut file = open(path)?;
    let begin = system.elapsed();
    let mut told = None;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let now = system.elapsed();
        if now - begin >= limit {
            return Ok(Waited::Busy(holder(&mut file)));
        }
        if told.is_none_or(|told| now - told >= HEARTBEAT) {
            let text = format!("waiting: {} is still at work here", holder(&mut file));
            if tell(text).is_break() {
                return Ok(Waited::Abandoned);
            }
            told = Some(now);
        }
        system.sleep(PAUSE);
    }
    let who = format!("an earlier run (process {}, since {:.0})", std::process::id(), system.now());
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(who.as_bytes())?;
    Ok(Waited::Taken(Turn { _file: file }))
}

/// Who may read it may lock it (flock(2)): nobody but root may.
fn open(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    match read {
        Ok(_) if !text.is_empty() => text,
        _ => "an earlier run".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulated;

    fn heard(path: &Path, limit: Duration, answer: ControlFlow<()>) -> (Waited, Vec<String>) {
        let machine = Simulated::new("ctl1", "ctl2");
        let mut told = Vec::new();
        let mut tell = |text| {
            told.push(text);
            answer
        };
        let waited = take(&machine, path, limit, &mut tell).expect("a file that can be used");
        (waited, told)
    }

    #[test]
    fn the_second_waits_and_is_told_for_whom() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("run/steps.lock");
        let (first, told) = heard(&path, LIMIT, ControlFlow::Continue(()));
        assert!(matches!(first, Waited::Taken(_)) && told.is_empty());

        let minute = Duration::from_secs(60);
        let (second, told) = heard(&path, minute, ControlFlow::Continue(()));
        let Waited::Busy(who) = second else { panic!("{second:?}") };
        assert!(who.contains(&format!("process {}", std::process::id())), "{who}");
        assert!(told.len() == 6 && told[0].contains(&who), "{told:?}");
        let (third, told) = heard(&path, minute, ControlFlow::Break(()));
        assert!(matches!(third, Waited::Abandoned) && told.len() == 1);

        drop(first);
        let (next, _) = heard(&path, minute, ControlFlow::Continue(()));
        assert!(matches!(next, Waited::Taken(_)));
    }
}
