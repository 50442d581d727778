// SPDX-License-Identifier: Apache-2.0
//! Every action against every state of a unit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::layout::RUNTIME_DIRECTORY;
use slurmha_host::{
    Command, CommandError, CommandOutput, Exit, FileError, FileKind, Ids, Metadata, System,
};

use super::{Daemon, Status, act};

const LIMIT: Duration = Duration::from_secs(60);
const DAEMONS: [Daemon; 3] = [Daemon::Slurmctld, Daemon::Slurmdbd, Daemon::Mariadb];

/// A machine on which one unit is in one state, and programs answer as told.
struct Machine {
    active: Mutex<&'static str>,
    mounted: bool,
    has_cache: bool,
    start: Result<&'static str, i32>,
    stop: &'static str,
    kill: &'static str,
    answers: bool,
    systemd_hangs: bool,
    clock: Mutex<Duration>,
    ran: Mutex<Vec<String>>,
}

impl Machine {
    fn with(active: &'static str) -> Self {
        Self {
            active: Mutex::new(active),
            mounted: true,
            has_cache: true,
            start: Ok("active"),
            stop: "inactive",
            kill: "failed",
            answers: true,
            systemd_hangs: false,
            clock: Mutex::new(Duration::ZERO),
            ran: Mutex::new(Vec::new()),
        }
    }

    fn status(&self, daemon: Daemon, action: &str) -> Status {
        act(self, daemon, action, LIMIT).status
    }

    fn output(command: &Command, status: i32, text: &str) -> CommandOutput {
        CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new())
    }
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        self.ran.lock().expect("a lock").push(command.pasteable());
        let arguments = command.arguments();
        let mut active = self.active.lock().expect("a lock");
        let (status, text) = match (command.program(), arguments.first().map(String::as_str)) {
            ("systemctl", _) if self.systemd_hangs => {
                let command = command.pasteable();
                return Err(CommandError::TimedOut { command, after: LIMIT });
            }
            ("systemctl", Some("show")) => (
                0,
                format!(
                    "Id=x.service\nLoadState=loaded\nActiveState={active}\nUnitFileState=disabled\n\
                     ActiveEnterTimestamp=\nNeedDaemonReload=no\n"
                ),
            ),
            ("systemctl", Some("start")) => match self.start {
                Ok(state) => {
                    *active = state;
                    (0, String::new())
                }
                Err(status) => (status, String::new()),
            },
            ("systemctl", Some("stop")) => {
                *active = self.stop;
                (0, String::new())
            }
            ("systemctl", Some("kill")) => {
                *active = self.kill;
                (0, String::new())
            }
            ("scontrol", _) if self.answers => {
                (0, "Slurmctld(primary) at ctl1,ctl2 is UP\n".to_owned())
            }
            ("scontrol", _) => (1, "Slurmctld(primary) at ctl1,ctl2 is DOWN\n".to_owned()),
            ("mariadb", _) => (i32::from(!self.answers), "1\n".to_owned()),
            ("systemd-run", _) => (0, String::new()),
            ("journalctl", _) => (0, "its last words\n".to_owned()),
            (program, _) => panic!("{program} was not expected"),
        };
        Ok(Self::output(command, status, &text))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        // Port 6819 in the form of proc_net_tcp.
        let line = "0: 00000000:1AA3 00000000:0000 0A 00000000:00000000 00:00000000\n";
        let listens = self.answers && path == Path::new("/proc/net/tcp");
        Ok(listens.then(|| line.as_bytes().to_vec()))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let exists = !path.starts_with(RUNTIME_DIRECTORY)
            && self.mounted
            && (self.has_cache || !path.ends_with("last_tres"));
        Ok(exists.then_some(Metadata {
            kind: FileKind::File,
            ids: Ids::root(0o644),
            size: 1,
            modified: Timestamp::UNIX_EPOCH,
            device: (0, 0),
        }))
    }

    fn elapsed(&self) -> Duration {
        *self.clock.lock().expect("a lock")
    }

    fn sleep(&self, time: Duration) {
        *self.clock.lock().expect("a lock") += time;
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(Some(path.to_owned()))
    }

    fn read_directory(&self, _: &Path) -> Result<Vec<String>, FileError> {
        Ok(Vec::new())
    }

    fn stage(&self, path: &Path, _: &[u8], _: Ids) -> Result<PathBuf, FileError> {
        assert!(path.starts_with(RUNTIME_DIRECTORY), "{}", path.display());
        Ok(path.to_owned())
    }

    fn commit(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn make_directory(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        assert_eq!(path, Path::new(RUNTIME_DIRECTORY));
        Ok(())
    }

    fn set_access(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        panic!("an agent changes nothing: {}", path.display())
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        assert!(path.starts_with(RUNTIME_DIRECTORY), "{}", path.display());
        Ok(false)
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        panic!("an agent removes nothing: {}", path.display())
    }

    fn rename(&self, path: &Path, _: &Path) -> Result<(), FileError> {
        panic!("an agent renames nothing: {}", path.display())
    }

    fn is_claimed(&self, _: &Path) -> Result<bool, FileError> {
        Ok(false)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        Ok(vec![0; count])
    }
}

