// SPDX-License-Identifier: Apache-2.0
//! Who waits for the scheduler at a terminal, and what they are told.
//!
//! Slurm's commands try again in silence while no controller answers
//! (`slurm_open_controller_conn`), which looks like a command that hangs. Only
//! sbatch, srun and salloc have a filter that could say something; this looks
//! from outside, changes no command and costs none a moment.

use std::collections::BTreeMap;
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

/// A command of Slurm's in the foreground of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Process id.
    pub pid: u32,
    /// When it began, in clock ticks since boot.
    pub began: u64,
    /// Which command.
    pub command: &'static str,
    /// Its terminal.
    pub terminal: PathBuf,
}

impl Client {
    /// Reads a line of `/proc/PID/stat` (proc(5)); `None` for every process
    /// that is not such a command.
    pub fn parse(stat: &str) -> Option<Self> {
        let (head, tail) = stat.rsplit_once(')')?;
        let (pid, name) = head.split_once('(')?;
        let command = COMMANDS.into_iter().find(|command| *command == name)?;
        // The first of these is field 3 of the manual.
        let fields: Vec<&str> = tail.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let (group, terminal, foreground) = (number(5)?, number(7)?, number(8)?);
        (group == foreground).then_some(())?;
        let pid = pid.trim().parse().ok()?;
        Some(Self { pid, began: number(22)?, command, terminal: pseudo_terminal(terminal)? })
    }

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

/// Which commands have been looked into.
#[derive(Debug, Default)]
pub struct Attention {
    settled: BTreeMap<u32, u64>,
}

impl Attention {
    /// Those of the running commands that have taken longer than an answer does
    /// and of which nobody knows why; `uptime` is that of the machine.
    pub fn undecided(&mut self, running: Vec<Client>, uptime: Duration) -> Vec<Client> {
        // Ended, or another process with the same number.
        self.settled.retain(|pid, began| {
            running.iter().any(|client| client.pid == *pid && client.began == *began)
        });
        let age = |client: &Client| {
            uptime.saturating_sub(Duration::from_millis(client.began * 1000 / TICKS_PER_SECOND))
        };
        let is_new = |client: &Client| !self.settled.contains_key(&client.pid);
        let in_doubt = |client: &Client| (QUICK..LONG).contains(&age(client));
        running.into_iter().filter(|client| is_new(client) && in_doubt(client)).collect()
    }

    /// These need no further look: the controller answers, and they wait for
    /// something else; or they have been told.
    pub fn settle(&mut self, clients: &[Client]) {
        self.settled.extend(clients.iter().map(|client| (client.pid, client.began)));
    }
}

#[cfg(test)]
mod tests {
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
        Client::parse(&stat(1000, "squeue", 34817, 1000)).expect("a client")
    }

    #[test]
    fn commands_at_a_terminal_are_found() {
        let terminal = "/dev/pts/1".into();
        let expected = Client { pid: 1000, began: 7219, command: "squeue", terminal };
        assert_eq!(client(), expected);
        for (name, terminal, foreground) in [
            ("bash", 34817, 1000),
            ("squeue", 0, 1000),
            ("squeue", 34817, 999),
            ("squeue", 1025, 1000),
        ] {
            assert_eq!(Client::parse(&stat(1000, name, terminal, foreground)), None, "{name}");
        }
        assert_eq!(Client::parse("1000 (squeue"), None);
        // As stat(2) of /dev/pts/300 has it: major 137 in old kernels, 136 today.
        assert_eq!(pseudo_terminal(0x10_882c), Some("/dev/pts/300".into()));
        assert_eq!(pseudo_terminal(0x892c), Some("/dev/pts/300".into()));
    }

    #[test]
    fn a_command_is_looked_into_once_and_in_its_time() {
        let mut attention = Attention::default();
        let at = |seconds| Duration::from_secs_f64(72.19 + seconds);
        assert!(attention.undecided(vec![client()], at(1.5)).is_empty(), "it may be quick");
        assert!(attention.undecided(vec![client()], at(60.0)).is_empty(), "it has its answer");
        let found = attention.undecided(vec![client()], at(2.5));
        assert_eq!(found, [client()]);
        attention.settle(&found);
        assert!(attention.undecided(vec![client()], at(3.5)).is_empty());
        let another = Client { began: 7300, ..client() };
        assert_eq!(attention.undecided(vec![another.clone()], at(5.0)), [another], "same number");
    }

    #[test]
    fn who_submits_is_told_what_to_look_for() {
        let submitting = Client { command: "sbatch", ..client() };
        insta::assert_snapshot!(submitting.notice().replace('\r', ""));
        assert!(!client().notice().contains("submit again"));
    }
}
