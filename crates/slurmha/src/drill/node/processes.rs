// SPDX-License-Identifier: Apache-2.0
//! Which daemons run, at little cost: this looks five times a second on a
//! machine that is busy with a failover.

use std::collections::BTreeMap;
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
            let name = read_trimmed(system, format!("/proc/{pid}/comm")).unwrap_or_default();
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
