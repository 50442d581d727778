// SPDX-License-Identifier: Apache-2.0
//! A fence of which DRBD's handler has not heard: DRBD asks nothing when it
//! already knows its peer's data to be old (the replication link was cut
//! before), and nothing when its own are too old to be promoted. The machine
//! would stay off, and nobody would know why.
//!
//! What was seen to is written down: the fencer remembers a fence for as long as it
//! runs, and a watcher that is started anew (by a new version) would switch on a
//! machine that has been off for weeks, because a person wants it so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::fence_peer::Disks;
use slurmha_core::layout::RUNTIME_DIRECTORY;
use slurmha_core::observe::{FencingEvent, NodeState};
use slurmha_core::power_on::LIMIT;
use slurmha_host::program::{AskError, pacemaker, stonith};
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, Ids, System};

use crate::fence_peer::look;
use crate::power_on::{Note, last_fence};

/// From one look to the next. The machine is switched on a minute after the
/// fence at the earliest.
const PAUSE: Duration = Duration::from_secs(10);
/// Time limit of one question.
const QUESTION: Duration = Duration::from_secs(10);

/// Looks for as long as this process lives.
pub fn run(system: &dyn System, peer: &str) {
    let mut watch = Watch::default();
    loop {
        // Pacemaker may not run: then the next look tells it.
        if let Err(error) = watch.look(system, peer) {
            eprintln!("{peer} will not be switched on: {error}");
        }
        system.sleep(PAUSE);
    }
}

/// What was seen to already.
#[derive(Default)]
struct Watch {
    /// When the fence was over that was seen to last.
    noted: Option<String>,
    /// Whether what an earlier watcher has written down was read.
    has_recalled: bool,
}

/// When the fence was over that was seen to last. After a reboot of this machine it
/// is gone, as is its fencer's memory.
fn record() -> PathBuf {
    Path::new(RUNTIME_DIRECTORY).join("fence.seen")
}

impl Watch {
    fn look(&mut self, system: &dyn System, peer: &str) -> Result<(), FileError> {
        // A peer that DRBD sees has its power: this costs a file in memory.
        if look::disks(system).known().is_some_and(Disks::see_peer) {
            return Ok(());
        }
        let Ok(Some(fence)) = fence(system, peer) else { return Ok(()) };
        if !self.has_recalled {
            self.noted = recall(system, peer, &fence)?;
            self.has_recalled = true;
        }
        if self.noted.as_ref() == Some(&fence.completed) {
            return Ok(());
        }
        // Written first: what cannot be written down would be done again.
        write_atomically(system, &record(), fence.completed.as_bytes(), Ids::root(0o644))?;
        if !Note::is_there(system, peer) {
            Note { fenced: system.now(), requested: false }.leave(system, peer)?;
            eprintln!("{peer} was fenced, and DRBD has not asked: its power is seen to");
        }
        self.noted = Some(fence.completed);
        Ok(())
    }
}

/// What an earlier watcher has seen to. Where nothing says so, that is a fence which
/// is older than the time in which a machine is switched on.
fn recall(
    system: &dyn System,
    peer: &str,
    fence: &FencingEvent,
) -> Result<Option<String>, FileError> {
    if let Some(text) = system.read(&record())? {
        return Ok(Some(String::from_utf8_lossy(&text).trim().to_owned()));
    }
    let age = fence.ended_at().map(|at| system.now().duration_since(at));
    if !age.is_some_and(|age| Duration::try_from(age).is_ok_and(|age| age > LIMIT)) {
        return Ok(None);
    }
    eprintln!("{peer} was fenced at {} and is left off: that is long ago", fence.completed);
    Ok(Some(fence.completed.clone()))
}

