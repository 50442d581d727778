// SPDX-License-Identifier: Apache-2.0
//! A machine with Slurm's programs, whose clock a test moves on.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_host::{
    Command, CommandError, CommandOutput, Exit, FileError, Local, Metadata, System,
};

use crate::test_system::changes_nothing;

const NODES: &str = "batch*|up|1-00:00:00|cn1|idle|4|7900|none\n\
                     batch*|up|1-00:00:00|cn2|down*|4|7900|Not responding\n";

/// A copy of it is the same machine.
#[derive(Clone)]
pub struct Machine {
    now: Arc<Mutex<Now>>,
    rest: Arc<Local>,
}

#[derive(Default)]
struct Now {
    /// Of squeue, `WORD` for the word that each line begins with.
    queue: String,
    fails: bool,
    clock: Duration,
    ran: Vec<String>,
}

impl Machine {
    pub fn new() -> Self {
        Self { now: Arc::default(), rest: Arc::new(Local::new()) }
    }

    /// Id, user, state, name.
    pub fn queue_of(&self, jobs: &[(&str, &str, &str, &str)]) {
        let line = |(id, user, state, name): &(&str, &str, &str, &str)| {
            format!("WORD|{id}|{user}|batch|{state}|Priority|N/A|1:00|1:00:00|1|1||{name}\n")
        };
        self.change(|now| now.queue = jobs.iter().map(line).collect());
    }

    pub fn fails(&self, fails: bool) {
        self.change(|now| now.fails = fails);
    }

    pub fn pass(&self, time: Duration) {
        self.change(|now| now.clock += time);
    }

    pub fn runs(&self, program: &str) -> usize {
        self.change(|now| now.ran.iter().filter(|it| *it == program).count())
    }

    pub fn wait_for_runs(&self, program: &str, runs: usize) {
        super::eventually(|| (self.runs(program) >= runs).then_some(()));
    }

    fn change<T>(&self, how: impl FnOnce(&mut Now) -> T) -> T {
        how(&mut self.now.lock().expect("a lock"))
    }
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        let said = self.change(|now| {
            now.ran.push(command.program().to_owned());
            (!now.fails).then(|| now.queue.clone())
        });
        let Some(queue) = said else {
            let why = "squeue: error: slurm_receive_msg: Zero Bytes were transmitted or received";
            return Ok(CommandOutput::new(command, Exit::Status(1), Vec::new(), why.into()));
        };
        let text = match command.program() {
            "sinfo" => NODES.to_owned(),
            "squeue" => {
                let format = command.arguments().pop().unwrap_or_default();
                let word = format.split('|').next().unwrap_or_default();
                assert_eq!(word.len(), 24, "{format}");
                queue.replace("WORD", word)
            }
            other => panic!("nobody should run {other}"),
        };
        Ok(CommandOutput::new(command, Exit::Status(0), text.into_bytes(), Vec::new()))
    }
    fn now(&self) -> Timestamp {
        self.rest.now()
    }
    fn elapsed(&self) -> Duration {
        self.change(|now| now.clock)
    }
    fn sleep(&self, time: Duration) {
        self.rest.sleep(time);
    }
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        self.rest.read(path)
    }
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.rest.metadata(path)
    }
    changes_nothing!(rest);
}
