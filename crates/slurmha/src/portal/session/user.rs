// SPDX-License-Identifier: Apache-2.0
//! Who this process is, by what the kernel says.

use std::env;

use rustix::process::{getegid, geteuid, getgid, getuid};
use slurmha_host::program::slurm_user::Submitter;

/// The user that this process is.
#[derive(Clone, Debug)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// What a job's environment is told.
    pub submitter: Submitter,
}

impl User {
    /// Looks, and goes to the user's home directory, or to `/` where there is none.
    ///
    /// # Errors
    /// When anything is left of root.
    pub fn of_this_process() -> Result<Self, String> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ids_differ = getuid() != geteuid() || getgid() != getegid();
        if getuid().is_root() || getgid().is_root() || ids_differ || !has_nothing_left(&status) {
            return Err("this process is not a user and nothing else; it serves nobody".to_owned());
        }
        let variable = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
        let home = variable("HOME")?;
        let home = if env::set_current_dir(&home).is_ok() { home } else { "/".to_owned() };
        if home == "/" {
            env::set_current_dir("/").map_err(|error| error.to_string())?;
        }
        let submitter = Submitter { name: variable("USER")?, home, shell: variable("SHELL")? };
        Ok(Self { uid: getuid().as_raw(), gid: getgid().as_raw(), submitter })
    }
}

/// No capability, none to come, and no program that could give one (proc(5),
/// `/proc/pid/status`).
fn has_nothing_left(status: &str) -> bool {
    let value = |key: &str| {
        status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
    };
    let none = |key: &str| value(key).is_some_and(|bits| bits.bytes().all(|bit| bit == b'0'));
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].into_iter().all(none)
        && value("NoNewPrivs") == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: &str = "Name:\tslurmha\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n\
        CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n\
        NoNewPrivs:\t1\n";

    #[test]
    fn a_user_has_nothing_left_of_root() {
        assert!(has_nothing_left(NOTHING));
        assert!(!has_nothing_left(""));
        assert!(!has_nothing_left(&NOTHING.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")));
        for key in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let one = NOTHING.replace(&format!("{key}:\t0"), &format!("{key}:\t1"));
            assert!(!has_nothing_left(&one), "{key}");
        }
    }
}
