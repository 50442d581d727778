// SPDX-License-Identifier: Apache-2.0
//! groupadd(8), useradd(8), usermod(8) and gpasswd(1) of shadow 4.13, and
//! mkhomedir_helper(8) of Linux-PAM 1.5.

use slurmha_core::observe::{EXPIRED_DAY, PersonState};
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
        .args(["--no-create-home", "--no-log-init", "--password", "*", "--home"])
        .arg(&person.home);
    run(system, described(command, person))
}

/// `E_USER_BUSY` in usermod.c: whose home shall change has a process. Nothing has changed then.
pub const USER_BUSY: i32 = 8;

/// `E_HOMEDIR` in usermod.c. With another primary group it gives everything in the home to that,
/// after all else is written (`main` there).
pub const HOME_NOT_CHANGED: i32 = 12;

/// Corrects an existing account, and opens one that was closed: another day of expiry is the
/// administrator's. Groups that the person has beside these stay.
///
/// A home and a primary group are named when they differ: shadow's present usermod.c does not
/// compare them with what is there. A home that is named is refused for whoever has a process,
/// and with a group it walks through the home.
pub fn change_person(
    system: &dyn System,
    person: &Person,
    present: &PersonState,
) -> Result<(), CommandError> {
    let mut command = Command::new("usermod").arg("--append");
    if present.gid != person.gid {
        command = command.args(["--gid", &person.group]);
    }
    if present.home != person.home {
        command = command.arg("--home").arg(&person.home);
    }
    if !present.is_open {
        command = command.args(["--expiredate", ""]);
    }
    run(system, described(command, person))
}

fn described(command: Command, person: &Person) -> Command {
    let groups: Vec<&str> = person.groups.iter().map(String::as_str).collect();
    command
        .args(["--groups", &groups.join(","), "--comment", &person.full_name])
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
