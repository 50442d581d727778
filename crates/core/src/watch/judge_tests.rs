// SPDX-License-Identifier: Apache-2.0
//! Daemons that hang, and daemons that only look as if they did.

use super::super::patience::PATIENCE;
use super::*;

/// A look a second, the request heard again with each.
struct Case {
    heard: Heard,
    state: char,
    /// Hundredths of a second of CPU used each second.
    ticks: u64,
    disk: bool,
    waiting: Option<u32>,
}

/// Idle, silent, with a connection at the door.
const DEADLOCKED: Case =
    Case { heard: Heard::Silence, state: 'S', ticks: 1, disk: false, waiting: Some(1) };

impl Case {
    fn look(&self, second: u64) -> Look {
        let ticks = 500 + second * self.ticks;
        Look {
            process: Process { pid: 812, parent: 1, state: self.state, ticks, began: 7219 },
            waits_for_disk: self.disk,
            waiting: self.waiting,
        }
    }

    /// Seconds until the daemon is called hung, within ten minutes, and why.
    fn hung_after(&self) -> Option<(u64, String)> {
        let mut judge = Judge::new(PATIENCE);
        (0..600).find_map(|second| {
            let at = Duration::from_secs(second);
            let verdict = judge.look(at, &self.look(second));
            judge.hear(at, self.heard);
            match verdict {
                Verdict::Hung(why) => Some((second, why)),
                Verdict::Well | Verdict::Suspect => None,
            }
        })
    }
}

#[test]
fn a_stopped_process_is_hung_at_the_third_look() {
    for heard in [Heard::Answer, Heard::Silence, Heard::Unknown] {
        let (second, why) = Case { heard, state: 'T', ..DEADLOCKED }.hung_after().expect("hung");
        assert_eq!((second, why.as_str()), (2, "is stopped by a signal"));
    }
}

#[test]
fn a_process_that_was_stopped_for_a_moment_is_not_hung() {
    let mut judge = Judge::new(PATIENCE);
    let mut look = |second, state| {
        let case = Case { state, heard: Heard::Answer, ..DEADLOCKED };
        judge.look(Duration::from_secs(second), &case.look(second))
    };
    let verdicts = [look(0, 'T'), look(1, 'T'), look(2, 'S'), look(3, 'T'), look(4, 'T')];
    let expected =
        [Verdict::Suspect, Verdict::Suspect, Verdict::Well, Verdict::Suspect, Verdict::Suspect];
    assert_eq!(verdicts, expected);
}

#[test]
fn a_daemon_that_is_silent_and_idle_has_three_strikes() {
    let (second, why) = DEADLOCKED.hung_after().expect("hung");
    // The silence is known from the first request on.
    assert_eq!(second, 31);
    assert_eq!(why, "answers nothing and does nothing for 30 s");
    let without_a_port = Case { waiting: None, ..DEADLOCKED };
    assert_eq!(without_a_port.hung_after().map(|(second, _)| second), Some(31));
}

#[test]
fn a_busy_daemon_gets_minutes() {
    let busy = Case { ticks: 10, ..DEADLOCKED };
    let (second, why) = busy.hung_after().expect("hung");
    assert_eq!((second, why.as_str()), (301, "works and answers nothing for 300 s"));
}

#[test]
fn a_daemon_that_waits_for_its_disk_is_never_hung() {
    assert_eq!(Case { disk: true, state: 'D', ..DEADLOCKED }.hung_after(), None);
    assert_eq!(Case { disk: true, ticks: 50, ..DEADLOCKED }.hung_after(), None);
}

#[test]
fn who_takes_connections_or_answers_or_cannot_be_asked_is_not_hung() {
    assert_eq!(Case { waiting: Some(0), ..DEADLOCKED }.hung_after(), None);
    assert_eq!(Case { heard: Heard::Answer, ..DEADLOCKED }.hung_after(), None);
    assert_eq!(Case { heard: Heard::Unknown, ..DEADLOCKED }.hung_after(), None);
    assert_eq!(Case { heard: Heard::Answer, state: 't', ..DEADLOCKED }.hung_after(), None);
}

#[test]
fn one_answer_or_one_busy_window_takes_all_strikes_back() {
    let mut judge = Judge::new(PATIENCE);
    let mut hung = Vec::new();
    for second in 0..70 {
        let at = Duration::from_secs(second);
        let heard = if second == 25 { Heard::Answer } else { Heard::Silence };
        if matches!(judge.look(at, &DEADLOCKED.look(second)), Verdict::Hung(_)) {
            hung.push(second);
        }
        judge.hear(at, heard);
    }
    // Silent again from 26, seen at 27.
    assert_eq!(hung.first(), Some(&57));
}

#[test]
fn a_watcher_that_stood_still_has_seen_no_silence() {
    let mut judge = Judge::new(PATIENCE);
    judge.look(Duration::ZERO, &DEADLOCKED.look(0));
    judge.hear(Duration::ZERO, Heard::Silence);
    for minute in 1..4 {
        let at = Duration::from_secs(minute * 60);
        assert_eq!(judge.look(at, &DEADLOCKED.look(minute)), Verdict::Suspect);
    }
}

#[test]
fn another_process_begins_with_nothing_against_it() {
    let mut judge = Judge::new(PATIENCE);
    for second in 0..2 {
        let case = Case { state: 'T', ..DEADLOCKED };
        judge.look(Duration::from_secs(second), &case.look(second));
    }
    let mut other = DEADLOCKED.look(2);
    other.process = Process { began: 9999, state: 'T', ..other.process };
    assert_eq!(judge.look(Duration::from_secs(2), &other), Verdict::Suspect);
}

#[test]
fn requests_are_rare_while_all_is_well() {
    let mut judge = Judge::new(PATIENCE);
    let seconds = Duration::from_secs;
    assert!(!judge.wants_to_ask(seconds(50)), "nothing runs");
    judge.look(seconds(100), &DEADLOCKED.look(0));
    assert!(!judge.wants_to_ask(seconds(101)), "its start has asked");
    assert!(judge.wants_to_ask(seconds(110)));
    judge.hear(seconds(110), Heard::Answer);
    assert!(!judge.wants_to_ask(seconds(111)));
    judge.hear(seconds(120), Heard::Silence);
    assert!(!judge.wants_to_ask(seconds(122)), "not without a rest");
    assert!(judge.wants_to_ask(seconds(123)));
    judge.look(seconds(123), &Case { state: 'T', ..DEADLOCKED }.look(0));
    assert!(!judge.wants_to_ask(seconds(123)), "a stopped process answers nobody");
}