#[test]
fn monitor_answers_for_every_state() {
    let expected = BTreeMap::from([
        ("active", Status::Success),
        ("reloading", Status::Success),
        ("activating", Status::Success),
        ("deactivating", Status::Success),
        ("inactive", Status::NotRunning),
        ("failed", Status::NotRunning),
    ]);
    for daemon in DAEMONS {
        for (state, status) in &expected {
            assert_eq!(Machine::with(state).status(daemon, "monitor"), *status, "{state}");
        }
    }
}

#[test]
fn a_systemd_that_does_not_answer_is_not_a_stopped_daemon() {
    let machine = Machine { systemd_hangs: true, ..Machine::with("active") };
    for daemon in DAEMONS {
        assert_eq!(machine.status(daemon, "monitor"), Status::Generic);
        assert_eq!(machine.status(daemon, "stop"), Status::Generic);
        assert_eq!(machine.status(daemon, "start"), Status::Generic);
    }
}

#[test]
fn start_ends_when_the_daemon_answers() {
    for daemon in DAEMONS {
        for state in ["inactive", "failed", "active"] {
            assert_eq!(Machine::with(state).status(daemon, "start"), Status::Success);
        }
    }
}

#[test]
fn a_daemon_that_runs_and_does_not_answer_has_not_started() {
    for daemon in DAEMONS {
        let machine = Machine { answers: false, ..Machine::with("inactive") };
        let answer = act(&machine, daemon, "start", LIMIT);
        assert_eq!(answer.status, Status::Generic);
        assert!(answer.reason.expect("a reason").contains("answers no request"));
        assert!(machine.elapsed() < LIMIT, "the agent ends before Pacemaker ends it");
    }
}

#[test]
fn nothing_is_started_on_an_empty_mount_point() {
    for daemon in DAEMONS {
        let machine = Machine { mounted: false, ..Machine::with("inactive") };
        assert_eq!(machine.status(daemon, "start"), Status::NotInstalled);
        assert_eq!(*machine.ran.lock().expect("a lock"), Vec::<String>::new());
    }
}

#[test]
fn a_daemon_that_dies_while_it_starts_is_told_with_its_last_words() {
    let machine = Machine { start: Ok("failed"), ..Machine::with("inactive") };
    let answer = act(&machine, Daemon::Slurmctld, "start", LIMIT);
    assert_eq!(answer.status, Status::Generic);
    assert!(answer.reason.expect("a reason").ends_with("its last words"));
    let machine = Machine { start: Err(1), ..Machine::with("inactive") };
    assert_eq!(machine.status(Daemon::Mariadb, "start"), Status::Generic);
}

#[test]
fn a_scheduler_without_its_cache_waits_for_accounting_and_one_with_it_does_not() {
    let answers_nothing = |has_cache| {
        let machine = Machine { has_cache, answers: false, ..Machine::with("inactive") };
        machine.status(Daemon::Slurmctld, "start");
        let ran = machine.ran.lock().expect("a lock").len();
        (ran, machine.elapsed())
    };
    let (with, without) = (answers_nothing(true), answers_nothing(false));
    assert!(with.0 > without.0, "the wait leaves less time to ask slurmctld");
    let machine = Machine { has_cache: false, ..Machine::with("inactive") };
    assert_eq!(machine.status(Daemon::Slurmctld, "start"), Status::Success);
}

#[test]
fn stop_of_what_is_stopped_is_well() {
    for daemon in DAEMONS {
        for state in ["inactive", "failed", "active", "deactivating"] {
            assert_eq!(Machine::with(state).status(daemon, "stop"), Status::Success);
        }
    }
}

#[test]
fn a_daemon_that_does_not_stop_is_killed_and_one_that_survives_is_not_called_stopped() {
    let machine = Machine { stop: "deactivating", ..Machine::with("active") };
    assert_eq!(machine.status(Daemon::Slurmctld, "stop"), Status::Success);
    let ran = machine.ran.lock().expect("a lock").join("\n");
    assert!(ran.contains("kill"), "{ran}");
    let machine = Machine { kill: "deactivating", ..machine };
    *machine.active.lock().expect("a lock") = "active";
    assert_eq!(machine.status(Daemon::Slurmctld, "stop"), Status::Generic);
}

#[test]
fn other_actions_are_not_implemented() {
    assert_eq!(Machine::with("active").status(Daemon::Mariadb, "promote"), Status::Unimplemented);
    assert_eq!(Machine::with("active").status(Daemon::Mariadb, "validate-all"), Status::Success);
}