/// The fence of the peer, if it has not been back since.
fn fence(system: &dyn System, peer: &str) -> Result<Option<FencingEvent>, AskError> {
    let record = pacemaker::peer_record(system, peer, QUESTION)?;
    if !record.state.as_ref().is_some_and(NodeState::is_erased) {
        return Ok(None);
    }
    let history = stonith::history(system, peer, QUESTION)?;
    Ok(last_fence(&history, peer).cloned())
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const NOTE: &str = "/run/slurmha/fenced/ctl2";
    const GONE: &str = r#"<node_state in_ccm="false" crmd="offline" join="down" expected="down"/>"#;
    const LOST: &str =
        r#"<node_state in_ccm="false" crmd="offline" join="down" expected="member"/><lrm/>"#;

    /// ctl1, whose DRBD sees these disks, and of ctl2 the CIB says this.
    fn machine(disks: &str, state: &'static str) -> TestMachine {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                let text = match command.program() {
                    "cibadmin" => {
                        format!(r#"<xpath-query><cib have-quorum="1"/>{state}</xpath-query>"#)
                    }
                    "stonith_admin" => HISTORY.to_owned(),
                    _ => return None,
                };
                let exit = Exit::Status(0);
                Some(CommandOutput::new(command, exit, text.into(), Vec::new()))
            });
        });
        let volume = |minor| format!(" {minor}: cs:X ro:Primary/Unknown ds:{disks} C r-----\n");
        let text = format!("version: 8.4.11 (api:1/proto:86-101)\n{}{}", volume(0), volume(1));
        machine.put("/proc/drbd", &text);
        machine
    }

    const HISTORY: &str = r#"<pacemaker-result><list><fence_event action="off" target="ctl2"
        client="pacemaker-controld.814" status="success" delegate="ctl1"
        completed="2026-11-25 07:51:19Z"/></list><status code="0"/></pacemaker-result>"#;

    #[test]
    fn a_fence_that_drbd_does_not_ask_about_is_noted_once() {
        let machine = machine("UpToDate/Outdated", GONE);
        let mut watch = Watch::default();
        watch.look(&machine, "ctl2").expect("a file in memory");
        assert!(machine.has(NOTE));
        machine.remove_file(NOTE.as_ref()).expect("a file in memory");
        watch.look(&machine, "ctl2").expect("a file in memory");
        assert!(!machine.has(NOTE), "what was decided once is not asked again");
    }

    /// Seen to by an earlier one; a person has switched the machine off since.
    #[test]
    fn a_watcher_that_is_started_anew_does_not_see_to_the_same_fence() {
        let machine = machine("UpToDate/Outdated", GONE);
        Watch::default().look(&machine, "ctl2").expect("a file in memory");
        machine.remove_file(NOTE.as_ref()).expect("a file in memory");
        Watch::default().look(&machine, "ctl2").expect("a file in memory");
        assert!(!machine.has(NOTE));
        // Another fence is another matter, also when it was seen to by somebody else.
        machine.put("/run/slurmha/fence.seen", "2026-11-20 07:51:19Z");
        Watch::default().look(&machine, "ctl2").expect("a file in memory");
        assert!(machine.has(NOTE));
    }

    #[test]
    fn a_fence_of_long_ago_is_nobodys_business() {
        let machine = machine("UpToDate/Outdated", GONE);
        let fence: jiff::Timestamp = "2026-11-25 07:51:19Z".parse().expect("a date");
        let (half_an_hour, minute) = (LIMIT, Duration::from_secs(60));
        machine.set_date(fence + half_an_hour + minute);
        let mut watch = Watch::default();
        watch.look(&machine, "ctl2").expect("a file in memory");
        watch.look(&machine, "ctl2").expect("a file in memory");
        assert!(!machine.has(NOTE));
        machine.set_date(fence + minute);
        Watch::default().look(&machine, "ctl2").expect("a file in memory");
        assert!(machine.has(NOTE));
    }

    #[test]
    fn the_handlers_own_note_stays_as_it_is() {
        let machine = machine("UpToDate/Outdated", GONE);
        let note = Note { fenced: machine.now(), requested: true };
        note.leave(&machine, "ctl2").expect("a file in memory");
        Watch::default().look(&machine, "ctl2").expect("a file in memory");
        let text = machine.read(NOTE.as_ref()).expect("a file in memory").unwrap_or_default();
        assert!(String::from_utf8_lossy(&text).contains("true"));
    }

    #[test]
    fn a_peer_that_is_there_or_only_lost_has_no_note() {
        for (disks, state) in [("UpToDate/UpToDate", GONE), ("UpToDate/DUnknown", LOST)] {
            let machine = machine(disks, state);
            Watch::default().look(&machine, "ctl2").expect("a file in memory");
            assert!(!machine.has(NOTE), "{disks}");
        }
        let connected = machine("UpToDate/Inconsistent", GONE);
        Watch::default().look(&connected, "ctl2").expect("a file in memory");
        assert_eq!(connected.ran(""), [""; 0], "nothing is asked while DRBD sees its peer");
    }
}
