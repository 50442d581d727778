// SPDX-License-Identifier: Apache-2.0
//! setpriv(1): a program as a user, with nothing else.

use std::path::Path;

use slurmha_core::portal::account::Account;

use crate::command::Command;

/// A user's own directories come before nothing: those of the system alone.
const USERS_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The program as that user: real, effective and saved ids, the user's groups, no
/// capability, none to be had again, and an environment that is the user's.
///
/// setpriv asks the system for the groups (initgroups(3)), so that those of a directory
/// count.
pub fn as_user(account: &Account, program: &Path, arguments: &[&str]) -> Command {
    let shell = if account.shell.is_empty() { "/bin/sh" } else { &account.shell };
    Command::new("setpriv")
        .arg(format!("--reuid={}", account.uid))
        .arg(format!("--regid={}", account.gid))
        .args(["--init-groups", "--inh-caps=-all", "--ambient-caps=-all"])
        .args(["--bounding-set=-all", "--no-new-privs", "--"])
        .arg(program)
        .args(arguments)
        .env("HOME", &account.home)
        .env("USER", &account.name)
        .env("LOGNAME", &account.name)
        .env("SHELL", shell)
        .env("PATH", USERS_PATH)
}
