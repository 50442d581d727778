// SPDX-License-Identifier: Apache-2.0
//! A cluster in which something is moved, in the place of Pacemaker.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use slurmha_core::render::cib::ACTIVE_RESOURCES;
use slurmha_host::{Command, CommandError, CommandOutput, Exit, FileError, Ids, Metadata};

use super::super::*;
use super::task;

/// A cluster as its target ctl2 sees it: what is preferred arrives there some
/// seconds later, one resource each.
pub struct Cluster {
    pub state: Mutex<State>,
    /// What never starts on the target.
    pub broken: Option<&'static str>,
    /// What fails on the target, and is back on the old side with all the rest
    /// when nothing prefers the target any more.
    pub failing: Option<&'static str>,
    /// The constraint with which somebody has moved or banned something.
    pub ordered_by_hand: Option<&'static str>,
    /// Commands from this number on do not reach Pacemaker.
    pub dead_from: usize,
}

#[derive(Default)]
pub struct State {
    clock: Duration,
    pub preferred_since: Option<Duration>,
    commands: Vec<String>,
}

impl Cluster {
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            broken: None,
            failing: None,
            ordered_by_hand: None,
            dead_from: usize::MAX,
        }
    }

    /// Drives a move as it is typed by hand; somebody stops it that many seconds
    /// after everything has moved.
    pub fn drive_by_hand(&self, patience: u64) -> Vec<Reply> {
        let told = RefCell::new(Vec::new());
        let left_at = std::cell::Cell::new(None);
        let operator = Operator {
            tell: &|reply| {
                if matches!(reply, Reply::LeftBehind) {
                    assert!(!self.is_clean(), "it is still there");
                    left_at.set(Some(self.elapsed()));
                }
                told.borrow_mut().push(reply);
            },
            has_left: &|| {
                left_at.get().is_some_and(|at| self.elapsed() > at + Duration::from_secs(patience))
            },
        };
        run(self, &operator, &MoveTask { is_left: true, ..task() });
        told.into_inner()
    }

    /// Drives a move; nobody listens any more after that many seconds.
    pub fn drive(&self, patience: u64) -> Vec<Reply> {
        let told = RefCell::new(Vec::new());
        let operator = Operator {
            tell: &|reply| told.borrow_mut().push(reply),
            has_left: &|| self.elapsed() > Duration::from_secs(patience),
        };
        run(self, &operator, &task());
        told.into_inner()
    }

    pub fn is_clean(&self) -> bool {
        self.lock().preferred_since.is_none()
    }

    pub fn commands(&self) -> Vec<String> {
        self.lock().commands.clone()
    }

    pub fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("a lock")
    }

    fn answer(&self, state: &mut State, command: &Command) -> (i32, String) {
        let words = command.arguments();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (command.program(), words.as_slice()) {
            (
                "crm_resource",
                [
                    "--move",
                    "--promoted",
                    "--resource",
                    "drbd-clone",
                    "--node",
                    "ctl2",
                    "--lifetime",
                    _,
                ],
            ) => {
                state.preferred_since = Some(state.clock);
                (0, String::new())
            }
            (
                "crm_resource",
                ["--move", "--promoted", "--resource", "drbd-clone", "--node", "ctl2"],
            ) => {
                state.preferred_since = Some(state.clock);
                (0, String::new())
            }
            ("systemd-run" | "systemctl", _) => (0, String::new()),
            (
                "cibadmin",
                ["--delete", "--xpath", "//rsc_location[@id='cli-prefer-drbd-clone']"],
            ) => {
                state.preferred_since = None;
                (0, String::new())
            }
            ("crm_resource", ["--wait", ..]) => (0, String::new()),
            ("cibadmin", ["--query", "--xpath", xpath])
                if self.ordered_by_hand.is_some() && xpath.contains("starts-with") =>
            {
                let id = self.ordered_by_hand.unwrap_or_default();
                (0, format!("<rsc_location id=\"{id}\"/>"))
            }
            ("cibadmin", _) if state.preferred_since.is_some() => (0, "<rsc_location/>".to_owned()),
            ("cibadmin", _) => (105, String::new()),
            ("crm_mon", _) => (0, self.crm_mon(state)),
            ("scontrol", _) => (0, "Slurmctld(primary) at ctl2 is UP\n".to_owned()),
            ("drbdsetup", _) => (
                0,
                "slurm_data role:Primary suspended:no\n  volume:0 minor:0 disk:UpToDate\n  \
                 ctl1 connection:Connected role:Secondary congested:no\n    \
                 volume:0 replication:Established peer-disk:UpToDate\n"
                    .to_owned(),
            ),
            (program, words) => panic!("{program} {words:?}"),
        }
    }

    /// Seconds since the order, of which the move has made use.
    fn crm_mon(&self, state: &mut State) -> String {
        let moved = ARRIVED.with(|arrived| {
            if let Some(since) = state.preferred_since {
                let seconds = (state.clock - since).as_secs().saturating_sub(3);
                arrived.set(arrived.get().max(usize::try_from(seconds).unwrap_or_default()));
            }
            arrived.get()
        });
        let mut text = "<pacemaker-result><summary><current_dc present=\"true\" name=\"ctl2\" \
             with_quorum=\"true\"/><cluster_options stonith-enabled=\"true\" \
             maintenance-mode=\"false\"/></summary><nodes/><resources>"
            .to_owned();
        let mut resource = |id: &str, role: &str, node: &str| {
            text.push_str(&format!(
                "<resource id=\"{id}\" resource_agent=\"x\" role=\"{role}\" managed=\"true\" \
                 failed=\"false\"><node name=\"{node}\"/></resource>"
            ));
        };
        let failed = moved > 3 && self.failing.is_some();
        let moved = if failed && state.preferred_since.is_none() { 0 } else { moved };
        let (old, new) = if moved > 0 { ("ctl1", "ctl2") } else { ("ctl2", "ctl1") };
        resource("drbd", "Promoted", new);
        resource("drbd", "Unpromoted", old);
        for (index, id) in ACTIVE_RESOURCES.into_iter().enumerate() {
            let here = moved > index + 1 && self.broken != Some(id) && self.failing != Some(id);
            resource(
                id,
                if moved > 0 && !here { "Starting" } else { "Started" },
                if here { "ctl2" } else { "ctl1" },
            );
        }
        text.push_str("</resources><failures>");
        if let Some(id) = self.failing.filter(|_| failed) {
            text.push_str(&format!(
                "<failure op_key=\"{id}_start_0\" node=\"ctl2\" status=\"complete\" \
                 exitstatus=\"error\" exitreason=\"no clue\"/>"
            ));
        }
        text.push_str("</failures></pacemaker-result>");
        text
    }
}

