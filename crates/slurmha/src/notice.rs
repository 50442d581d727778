// SPDX-License-Identifier: Apache-2.0
//! `slurmha notice`: tells people at a terminal that the scheduler is away.
//!
//! A service on login nodes, without rights of its own. While every command of
//! Slurm's ends within two seconds it reads the list of processes and does
//! nothing else; the controller is asked once for each command that takes
//! longer. With `--mark` it asks every few seconds as well, and leaves a mark for
//! pages whose users have no terminal.

mod mark;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::OFlags;
use slurmha_core::layout::BINARY;
use slurmha_core::notice::Attention;
use slurmha_core::observe::Health;
use slurmha_host::program::{AskError, slurm};
use slurmha_host::system::read_trimmed;
use slurmha_host::{CommandError, Local, System};

use mark::{Mark, Scheduler};

const PAUSE: Duration = Duration::from_secs(1);

/// Who answers later than that is not there for a person either.
const ASKING: Duration = Duration::from_secs(2);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file that is there while the scheduler does not answer
    #[arg(long, value_name = "FILE")]
    mark: Option<PathBuf>,
}

/// Looks until it is ended, or there is a new version of it.
pub fn run(args: &Args) -> ExitCode {
    let system = Local::new();
    let binary = system.resolve(BINARY.as_ref()).ok();
    let mut attention = Attention::default();
    let mut mark = args.mark.clone().map(Mark::new);
    while system.resolve(BINARY.as_ref()).ok() == binary {
        look(&system, &mut attention, &write_to_terminal);
        if let Some(mark) = &mut mark {
            mark.look(|| scheduler(&system));
        }
        system.sleep(PAUSE);
    }
    ExitCode::SUCCESS
}

/// One look; `tell` writes to a terminal.
fn look(
    system: &dyn System,
    attention: &mut Attention,
    tell: &dyn Fn(&Path, &str) -> io::Result<()>,
) {
    let Some(uptime) = uptime(system) else { return };
    let stat = |pid| read_trimmed(system, format!("/proc/{pid}/stat"));
    let waiting = attention.undecided(&processes(system), stat, uptime);
    if waiting.is_empty() {
        return;
    }
    if is_away(system) {
        for client in &waiting {
            // `mesg n`, or a terminal that is gone: then nobody is told.
            let _ = tell(&client.terminal, &client.notice());
        }
    }
    attention.settle(&waiting);
}

fn processes(system: &dyn System) -> BTreeSet<u32> {
    let entries = system.read_directory(Path::new("/proc")).unwrap_or_default();
    entries.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Since boot, proc(5).
fn uptime(system: &dyn System) -> Option<Duration> {
    let text = read_trimmed(system, "/proc/uptime")?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether nobody answers. What cannot be told is not said to anybody.
fn is_away(system: &dyn System) -> bool {
    scheduler(system) == Scheduler::Away
}

/// Whether the scheduler answers.
fn scheduler(system: &dyn System) -> Scheduler {
    match slurm::ping(system, ASKING) {
        Ok(Health::Down(_)) => Scheduler::Away,
        Ok(_) => Scheduler::There,
        Err(AskError::Command(CommandError::TimedOut { .. })) => Scheduler::Away,
        Err(_) => Scheduler::Unknown,
    }
}

/// Never becomes its controlling terminal, and never waits for one that is
/// stopped with Ctrl-S.
fn write_to_terminal(terminal: &Path, text: &str) -> io::Result<()> {
    let flags = OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let flags = flags.bits().cast_signed();
    OpenOptions::new().write(true).custom_flags(flags).open(terminal)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use slurmha_host::simulated::{At, Fault, How};
    use slurmha_host::{Command, Ids, Simulated};

    use super::*;

    const STAT: &str = "1000 (sbatch) S 900 1000 900 34817 1000 4194304 3071 0 12 0 41 17 0 0 20 0 \
                        9 0 7219 412246016 3380 18446744073709551615\n";

    fn told(machine: &Simulated, attention: &mut Attention) -> Vec<String> {
        let told = RefCell::new(Vec::new());
        look(machine, attention, &|terminal, text| {
            told.borrow_mut().push(format!("{}: {text}", terminal.display()));
            Ok(())
        });
        told.into_inner()
    }

    #[test]
    fn who_waits_is_told_once_and_only_while_nobody_answers() {
        let machine = Simulated::new("login1", "login2");
        machine.run(&Command::new("apt-get").args(["install", "--", "slurm-client"])).unwrap();
        machine.put_file("/proc/1000/stat", STAT.as_bytes(), Ids::root(0o444));
        machine.put_file("/proc/uptime", b"73.00 200.00\n", Ids::root(0o444));
        let mut attention = Attention::default();
        assert_eq!(told(&machine, &mut attention), Vec::<String>::new(), "it may be quick");
        assert_eq!(machine.commands().len(), 1, "nobody was asked");
        machine.put_file("/proc/uptime", b"75.00 200.00\n", Ids::root(0o444));
        machine.inject(Fault { at: At::Program("scontrol".to_owned()), how: How::Hangs });
        let notices = told(&machine, &mut attention);
        assert_eq!(notices.len(), 1);
        assert!(notices[0].starts_with("/dev/pts/1: \r\nslurmha: the scheduler does not answer"));
        assert!(told(&machine, &mut attention).is_empty(), "once");
    }
}
