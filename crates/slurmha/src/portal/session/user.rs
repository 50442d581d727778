// SPDX-License-Identifier: Apache-2.0
//! Who this process is, by what the kernel says.

use std::env;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{getegid, geteuid, getgid, getuid};
use slurmha_host::program::slurm_user::Submitter;

/// How long a home may take to answer. A file server that is gone never does.
const HOME: Duration = Duration::from_secs(10);

/// Why nobody is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoUser {
    /// Something is left of root, or missing of the user; in a sentence.
    Unfit(String),
    /// Jobs begin in the user's home, and that does not answer.
    HomeHangs,
}

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
    /// When anything is left of root, or the home does not answer.
    pub fn of_this_process() -> Result<Self, NoUser> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ids_differ = getuid() != geteuid() || getgid() != getegid();
        if getuid().is_root() || getgid().is_root() || ids_differ || !has_nothing_left(&status) {
            let why = "this process is not a user and nothing else; it serves nobody";
            return Err(NoUser::Unfit(why.to_owned()));
        }
        let unfit = |name| move |_| NoUser::Unfit(format!("{name} is not set"));
        let variable = |name| env::var(name).map_err(unfit(name));
        let home = go_to(variable("HOME")?)?;
        let submitter = Submitter { name: variable("USER")?, home, shell: variable("SHELL")? };
        Ok(Self { uid: getuid().as_raw(), gid: getgid().as_raw(), submitter })
    }
}

/// Goes there, or to `/` where there is no such directory; returns where it is.
fn go_to(home: String) -> Result<String, NoUser> {
    let (tell, told) = mpsc::channel();
    let wanted = home.clone();
    // It may never come back; the process ends without it. Nobody listens then.
    thread::spawn(move || tell.send(env::set_current_dir(wanted).is_ok()));
    match told.recv_timeout(HOME) {
        Ok(true) => Ok(home),
        Ok(false) => match env::set_current_dir("/") {
            Ok(()) => Ok("/".to_owned()),
            Err(error) => Err(NoUser::Unfit(error.to_string())),
        },
        Err(_) => Err(NoUser::HomeHangs),
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