thread_local! {
    /// How many resources have moved; each test has a thread of its own.
    pub static ARRIVED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl System for Cluster {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        let mut state = self.lock();
        state.clock += Duration::from_millis(50);
        state.commands.push(command.pasteable());
        if state.commands.len() > self.dead_from {
            let output = CommandOutput::new(
                command,
                Exit::Status(102),
                Vec::new(),
                b"Not connected".to_vec(),
            );
            return Ok(output);
        }
        let (status, text) = self.answer(&mut state, command);
        Ok(CommandOutput::new(command, Exit::Status(status), text.into_bytes(), Vec::new()))
    }

    fn now(&self) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(self.lock().clock).expect("a short time");
        Timestamp::UNIX_EPOCH.checked_add(passed).expect("a time")
    }

    fn elapsed(&self) -> Duration {
        self.lock().clock
    }

    fn sleep(&self, time: Duration) {
        self.lock().clock += time;
    }

    fn read(&self, _: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(None)
    }

    fn metadata(&self, _: &Path) -> Result<Option<Metadata>, FileError> {
        Ok(None)
    }

    fn resolve(&self, _: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(None)
    }

    fn read_directory(&self, _: &Path) -> Result<Vec<String>, FileError> {
        Ok(Vec::new())
    }

    fn stage(&self, _: &Path, _: &[u8], _: Ids) -> Result<PathBuf, FileError> {
        unreachable!("a move writes no file")
    }

    fn commit(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        unreachable!("a move writes no file")
    }

    fn make_directory(&self, _: &Path, _: Ids) -> Result<(), FileError> {
        unreachable!("a move makes no directory")
    }

    fn set_access(&self, _: &Path, _: Ids) -> Result<(), FileError> {
        unreachable!("a move changes no file")
    }

    fn remove_file(&self, _: &Path) -> Result<bool, FileError> {
        unreachable!("a move removes no file")
    }

    fn remove_tree(&self, _: &Path) -> Result<(), FileError> {
        unreachable!("a move removes no file")
    }

    fn rename(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        unreachable!("a move renames no file")
    }

    fn is_claimed(&self, _: &Path) -> Result<bool, FileError> {
        unreachable!("a move asks no device")
    }

    fn random(&self, _: usize) -> Result<Vec<u8>, FileError> {
        unreachable!("a move throws no dice")
    }
}
