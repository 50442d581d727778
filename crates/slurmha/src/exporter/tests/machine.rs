// SPDX-License-Identifier: Apache-2.0
//! A controller whose programs say what the real ones printed.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::Space;
use slurmha_host::{Command, CommandError, CommandOutput, Exit, FileError, Ids, Metadata, System};
use slurmha_host::{FileKind, Simulated};

use crate::test_system::changes_nothing;

macro_rules! printed {
    ($name:literal) => {
        include_str!(concat!("../../../../core/tests/fixtures/observe/", $name))
    };
}

/// What a slow program takes.
pub const SLOW: Duration = Duration::from_secs(20);

/// What a test changes while the exporter looks on.
pub struct Now {
    /// DRBD's role here.
    pub role: &'static str,
    /// What sinfo says.
    pub nodes: &'static str,
    /// How the state volume is mounted, where it is.
    pub options: &'static str,
    /// DRBD's policy, in its own words.
    pub policy: &'static str,
    /// Corosync's timeout for the arbiter, in milliseconds.
    pub timeout: u64,
    /// What cibadmin says that somebody has moved.
    pub moved: &'static str,
    /// Programs that do not answer in time.
    pub hanging: Vec<&'static str>,
    /// Programs that answer after [`SLOW`].
    pub slow: Vec<&'static str>,
    /// Programs that cannot even be ended.
    pub stuck: Vec<&'static str>,
    /// Whether whoever sleeps lets the others run, and no time passes.
    pub stands_still: bool,
    pub clock: Duration,
    pub ran: Vec<String>,
}

/// A copy of it is the same machine.
#[derive(Clone)]
pub struct Machine {
    now: Arc<Mutex<Now>>,
    /// For what is not asked.
    rest: Arc<Simulated>,
}

impl Machine {
    pub fn new(role: &'static str) -> Self {
        let now = Now {
            role,
            nodes: "cn1 idle\ncn2 idle\n",
            options: "rw,nodelalloc,commit=1",
            policy: "fencing resource-and-stonith;",
            timeout: 4500,
            moved: "<xpath-query/>",
            hanging: Vec::new(),
            slow: Vec::new(),
            stuck: Vec::new(),
            stands_still: false,
            clock: Duration::ZERO,
            ran: Vec::new(),
        };
        let rest = Simulated::new("ctl1", "ctl2");
        let addresses = printed!("fib-trie-with-vip.txt").as_bytes();
        rest.put_file("/proc/net/fib_trie", addresses, Ids::root(0o444));
        Self { now: Arc::new(Mutex::new(now)), rest: Arc::new(rest) }
    }

    pub fn change<T>(&self, how: impl FnOnce(&mut Now) -> T) -> T {
        how(&mut self.now.lock().expect("a lock"))
    }
}

fn says(command: &Command, now: &Now) -> String {
    let line = [vec![command.program().to_owned()], command.arguments()].concat().join(" ");
    match command.program() {
        "crm_mon" => printed!("crm_mon-healthy.xml").to_owned(),
        "corosync-quorumtool" => printed!("quorumtool-all-votes.txt").to_owned(),
        "corosync-cmapctl" if line.ends_with("quorum.device.") => {
            format!("quorum.device.timeout (u32) = {}\n", now.timeout)
        }
        "corosync-cmapctl" => {
            let links = printed!("knet-connected.txt");
            format!("{links}stats.srp.operational_token_lost (u64) = 0\n")
        }
        "drbdsetup" if line.contains(" show ") => policy(now.policy),
        "drbdsetup" => printed!("drbd-84-in-sync.txt").replacen("Secondary", now.role, 1),
        "cibadmin" => now.moved.to_owned(),
        "sdiag" => printed!("sdiag-busy.txt").to_owned(),
        "scontrol" => "Slurmctld(primary) at ctl1,ctl2 is UP\n".to_owned(),
        "sinfo" => now.nodes.to_owned(),
        "sacctmgr" | "mariadb" => String::new(),
        _ => panic!("nobody should run {line}"),
    }
}

/// As drbdsetup shows a resource, shortened.
fn policy(words: &str) -> String {
    let volume = format!("volume 0 {{\ndisk {{\n{words}\n}}\n}}\n");
    format!("resource slurm_data {{\n_this_host {{\n{volume}}}\n}}\n")
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        let program = command.program().to_owned();
        let (hangs, is_slow, is_stuck) = self.change(|now| {
            now.ran.push(program.clone());
            let is_in = |list: &[&str]| list.contains(&program.as_str());
            (is_in(&now.hanging), is_in(&now.slow), is_in(&now.stuck))
        });
        if is_stuck {
            loop {
                thread::park();
            }
        }
        if hangs {
            self.sleep(command.limit());
            let command = command.pasteable();
            return Err(CommandError::TimedOut { command, after: Duration::from_secs(10) });
        }
        if is_slow {
            self.sleep(SLOW);
        }
        let text = self.change(|now| says(command, now));
        Ok(CommandOutput::new(command, Exit::Status(0), text.into_bytes(), Vec::new()))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let is_mounted = self.change(|now| now.role == "Primary");
        let volume = path.starts_with("/srv/slurmha");
        let file = Metadata {
            kind: FileKind::File,
            ids: Ids::root(0o600),
            size: 1,
            modified: self.now() - Duration::from_secs(3),
            device: (0, 0),
        };
        Ok((volume && is_mounted).then_some(file))
    }

    fn space(&self, _path: &Path) -> Option<Space> {
        Some(Space { total: 1000, available: 400 })
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_795_874_400).expect("a time") + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.change(|now| now.clock)
    }

    fn sleep(&self, time: Duration) {
        if self.change(|now| now.stands_still) {
            thread::sleep(Duration::from_millis(5));
        } else {
            self.change(|now| now.clock += time);
        }
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        if path == Path::new("/proc/drbd") {
            let role = self.change(|now| now.role);
            let line = format!(" 0: cs:Connected ro:{role}/Unknown ds:UpToDate/UpToDate C r-----");
            return Ok(Some(
                format!("version: 8.4.11 (api:1/proto:86-101)\n{line}\n").into_bytes(),
            ));
        }
        if path == Path::new("/proc/self/mountinfo") {
            let (role, options) = self.change(|now| (now.role, now.options));
            let of_kernel = format!("ext4 /dev/drbd0 {options}\n");
            let line = format!("36 25 147:0 / /srv/slurmha/state rw shared:1 - {of_kernel}");
            return Ok((role == "Primary").then(|| line.into_bytes()));
        }
        self.rest.read(path)
    }

    changes_nothing!(rest);
}
