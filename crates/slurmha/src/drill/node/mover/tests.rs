// SPDX-License-Identifier: Apache-2.0
//! A move that is done, that fails, and that is interrupted at every moment.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use slurmha_core::render::cib::ACTIVE_RESOURCES;
use slurmha_host::{Command, CommandError, CommandOutput, Exit, FileError, Ids, Metadata};

use super::*;

fn task() -> MoveTask {
    MoveTask {
        from: "ctl1".into(),
        to: "ctl2".into(),
        limit: Duration::from_secs(60),
        from_here: false,
        is_left: false,
    }
}

/// A cluster as its target ctl2 sees it: what is preferred arrives there some
/// seconds later, one resource each.
struct Cluster {
    state: Mutex<State>,
    /// What never starts on the target.
    broken: Option<&'static str>,
    /// What fails on the target, and is back on the old side with all the rest
    /// when nothing prefers the target any more.
    failing: Option<&'static str>,
    /// Somebody prefers a machine for slurmctld.
    preferred_by_hand: bool,
    /// Commands from this number on do not reach Pacemaker.
    dead_from: usize,
}

#[derive(Default)]
struct State {
    clock: Duration,
    preferred_since: Option<Duration>,
    commands: Vec<String>,
}

impl Cluster {
    fn new() -> Self {
        Self {
            state: Mutex::default(),
            broken: None,
            failing: None,
            preferred_by_hand: false,
            dead_from: usize::MAX,
        }
    }

