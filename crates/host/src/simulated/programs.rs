// SPDX-License-Identifier: Apache-2.0
//! Which program does what.

use super::faults::{Strike, dead};
use super::state::State;
use crate::command::{Command, CommandError, CommandOutput, Exit};

/// What a simulated program says and how it ends.
pub(super) struct Answer {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Answer {
    pub(super) fn ok() -> Self {
        Self::says("")
    }

    pub(super) fn says(stdout: &str) -> Self {
        Self::ends(0, stdout)
    }

    pub(super) fn ends(status: i32, stdout: &str) -> Self {
        Self { status, stdout: stdout.to_owned(), stderr: String::new() }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == 0
    }

    pub(super) fn fails(status: i32, stderr: &str) -> Self {
        Self { status, stdout: String::new(), stderr: stderr.to_owned() }
    }
}

impl State {
    pub(super) fn run(&mut self, command: &Command) -> Result<CommandOutput, CommandError> {
        if !self.programs.contains(command.program()) {
            return Err(CommandError::NotFound { program: command.program().to_owned() });
        }
        match self.faults.strike_command(command) {
            Strike::Ends(result) => {
                if let Err(CommandError::TimedOut { after, .. }) = &result {
                    self.pass(*after);
                }
                result
            }
            Strike::Halfway => {
                self.half_done(command);
                Err(dead(command))
            }
            Strike::Spared => {
                let answer = self.answer(command);
                Ok(CommandOutput::new(
                    command,
                    Exit::Status(answer.status),
                    answer.stdout.into_bytes(),
                    answer.stderr.into_bytes(),
                ))
            }
        }
    }

    fn answer(&mut self, command: &Command) -> Answer {
        let arguments = command.arguments();
        match command.program() {
            "apt-get" => self.apt_get(&arguments, false),
            "blkid" => self.blkid(&arguments),
            "cibadmin" => self.cibadmin(&arguments),
            "corosync-quorumtool" => self.quorumtool(),
            "crm_diff" => self.crm_diff(&arguments),
            "crm_mon" => self.crm_mon(),
            "dpkg" => self.dpkg(),
            "drbdadm" => self.drbdadm(&arguments),
            "drbdsetup" => self.drbdsetup(&arguments),
            "gpasswd" => self.gpasswd(&arguments),
            "groupadd" => self.groupadd(&arguments),
            "mariadb-install-db" => self.mariadb_install_db(&arguments, false),
            "mariadbd" => self.mariadbd(&arguments, command.input()),
            "mkhomedir_helper" => self.mkhomedir(&arguments),
            "mkfs.ext4" => self.mkfs(&arguments),
            "modprobe" => {
                self.drbd.module = true;
                Answer::ok()
            }
            "mount" => self.mount(&arguments),
            "sacctmgr" => self.sacctmgr(&arguments),
            "scontrol" => self.scontrol(&arguments),
            "sdiag" => Answer::says("Agent queue size: 0\nAgent count: 0\n"),
            "systemctl" => self.systemctl(&arguments),
            "umount" => self.unmount(&arguments),
            "useradd" => self.useradd(&arguments),
            "usermod" => self.usermod(&arguments),
            // Validators, verifiers and the like are content.
            _ => Answer::ok(),
        }
    }

    /// What is left when a program is killed in the middle; most of them do
    /// one thing and have not done it then.
    fn half_done(&mut self, command: &Command) {
        let arguments = command.arguments();
        match command.program() {
            "apt-get" => drop(self.apt_get(&arguments, true)),
            "mariadb-install-db" => drop(self.mariadb_install_db(&arguments, true)),
            "systemctl" => self.systemctl_half(&arguments),
            _ => {}
        }
    }
}
