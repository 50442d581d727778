// SPDX-License-Identifier: Apache-2.0
//! Who waits for the scheduler at a terminal, and what they are told.
//!
//! Slurm's commands try again in silence while no controller answers
//! (`slurm_open_controller_conn`), which looks like a command that hangs. Only
//! sbatch, srun and salloc have a filter that could say something; this looks
//! from outside, changes no command and costs none a moment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Commands that ask slurmctld; sacct and sacctmgr ask slurmdbd.
const COMMANDS: [&str; 9] =
    ["sbatch", "srun", "salloc", "squeue", "sinfo", "scancel", "scontrol", "sprio", "sstat"];

/// Those after which there is a job.
const SUBMITTING: [&str; 3] = ["sbatch", "srun", "salloc"];

/// Ticks of a second in `/proc`, sysconf(3) `_SC_CLK_TCK`: 100 on every
/// architecture of Debian's.
const TICKS_PER_SECOND: u64 = 100;

/// An answer takes less, also of a busy scheduler.
const QUICK: Duration = Duration::from_secs(2);

/// `MessageTimeout` as slurm.conf has it, and some seconds: what has run for
/// longer has had its answer and waits for something else.
const LONG: Duration = Duration::from_secs(40);

/// What of `/proc/PID/stat` (proc(5)) is of interest.
#[derive(Debug)]
struct Process {
    /// When it began, in clock ticks since boot. A program that it becomes
    /// (execve(2)) does not change that.
    began: u64,
    client: Option<Client>,
}

impl Process {
    fn parse(stat: &str) -> Option<Self> {
        let (head, tail) = stat.rsplit_once(')')?;
        let (pid, name) = head.split_once('(')?;
        // The first of these is field 3 of the manual.
        let fields: Vec<&str> = tail.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let client = || {
            let command = COMMANDS.into_iter().find(|command| *command == name)?;
            let (group, terminal, foreground) = (number(5)?, number(7)?, number(8)?);
            (group == foreground).then_some(())?;
            let pid = pid.trim().parse().ok()?;
            Some(Client { pid, command, terminal: pseudo_terminal(terminal)? })
        };
        Some(Self { began: number(22)?, client: client() })
    }

    fn age(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(Duration::from_millis(self.began * 1000 / TICKS_PER_SECOND))
    }
}

/// A command of Slurm's in the foreground of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Process id.
    pub pid: u32,
    /// Which command.
    pub command: &'static str,
    /// Its terminal.
    pub terminal: PathBuf,
}

impl Client {
    /// What its terminal is told.
    pub fn notice(&self) -> String {
        let Self { command, .. } = self;
        let mut text = format!(
            "\r\nslurmha: the scheduler does not answer; it may be moving to the other controller.\r\n\
             slurmha: {command} goes on by itself when it does, and gives up after half a minute \
             or more.\r\n"
        );
        if SUBMITTING.contains(command) {
            text.push_str(
                "slurmha: should it give up, look with squeue before you submit again.\r\n",
            );
        }
        text
    }
}

/// `tty_nr` of proc(5): the minor number in bits 31 to 20 and 7 to 0, the major
/// in bits 15 to 8. 136 to 143 are pseudo-terminals (devices.txt of Linux).
fn pseudo_terminal(device: u64) -> Option<PathBuf> {
    let (major, minor) = ((device >> 8) & 0xff, (device & 0xff) | ((device >> 12) & 0xf_ff00));
    let bank = major.checked_sub(136).filter(|bank| *bank < 8)?;
    Some(format!("/dev/pts/{}", bank * 256 + minor).into())
}

/// Which processes need no look.
///
/// A login node has thousands of them, and nearly all are older than any command
/// that waits for an answer: those are read once.
#[derive(Debug, Default)]
pub struct Attention {
    /// By their number alone: it is not given out again within the second
    /// between two looks, in which its process would have to be missed.
    settled: BTreeSet<u32>,
}

impl Attention {
    /// Those commands among the running processes that have taken longer than
    /// an answer does and of which nobody knows why. `stat` reads a process'
    /// line; `uptime` is that of the machine.
    pub fn undecided(
        &mut self,
        running: &BTreeSet<u32>,
        stat: impl Fn(u32) -> Option<String>,
        uptime: Duration,
    ) -> Vec<Client> {
        self.settled.retain(|pid| running.contains(pid));
        let mut undecided = Vec::new();
        let new: Vec<u32> = running.difference(&self.settled).copied().collect();
        for pid in new {
            let Some(process) = stat(pid).as_deref().and_then(Process::parse) else { continue };
            let age = process.age(uptime);
            if age >= LONG {
                self.settled.insert(pid);
            } else if age >= QUICK {
                undecided.extend(process.client);
            }
        }
        undecided
    }

