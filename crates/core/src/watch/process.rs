// SPDX-License-Identifier: Apache-2.0
//! One process, as the kernel shows it.

/// What `/proc/PID/stat` says of a process or thread (proc(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// The process that started it.
    pub parent: u32,
    /// `R` runs, `S` sleeps, `D` waits for a disk, `T` is stopped by a
    /// signal, `t` is held by a debugger, `Z` has ended, ...
    pub state: char,
    /// CPU time it has used, user and system, in hundredths of a second:
    /// `USER_HZ` is 100 on every architecture that Debian has.
    pub ticks: u64,
    /// When it began, in hundredths of a second after boot. With the id, it
    /// tells a process from a later one.
    pub began: u64,
}

impl Process {
    /// Process id and beginning: what no other process of this boot has.
    pub fn identity(&self) -> (u32, u64) {
        (self.pid, self.began)
    }

    /// Reads a line of `/proc/PID/stat`. The name in it may have spaces and
    /// parentheses, so the fields are counted from the last parenthesis.
    pub fn parse(stat: &str) -> Option<Self> {
        let (head, tail) = stat.rsplit_once(')')?;
        let pid = head.split_once('(')?.0.trim().parse().ok()?;
        // The first of these is field 3 of the manual.
        let fields: Vec<&str> = tail.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            state: fields.first()?.chars().next()?,
            ticks: number(14)? + number(15)?,
            began: number(22)?,
        })
    }
}

/// The process of a unit that the others come from: slurmctld of 22.05
/// starts a second one, slurmscriptd, for its scripts. What a script has left
/// behind has no parent here either, and is younger.
pub fn main_process(processes: &[Process]) -> Option<&Process> {
    let is_child = |process: &Process| processes.iter().any(|other| other.pid == process.parent);
    processes.iter().filter(|process| !is_child(process)).min_by_key(|process| process.began)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Linux 6.1, shortened behind the fields that are read.
    fn stat(pid: u32, name: &str, parent: u32) -> String {
        format!(
            "{pid} ({name}) S {parent} {pid} {pid} 0 -1 4194560 3071 0 12 0 41 17 0 0 20 0 9 0 \
             7219 412246016 3380 18446744073709551615\n"
        )
    }

    #[test]
    fn a_line_is_read_whatever_the_name() {
        for name in ["slurmctld", "a b", ") R 1 (", ""] {
            let process = Process::parse(&stat(812, name, 1)).expect(name);
            let expected = Process { pid: 812, parent: 1, state: 'S', ticks: 58, began: 7219 };
            assert_eq!(process, expected, "{name}");
        }
        for broken in ["", "812", "812 (x", "812 (x)", "812 (x) S 1 2", "x (y) S 1 2 3"] {
            assert_eq!(Process::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_main_process_is_the_one_that_no_other_started() {
        let processes = [(900, 812), (812, 1), (901, 900)]
            .map(|(pid, parent)| Process::parse(&stat(pid, "x", parent)).expect("a process"));
        assert_eq!(main_process(&processes).map(|process| process.pid), Some(812));
        let orphan = Process { pid: 700, began: 9999, ..processes[1] };
        let with_orphan = [&[orphan], &processes[..]].concat();
        assert_eq!(main_process(&with_orphan).map(|process| process.pid), Some(812));
        assert_eq!(main_process(&[]), None);
    }
}