    /// Drives a move as it is typed by hand; somebody stops it that many seconds
    /// after everything has moved.
    fn drive_by_hand(&self, patience: u64) -> Vec<Reply> {
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
    fn drive(&self, patience: u64) -> Vec<Reply> {
        let told = RefCell::new(Vec::new());
        let operator = Operator {
            tell: &|reply| told.borrow_mut().push(reply),
            has_left: &|| self.elapsed() > Duration::from_secs(patience),
        };
        run(self, &operator, &task());
        told.into_inner()
    }

    fn is_clean(&self) -> bool {
        self.lock().preferred_since.is_none()
    }

    fn commands(&self) -> Vec<String> {
        self.lock().commands.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
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
            ("crm_resource", ["--clear", "--resource", "drbd-clone"]) => {
                state.preferred_since = None;
                (0, String::new())
            }
            ("crm_resource", ["--wait", ..]) => (0, String::new()),
            ("cibadmin", [_, _, xpath])
                if self.preferred_by_hand && xpath.contains("starts-with") =>
            {
                (0, "<rsc_location id=\"cli-prefer-slurmctld\"/>".to_owned())
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
    static ARRIVED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
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

fn end(replies: &[Reply]) -> Moved {
    match replies.last() {
        Some(Reply::Moved(moved)) => moved.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_move_tells_its_steps_and_leaves_nothing() {
    let cluster = Cluster::new();
    let replies = cluster.drive(u64::MAX);
    assert!(matches!(replies.first(), Some(Reply::Struck(_))), "{replies:?}");
    let steps: Vec<&str> = replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::MoveStep(step) => Some(step.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        steps,
        [
            "runs drbd",
            "runs state",
            "runs database",
            "runs vip",
            "runs slurmctld",
            "runs mariadb",
            "runs slurmdbd"
        ]
    );
    let moved = end(&replies);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
}

/// Without an end, and without anybody but the drill to take it away: or a timer.
#[test]
fn a_move_by_hand_is_left_until_the_drill_has_seen_enough() {
    let cluster = Cluster::new();
    let replies = cluster.drive_by_hand(7);
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::LeftBehind)).count(), 1);
    let moved = end(&replies);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
    let commands = cluster.commands();
    let at = |words: &str| commands.iter().position(|it| it.contains(words));
    let timer = at("slurmha-mend-move --on-active=150").expect("a timer");
    assert!(timer < at("--node ctl2").expect("an order"), "{commands:?}");
    assert!(at("--lifetime").is_none(), "{commands:?}");
    assert!(at("systemctl stop -- slurmha-mend-move.timer").is_some(), "{commands:?}");
}

#[test]
fn a_move_by_hand_that_nobody_stops_is_taken_back_in_the_end() {
    let cluster = Cluster::new();
    assert_eq!(end(&cluster.drive_by_hand(10_000)).left_over, None);
    assert!(cluster.is_clean());
    // The timer does the same.
    cluster.lock().preferred_since = Some(Duration::ZERO);
    assert_eq!(mend(&cluster), Ok(()));
    assert!(cluster.is_clean());
}

#[test]
fn a_move_by_hand_that_fails_is_not_left() {
    let cluster = Cluster { failing: Some("slurmctld"), ..Cluster::new() };
    let replies = cluster.drive_by_hand(7);
    assert!(!replies.iter().any(|reply| matches!(reply, Reply::LeftBehind)), "{replies:?}");
    assert!(end(&replies).result.is_err());
    assert!(cluster.is_clean());
}

/// What an earlier move has left is taken away before anything else.
#[test]
fn a_second_run_repairs_the_first() {
    let cluster = Cluster::new();
    cluster.lock().preferred_since = Some(Duration::ZERO);
    cluster.drive(u64::MAX);
    assert_eq!(cluster.commands()[0], "crm_resource --clear --resource drbd-clone");
    assert!(cluster.is_clean());
}

#[test]
fn what_is_left_is_taken_back_without_a_move() {
    let cluster = Cluster::new();
    cluster.lock().preferred_since = Some(Duration::ZERO);
    let moved = end(&[take_back(&cluster)]);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
    assert!(!cluster.commands().iter().any(|command| command.contains("--move")));
}

#[test]
fn a_hand_made_preference_is_not_argued_with() {
    let cluster = Cluster { preferred_by_hand: true, ..Cluster::new() };
    let replies = cluster.drive(u64::MAX);
    let [Reply::Unharmed(why)] = replies.as_slice() else { panic!("{replies:?}") };
    assert!(why.contains("by hand"), "{why}");
    assert!(!cluster.commands().iter().any(|command| command.contains("--move")));
}

#[test]
fn an_operator_who_leaves_leaves_nothing_behind() {
    for patience in 0..12 {
        ARRIVED.with(|arrived| arrived.set(0));
        let cluster = Cluster::new();
        let moved = end(&cluster.drive(patience));
        assert!(cluster.is_clean(), "after {patience} s");
        if let Err(why) = moved.result {
            assert!(why.starts_with("interrupted; "), "{why}");
        }
    }
}

#[test]
fn a_resource_that_does_not_start_ends_the_move_in_time() {
    let cluster = Cluster { broken: Some("slurmdbd"), ..Cluster::new() };
    let moved = end(&cluster.drive(u64::MAX));
    assert_eq!(moved.result, Err("not done after 60 s: not yet on ctl2: slurmdbd".to_owned()));
    assert!(cluster.is_clean());
}

/// Nothing may hold the role on a target that does not work.
#[test]
fn a_failure_takes_the_order_back_at_once() {
    let cluster = Cluster { failing: Some("slurmctld"), ..Cluster::new() };
    let moved = end(&cluster.drive(u64::MAX));
    let why = "it went back to ctl1: slurmctld_start_0 failed on ctl2: no clue";
    assert_eq!(moved.result, Err(why.to_owned()));
    assert!(cluster.is_clean());
    assert!(cluster.elapsed() < Duration::from_secs(20), "{:?}", cluster.elapsed());
}

/// Pacemaker answers nothing any more from some command on, forever: either
/// nothing was ordered, or it is said what is left and what to type.
#[test]
fn a_dead_pacemaker_is_told_at_every_moment() {
    for dead_from in 0..12 {
        ARRIVED.with(|arrived| arrived.set(0));
        let cluster = Cluster { dead_from, ..Cluster::new() };
        let replies = cluster.drive(u64::MAX);
        match replies.last() {
            Some(Reply::Unharmed(why)) => {
                assert!(dead_from < 3 && why.contains("Not connected"), "{dead_from}: {why}");
            }
            Some(Reply::Moved(moved)) => {
                assert!(moved.result.is_err());
                let left = moved.left_over.as_deref().unwrap_or_default();
                assert!(left.contains("crm_resource --clear -r drbd-clone"), "{left}");
                assert!(left.contains("PT15M"), "{left}");
            }
            other => panic!("{dead_from}: {other:?}"),
        }
    }
}
