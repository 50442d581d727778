// SPDX-License-Identifier: Apache-2.0
//! A fence of which DRBD's handler has not heard: DRBD asks nothing when it
//! already knows its peer's data to be old (the replication link was cut
//! before), and nothing when its own are too old to be promoted. The machine
//! would stay off, and nobody would know why.

use std::time::Duration;

use slurmha_core::fence_peer::Disks;
use slurmha_core::observe::NodeState;
use slurmha_host::program::{AskError, pacemaker, stonith};
use slurmha_host::{FileError, System};

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
    /// When the fence was over of which there was a note.
    noted: Option<String>,
}

impl Watch {
    fn look(&mut self, system: &dyn System, peer: &str) -> Result<(), FileError> {
        // A peer that DRBD sees has its power: this costs a file in memory.
        if look::disks(system).known().is_some_and(Disks::see_peer) {
            return Ok(());
        }
        let Ok(Some(fence)) = fence(system, peer) else { return Ok(()) };
        let is_new = self.noted.as_ref() != Some(&fence);
        if is_new && !Note::is_there(system, peer) {
            Note { fenced: system.now(), requested: false }.leave(system, peer)?;
            eprintln!("{peer} was fenced, and DRBD has not asked: its power is seen to");
        }
        self.noted = Some(fence);
        Ok(())
    }
}

/// When the peer was fenced, if it has not been back since.
fn fence(system: &dyn System, peer: &str) -> Result<Option<String>, AskError> {
    let record = pacemaker::peer_record(system, peer, QUESTION)?;
    if !record.state.as_ref().is_some_and(NodeState::is_erased) {
        return Ok(None);
    }
    let history = stonith::history(system, peer, QUESTION)?;
    Ok(last_fence(&history, peer).map(|event| event.completed.clone()))
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
