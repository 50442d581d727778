// SPDX-License-Identifier: Apache-2.0
//! The line to the drill.

use std::io::{self, BufRead as _, Write as _, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use slurmha_host::{Local, System};

use super::super::protocol::{Reply, Request, Task};

/// A wait is cut into pieces of this length, so that a stop is not missed.
const PIECE: Duration = Duration::from_millis(20);

/// The line to the drill, shared by everything that has something to say.
#[derive(Clone)]
pub struct Link {
    stopped: Arc<AtomicBool>,
}

impl Link {
    /// Waits for the task. From then on questions for the time are answered,
    /// and the end of the input is noticed.
    ///
    /// # Errors
    /// When the input ends without a task.
    pub fn open() -> io::Result<(Self, Task)> {
        let link = Self { stopped: Arc::default() };
        let (sender, tasks) = channel();
        let listener = link.clone();
        thread::spawn(move || listener.listen(&sender));
        match tasks.recv() {
            Ok(task) => Ok((link, task)),
            Err(_) => Err(io::Error::other("no task came")),
        }
    }

    /// Says something. When nobody hears it any more, it is time to stop.
    pub fn send(&self, reply: &Reply) {
        let Ok(mut line) = serde_json::to_vec(reply) else { return };
        line.push(b'\n');
        let mut stdout = stdout().lock();
        if stdout.write_all(&line).and_then(|()| stdout.flush()).is_err() {
            self.stopped.store(true, Ordering::SeqCst);
        }
    }

    /// Whether to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Waits until that time of the system's running clock, or for the stop;
    /// says whether to go on.
    pub fn wait_until(&self, system: &dyn System, time: Duration) -> bool {
        while !self.is_stopped() {
            let left = time.saturating_sub(system.elapsed());
            if left.is_zero() {
                return true;
            }
            system.sleep(left.min(PIECE));
        }
        false
    }

    fn listen(&self, tasks: &Sender<Task>) {
        let clock = Local::steady();
        for line in stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(Request::Clock(question)) => {
                    self.send(&Reply::Clock { question, now: clock.now() });
                }
                // A receiver that is gone has its task already.
                Ok(Request::Task(task)) => drop(tasks.send(task)),
                Err(error) => self.send(&Reply::Trouble(format!("not understood: {error}"))),
            }
        }
        self.stopped.store(true, Ordering::SeqCst);
    }
}
