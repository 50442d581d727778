// SPDX-License-Identifier: Apache-2.0
//! Which daemons run, at little cost: this looks five times a second on a
//! machine that is busy with a failover.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use slurmha_host::System;
use slurmha_host::system::read_trimmed;

/// A process has the name of its parent until it has executed its program;
/// after this time it has its own, unless it is one that executes another.
const YOUNG: Duration = Duration::from_secs(1);

/// Processes and their names, as last seen.
#[derive(Default)]
pub struct Processes {
    known: BTreeMap<u32, Process>,
}

struct Process {
    name: String,
    since: Duration,
}

impl Process {
    /// systemd calls a process `(mariadbd)` from the fork to the execution,
    /// and Debian's unit of MariaDB starts it from a shell that looks for
    /// Galera first: both last seconds on a machine that is short of time.
    fn executes_another(&self) -> bool {
        self.name.starts_with('(') || self.name.ends_with("sh")
    }
}

impl Processes {
    /// Looks again. Only young processes are asked for their name.
    pub fn look(&mut self, system: &dyn System) -> bool {
        let now = system.elapsed();
        let Ok(entries) = system.read_directory("/proc".as_ref()) else { return false };
        let alive: Vec<u32> = entries.iter().filter_map(|entry| entry.parse().ok()).collect();
        self.known.retain(|pid, _| alive.contains(pid));
        for pid in alive {
            let known = self.known.get(&pid);
            let since = known.map_or(now, |process| process.since);
            let settled = known.is_some_and(|process| !process.executes_another());
            if settled && now.saturating_sub(since) > YOUNG {
                continue;
            }
            let name = name(system, pid);
            self.known.insert(pid, Process { name, since });
        }
        true
    }

    /// Every process of that name.
    pub fn named(&self, name: &str) -> Vec<u32> {
        let named = self.known.iter().filter(|(_, process)| process.name == name);
        named.map(|(pid, _)| *pid).collect()
    }

    /// Whether a program of that name runs. The kernel keeps 15 characters.
    pub fn has(&self, name: &str) -> bool {
        self.known.values().any(|process| process.name == name)
    }
}

/// A resource agent has its file's name, which is the daemon's, although it is
/// slurmha that runs (`begin_new_exec` in the kernel's fs/exec.c names a
/// script's process after the script): a probe of slurmctld is no slurmctld.
fn name(system: &dyn System, pid: u32) -> String {
    let program = system.resolve(Path::new(&format!("/proc/{pid}/exe"))).ok().flatten();
    let file = program.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
    match file {
        Some(file) if file.starts_with("slurmha") => file.into_owned(),
        _ => read_trimmed(system, format!("/proc/{pid}/comm")).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use slurmha_host::Local;

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "real processes with names of their own")]
    fn an_agent_is_not_the_daemon_after_which_it_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let copy = |program: &str, to: &str| {
            let to = directory.path().join(to);
            std::fs::copy(program, &to).expect("a copy");
            to
        };
        let run = |program: &Path, argument: &str| loop {
            let mut command = std::process::Command::new(program);
            match command.arg(argument).stdin(Stdio::piped()).spawn() {
                // Another test has forked while the file was being written.
                Err(busy) if busy.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                spawned => break spawned.expect("it runs"),
            }
        };
        let binary = copy("/bin/sh", "slurmha-1");
        std::fs::create_dir(directory.path().join("agents")).expect("a directory");
        let script = copy("/bin/true", "agents/slurmctld");
        std::fs::write(&script, format!("#!{}\nread line\n", binary.display())).expect("a script");
        let mut agent = run(&script, "monitor");
        let mut daemon = run(&copy("/bin/sleep", "slurmctld"), "60");

        let (system, mut processes) = (Local::new(), Processes::default());
        let begin = system.elapsed();
        while processes.named("slurmctld") != [daemon.id()]
            || processes.named("slurmha-1") != [agent.id()]
        {
            assert!(system.elapsed() - begin < Duration::from_secs(60), "they have not started");
            system.sleep(Duration::from_millis(20));
            processes.look(&system);
        }
        let comm = read_trimmed(&system, format!("/proc/{}/comm", agent.id()));
        assert_eq!(comm.as_deref(), Some("slurmctld"), "what it guards against is there");
        for child in [&mut daemon, &mut agent] {
            child.kill().and_then(|()| child.wait()).expect("it ends");
        }
    }
}
