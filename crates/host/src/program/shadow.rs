// SPDX-License-Identifier: Apache-2.0
//! groupadd(8) and useradd(8).

use slurmha_core::plan::{Group, User};

use crate::command::{Command, CommandError};
use crate::system::System;

/// Creates a system group with a fixed id.
pub fn add_group(system: &dyn System, group: &Group) -> Result<(), CommandError> {
    let command =
        Command::new("groupadd").args(["--system", "--gid", &group.gid.to_string(), &group.name]);
    system.run(&command)?.success().map(|_| ())
}

/// Creates a system user with a fixed id, no home directory and no shell.
pub fn add_user(system: &dyn System, user: &User) -> Result<(), CommandError> {
    let command = Command::new("useradd")
        .args(["--system", "--uid", &user.uid.to_string(), "--gid", &user.group])
        .arg("--home-dir")
        .arg(&user.home)
        .args(["--no-create-home", "--shell", "/usr/sbin/nologin", &user.name]);
    system.run(&command)?.success().map(|_| ())
}
