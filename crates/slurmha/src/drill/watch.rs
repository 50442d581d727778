// SPDX-License-Identifier: Apache-2.0
//! One conversation with a machine, with its clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{ClockOffset, ClockReading};
use slurmha_core::site::NodeName;
use slurmha_host::{Conversation, Local, Remote, RemoteError, System as _};

use super::protocol::{NODE_ARGUMENTS, Reply, Request, Task};

/// Readings of a clock that are enough.
const READINGS: usize = 3;

/// Time for a reading to come back before the next is asked for.
const READING_PAUSE: Duration = Duration::from_millis(150);

/// By how many seconds a clock may be read wrongly.
const VAGUEST_S: f64 = 3.0;

/// A machine that does a task for the drill.
pub struct Watch {
    /// The machine.
    pub machine: NodeName,
    conversation: Conversation,
    clock: Mutex<Clock>,
    ended: AtomicBool,
}

#[derive(Default)]
struct Clock {
    asked: BTreeMap<u32, Timestamp>,
    readings: Vec<ClockReading>,
}

impl Clock {
    fn is_read(&self) -> bool {
        self.readings.len() >= READINGS
            && ClockOffset::measure(&self.readings).is_some_and(is_exact_enough)
    }
}

/// Whether what a machine tells can be brought together with what others do: with a worse
/// reading a failover would look as if two had written.
pub fn is_exact_enough(clock: ClockOffset) -> bool {
    clock.error_s <= VAGUEST_S
}

impl Watch {
    /// Starts the other end; it waits for a task.
    pub fn start(remote: &Remote, machine: &NodeName) -> Result<Self, RemoteError> {
        Ok(Self {
            machine: machine.clone(),
            conversation: remote.converse(machine.as_str(), &NODE_ARGUMENTS)?,
            clock: Mutex::default(),
            ended: AtomicBool::new(false),
        })
    }

    /// Says what to do.
    pub fn begin(&self, task: Task) -> Result<(), String> {
        self.say(&Request::Task(task))
    }

    /// Hears replies until the other end has ended. Answers to questions for
    /// the time are kept here.
    pub fn listen(&self, on_reply: &mut dyn FnMut(Reply)) -> Result<(), String> {
        let local = Local::new();
        let result = self.conversation.listen(&mut |line| match serde_json::from_str(line) {
            Ok(Reply::Clock { question, now }) => self.note(question, now, local.now()),
            Ok(reply) => on_reply(reply),
            // A login shell may print a greeting of its own.
            Err(_) => {}
        });
        self.ended.store(true, Ordering::SeqCst);
        result.map_err(|error| error.to_string())
    }

    /// Asks for the time until there are enough answers, and a quick one among them, or
    /// the patience is at its end.
    pub fn synchronise(&self, patience: Duration) {
        let local = Local::new();
        while local.elapsed() < patience && !self.has_ended() && !self.clock().is_read() {
            let question = u32::try_from(self.clock().asked.len()).unwrap_or_default();
            self.clock().asked.insert(question, local.now());
            if self.say(&Request::Clock(question)).is_err() {
                return;
            }
            thread::sleep(READING_PAUSE);
        }
    }

    /// How far the machine's clock is from ours.
    pub fn offset(&self) -> Option<ClockOffset> {
        ClockOffset::measure(&self.clock().readings)
    }

    /// Whether the other end has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Asks the other end to stop.
    pub fn stop(&self) {
        self.conversation.hang_up();
    }

    /// Has it do a task and hears every reply, until the other end has ended or
    /// nobody wants to hear more. With a limit, its clock is read before.
    pub fn hear_out(
        &self,
        task: Task,
        clock_limit: Option<Duration>,
        is_unwanted: &dyn Fn() -> bool,
        on_reply: &mut (dyn FnMut(Reply) + Send),
    ) -> Result<(), String> {
        thread::scope(|scope| {
            let listener = scope.spawn(|| self.listen(on_reply));
            if let Some(limit) = clock_limit {
                self.synchronise(limit);
            }
            let begun = self.begin(task);
            while begun.is_ok() && !listener.is_finished() && !is_unwanted() {
                thread::sleep(Duration::from_millis(20));
            }
            if !listener.is_finished() {
                self.kill();
            }
            let heard = listener.join().unwrap_or_else(|_| Err("the listener failed".to_owned()));
            // Why it could not be begun is told better by how it ended.
            heard.and(begun)
        })
    }

    /// Ends the conversation at once.
    pub fn kill(&self) {
        self.conversation.kill();
    }

    fn say(&self, request: &Request) -> Result<(), String> {
        let line = serde_json::to_string(request).map_err(|error| error.to_string())?;
        self.conversation.say(&line).map_err(|error| error.to_string())
    }

    fn note(&self, question: u32, there: Timestamp, answered: Timestamp) {
        let mut clock = self.clock();
        if let Some(&asked) = clock.asked.get(&question) {
            clock.readings.push(ClockReading { asked, there, answered });
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that ends by itself: its replies and, when asked for, the machine's
/// clock.
pub fn complete(
    remote: &Remote,
    machine: &NodeName,
    task: Task,
    with_clock: bool,
    limit: Duration,
) -> Result<(Vec<Reply>, Option<ClockOffset>), String> {
    let watch = Watch::start(remote, machine).map_err(|error| error.to_string())?;
    let local = Local::new();
    let mut replies = Vec::new();
    let clock_limit = with_clock.then_some(limit / 2);
    watch.hear_out(task, clock_limit, &|| local.elapsed() >= limit, &mut |reply| {
        replies.push(reply);
    })?;
    Ok((replies, watch.offset()))
}
