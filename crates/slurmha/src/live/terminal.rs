// SPDX-License-Identifier: Apache-2.0
//! The terminal: taken over, drawn on, and given back on every way out.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use slurmha_core::status::Status;
use slurmha_host::{Local, System as _};
use slurmha_lab::interrupt;

use super::journal::Journal;
use super::keys::{Act, Position};
use super::looker::Looker;
use super::paint::Paint;
use super::screen::{Seen, View, draw};
use crate::failure::Failure;

/// How long what was seen, or a signal, may wait until it is looked for.
const TICK: Duration = Duration::from_millis(200);
/// What was seen is old after so many intervals,
const OLD_INTERVALS: u32 = 3;
/// and so much for the round itself.
const OLD_ROUND: Duration = Duration::from_secs(15);
/// How long leaving may take while a machine does not answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// Shows what the looker sees until somebody leaves, a signal comes, or the
/// terminal goes away.
///
/// # Errors
/// When the terminal cannot be drawn on, or nobody looks any more.
pub fn show(
    cluster: &str,
    looker: Looker,
    interval: Duration,
    paint: Paint,
) -> Result<(), Failure> {
    // From here on SIGTERM and a hang-up are told, so that the terminal is
    // given back; a panic gives it back by ratatui's hook.
    interrupt::watch();
    let screen = Screen {
        cluster,
        looker: &looker,
        old_after: interval * OLD_INTERVALS + OLD_ROUND,
        paint,
        journal: Journal::default(),
        position: Position::default(),
        began: Instant::now(),
        seen: None,
    };
    let outcome = take_over(screen);
    looker.end(FAREWELL);
    outcome
}

fn take_over(screen: Screen<'_>) -> Result<(), Failure> {
    let mut terminal = ratatui::try_init().map_err(|error| {
        // It may have been taken by half.
        ratatui::restore();
        unusable(error)
    })?;
    let outcome = screen.run(&mut terminal);
    if has_hung_up() {
        // Nothing can be given back, nobody can be told, and what ratatui
        // complains about it would end in a panic.
        std::mem::forget(terminal);
        return Ok(());
    }
    ratatui::restore();
    outcome
}

struct Screen<'a> {
    cluster: &'a str,
    looker: &'a Looker,
    old_after: Duration,
    paint: Paint,
    journal: Journal,
    position: Position,
    began: Instant,
    seen: Option<Last>,
}

struct Last {
    status: Status,
    at: String,
    moment: Instant,
    time: Timestamp,
}

impl Last {
    /// The one clock stands still while this machine sleeps, the other one can be set.
    fn age(&self) -> Duration {
        let by_date = Local::new().now().duration_since(self.time);
        self.moment.elapsed().max(by_date.try_into().unwrap_or_default())
    }
}

impl Screen<'_> {
    fn run(mut self, terminal: &mut DefaultTerminal) -> Result<(), Failure> {
        let events = events();
        let mut drawn_second = None;
        loop {
            if interrupt::interrupted() || has_hung_up() {
                return Ok(());
            }
            let mut is_stale = self.take_in()?;
            let mut wait = if is_stale { Duration::ZERO } else { TICK };
            while let Some(event) = next(&events, wait)? {
                (is_stale, wait) = (true, Duration::ZERO);
                if self.obey(&event) == Act::Leave {
                    return Ok(());
                }
            }
            // Ages are in seconds.
            let second = Some(self.shown_seconds());
            if is_stale || drawn_second != second {
                terminal.draw(|frame| self.draw(frame)).map_err(unusable)?;
                drawn_second = second;
            }
        }
    }

    /// Takes in what was seen meanwhile, and says whether there was anything.
    fn take_in(&mut self) -> Result<bool, Failure> {
        let nobody = |_| Failure::internal("the thread that asks the machines has ended");
        let seen = self.looker.seen().map_err(nobody)?;
        let is_news = !seen.is_empty();
        for status in seen {
            let at = time_of_day();
            let changes = self.journal.take_in(&status, &at);
            self.position.changes_were_added(changes);
            self.seen = Some(Last { status, at, moment: Instant::now(), time: Local::new().now() });
        }
        Ok(is_news)
    }

    fn obey(&mut self, event: &Event) -> Act {
        let Event::Key(key) = event else { return Act::Draw };
        if key.kind == KeyEventKind::Release {
            return Act::Draw;
        }
        let act = self.position.press(*key);
        if act == Act::LookNow {
            self.looker.look_now();
        }
        act
    }

    fn draw(&mut self, frame: &mut ratatui::Frame<'_>) {
        let seen = self.seen.as_ref().map(|last| {
            let age = last.age();
            Seen { status: &last.status, at: &last.at, age, is_old: age > self.old_after }
        });
        let view = View {
            cluster: self.cluster,
            seen,
            waiting: self.began.elapsed(),
            journal: &self.journal,
            paint: self.paint,
        };
        draw(frame, &view, &mut self.position);
    }

    fn shown_seconds(&self) -> u64 {
        self.seen.as_ref().map_or_else(|| self.began.elapsed(), Last::age).as_secs()
    }
}

/// Keys and changes of size, read in a thread of their own: crossterm 0.29
/// never returns from reading a terminal that is gone, and takes a processor
/// for it (crossterm-rs/crossterm#793). It ends with the process.
fn events() -> Receiver<io::Result<Event>> {
    let (send, events) = channel();
    thread::spawn(move || {
        loop {
            let event = event::read();
            let is_last = event.is_err();
            if send.send(event).is_err() || is_last {
                return;
            }
        }
    });
    events
}

fn next(events: &Receiver<io::Result<Event>>, wait: Duration) -> Result<Option<Event>, Failure> {
    match events.recv_timeout(wait) {
        Ok(event) => event.map(Some).map_err(unusable),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Failure::internal("the thread that reads the keys has ended"))
        }
    }
}

/// Whether the terminal is gone. Not everybody is told by a signal: only the
/// terminal's own session is.
fn has_hung_up() -> bool {
    let stdout = io::stdout();
    // A hang-up is told without being asked for.
    let mut terminal = [PollFd::new(&stdout, PollFlags::empty())];
    let _ = poll(&mut terminal, Some(&Timespec::default()));
    terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// As the clock of whoever looks has it.
fn time_of_day() -> String {
    Local::new()
        .now()
        .to_zoned_datetime(jiff::tz::TimeZone::system())
        .strftime("%H:%M:%S")
        .to_string()
}

fn unusable(error: io::Error) -> Failure {
    Failure::remote(format!("the terminal cannot be used: {error}"))
        .hint("slurmha status --watch --json prints a line for each look")
}
