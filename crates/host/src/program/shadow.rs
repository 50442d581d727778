// SPDX-License-Identifier: Apache-2.0
//! groupadd(8), useradd(8), usermod(8) and gpasswd(1) of shadow 4.13, and
//! mkhomedir_helper(8) of Linux-PAM 1.5.

use slurmha_core::observe::EXPIRED_DAY;
use slurmha_core::plan::{Group, Person, User};

use crate::command::{Command, CommandError};
use crate::system::System;

/// Creates a system group with a fixed id.
pub fn add_group(system: &dyn System, group: &Group) -> Result<(), CommandError> {
    let command =
        Command::new("groupadd").args(["--system", "--gid", &group.gid.to_string(), &group.name]);
    run(system, command)
}

/// Creates a system user with a fixed id, no home directory and no shell.
pub fn add_user(system: &dyn System, user: &User) -> Result<(), CommandError> {
    let command = Command::new("useradd")
        .args(["--system", "--uid", &user.uid.to_string(), "--gid", &user.group])
        .arg("--home-dir")
        .arg(&user.home)
        .args(["--no-create-home", "--shell", "/usr/sbin/nologin", &user.name]);
    run(system, command)
}

/// Creates a person's account, without password and home.
///
/// `*` and not the default `!`: sshd without PAM takes the latter for a locked
/// account (sshd(8), "LOGIN PROCESS"). No entry in the lastlog: its file would
/// be as large as the highest user id.
pub fn add_person(system: &dyn System, person: &Person) -> Result<(), CommandError> {
    let command = Command::new("useradd")
        .args(["--uid", &person.uid.to_string(), "--gid", &person.group])
        .args(["--no-create-home", "--no-log-init", "--password", "*"]);
    run(system, described(command, person))
}

/// usermod(8), EXIT VALUES: "specified user is logged in". It has changed nothing then.
pub const USER_BUSY: i32 = 8;

/// usermod(8), EXIT VALUES: "can't update home directory". With another primary group it gives
/// everything in the home to that, last of all (usermod.c of shadow 4.13, `main`).
pub const HOME_NOT_CHANGED: i32 = 12;

/// Corrects an existing account, and opens it when `opens`: another day of expiry is
/// the administrator's. Groups that the person has beside these stay.
pub fn change_person(
    system: &dyn System,
    person: &Person,
    opens: bool,
) -> Result<(), CommandError> {
    let command = Command::new("usermod").args(["--gid", &person.group, "--append"]);
    let command = if opens { command.args(["--expiredate", ""]) } else { command };
    run(system, described(command, person))
}

fn described(command: Command, person: &Person) -> Command {
    let groups: Vec<&str> = person.groups.iter().map(String::as_str).collect();
    command
        .args(["--groups", &groups.join(","), "--comment", &person.full_name])
        .arg("--home")
        .arg(&person.home)
        .arg("--shell")
        .arg(&person.shell)
        .arg(&person.name)
}

/// Takes a person out of a group.
pub fn leave_group(system: &dyn System, name: &str, group: &str) -> Result<(), CommandError> {
    run(system, Command::new("gpasswd").args(["--delete", name, group]))
}

/// Ends an account: by key or by password, it lets nobody in.
pub fn expire(system: &dyn System, name: &str) -> Result<(), CommandError> {
    run(system, Command::new("usermod").args(["--expiredate", &EXPIRED_DAY.to_string(), name]))
}

/// Makes a home from /etc/skel that only its owner can read; does nothing when
/// there is one.
pub fn make_home(system: &dyn System, name: &str) -> Result<(), CommandError> {
    run(system, Command::new("mkhomedir_helper").args([name, "0077"]))
}

fn run(system: &dyn System, command: Command) -> Result<(), CommandError> {
    system.run(&command)?.success().map(|_| ())
}
