// SPDX-License-Identifier: Apache-2.0
//! What opens a terminal behind the portal: a process for each, which begins as root.
//!
//! The kernel says who asks (`SO_PEERCRED`, unix(7)): the process behind the portal that is the
//! user for good. It is handed the terminal's one end, and on the other a login of that very user
//! begins, as if they had come by ssh. So nobody gets more than a shell of their own, and
//! the process behind the portal keeps its sandbox.

mod door;

#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use slurmha_core::portal::account::{Account, is_user_name};
use slurmha_host::process::replace;
use slurmha_host::program::getent;
use slurmha_host::{Command, Local, System};

use crate::failure::Failure;

pub use door::knock;

/// Hands the terminal over to whoever is connected to the standard input, and becomes their login.
///
/// # Errors
/// When nobody can be let in; whoever asked is told, and so is the journal.
pub fn open() -> Result<(), Failure> {
    let asker = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().map_err(broken)?);
    let peer = socket_peercred(&asker).map_err(|error| broken(error.into()))?;
    let account = match account(&Local::new(), peer.uid.as_raw()) {
        Ok(account) => account,
        Err(why) => {
            eprintln!("no terminal for uid {}: {why}", peer.uid.as_raw());
            return door::refuse(&asker, &why).map_err(broken);
        }
    };
    take_terminal(&asker).map_err(broken)?;
    drop(asker);
    let error = replace(&login(&account.name));
    // On the terminal, which is all that is left to tell it to.
    Err(Failure::remote(format!("{} cannot be logged in: {error}", account.name)))
}

/// Who may have one: people who may log in.
fn account(system: &dyn System, uid: u32) -> Result<Account, String> {
    let account = getent::user(system, &uid.to_string()).map_err(|error| error.to_string())?;
    let account = account.filter(|account| is_user_name(&account.name));
    let account = account.ok_or_else(|| format!("there is no account for uid {uid}"))?;
    match account.is_no_person().or_else(|| account.may_not_log_in()) {
        Some(why) => Err(why),
        None => Ok(account),
    }
}

/// Makes a terminal, sends its master to the asker, and has its other end as the
/// standard input, output and error from now on.
fn take_terminal(asker: &UnixStream) -> io::Result<()> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let other_end = ioctl_tiocgptpeer(&master, flags)?;
    door::hand_over(asker, master.as_fd())?;
    dup2_stdin(&other_end)?;
    dup2_stdout(&other_end)?;
    dup2_stderr(&other_end)?;
    Ok(())
}

/// A login as every other on this machine: PAM says whether it may begin (`/etc/pam.d/login`,
/// so that closed logins and limits count), and logind puts it among the user's own processes. `-f`:
/// who it is is known.
///
/// setsid(1) makes the terminal the controlling one, and waits, so that the unit lasts
/// as long as the login.
fn login(name: &str) -> Command {
    Command::new("setsid")
        .args(["--ctty", "--wait", "login", "-f", name])
        .env("TERM", "xterm-256color")
}

fn broken(error: io::Error) -> Failure {
    Failure::remote(format!("no terminal could be handed over: {error}"))
}