    /// These need no further look: the controller answers, and they wait for
    /// something else; or they have been told.
    pub fn settle(&mut self, clients: &[Client]) {
        self.settled.extend(clients.iter().map(|client| client.pid));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Of Linux 6.1, shortened behind the fields that are read. 34817 is
    /// /dev/pts/1.
    fn stat(pid: u32, name: &str, terminal: u64, foreground: u32) -> String {
        format!(
            "{pid} ({name}) S 900 {pid} 900 {terminal} {foreground} 4194304 3071 0 12 0 41 17 0 0 \
             20 0 9 0 7219 412246016 3380 18446744073709551615\n"
        )
    }

    fn client() -> Client {
        parse(&stat(1000, "squeue", 34817, 1000)).expect("a client")
    }

    fn parse(stat: &str) -> Option<Client> {
        Process::parse(stat)?.client
    }

    #[test]
    fn commands_at_a_terminal_are_found() {
        let terminal = "/dev/pts/1".into();
        assert_eq!(client(), Client { pid: 1000, command: "squeue", terminal });
        for (name, terminal, foreground) in [
            ("bash", 34817, 1000),
            ("squeue", 0, 1000),
            ("squeue", 34817, 999),
            ("squeue", 1025, 1000),
        ] {
            assert_eq!(parse(&stat(1000, name, terminal, foreground)), None, "{name}");
        }
        assert_eq!(parse("1000 (squeue"), None);
        // As stat(2) of /dev/pts/300 has it: major 137 in old kernels, 136 today.
        assert_eq!(pseudo_terminal(0x10_882c), Some("/dev/pts/300".into()));
        assert_eq!(pseudo_terminal(0x892c), Some("/dev/pts/300".into()));
    }

    /// A machine on which bash and squeue began at the same moment.
    struct Machine {
        attention: Attention,
        /// Which processes were read at the last look.
        read: Vec<u32>,
    }

    impl Machine {
        fn look(&mut self, running: &[u32], seconds: f64) -> Vec<Client> {
            let read = RefCell::new(Vec::new());
            let one = |pid| {
                read.borrow_mut().push(pid);
                Some(stat(pid, if pid == 1000 { "squeue" } else { "bash" }, 34817, 1000))
            };
            let running = running.iter().copied().collect();
            let uptime = Duration::from_secs_f64(72.19 + seconds);
            let undecided = self.attention.undecided(&running, one, uptime);
            self.read = read.into_inner();
            undecided
        }
    }

    #[test]
    fn a_command_is_looked_into_once_and_in_its_time() {
        let mut machine = Machine { attention: Attention::default(), read: Vec::new() };
        assert!(machine.look(&[900, 1000], 1.5).is_empty(), "it may be quick");
        let found = machine.look(&[900, 1000], 2.5);
        assert_eq!(found, [client()]);
        machine.attention.settle(&found);
        assert!(machine.look(&[900, 1000], 3.5).is_empty(), "once");
        assert!(machine.look(&[900], 4.5).is_empty());
        assert_eq!(machine.look(&[900, 1000], 5.5), [client()], "another with the same number");
        assert!(machine.look(&[900, 1000], 60.0).is_empty(), "it has its answer");
    }

    #[test]
    fn what_is_old_is_read_once() {
        let mut machine = Machine { attention: Attention::default(), read: Vec::new() };
        machine.look(&[900], 3.0);
        machine.look(&[900], 60.0);
        assert_eq!(machine.read, [900], "it was young the last time");
        machine.look(&[900, 1000], 61.0);
        assert_eq!(machine.read, [1000]);
        machine.look(&[900, 1000], 62.0);
        assert!(machine.read.is_empty());
    }

    #[test]
    fn who_submits_is_told_what_to_look_for() {
        let submitting = Client { command: "sbatch", ..client() };
        insta::assert_snapshot!(submitting.notice().replace('\r', ""));
        assert!(!client().notice().contains("submit again"));
    }
}
