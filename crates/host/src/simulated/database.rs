// SPDX-License-Identifier: Apache-2.0
//! MariaDB's data directory.

use std::path::PathBuf;

use super::programs::Answer;
use super::state::State;
use crate::system::Ids;

impl State {
    pub(super) fn mariadb_install_db(&mut self, arguments: &[String], halfway: bool) -> Answer {
        let Some(directory) = data_directory(arguments) else { return Answer::fails(1, "where?") };
        self.put_directory(&directory);
        self.put_file(&directory.join("ibdata1").to_string_lossy(), b"", Ids::root(0o660));
        if !halfway {
            self.put_directory(&directory.join("mysql"));
        }
        Answer::ok()
    }

    /// `mariadbd --bootstrap`, which notes the statements it was given.
    pub(super) fn mariadbd(&mut self, arguments: &[String], input: &[u8]) -> Answer {
        let Some(directory) = data_directory(arguments) else { return Answer::fails(1, "where?") };
        if !self.files.contains_key(&directory.join("mysql")) {
            return Answer::fails(1, "Can't open and lock privilege tables");
        }
        let accounts = directory.join("mysql/accounts");
        self.put_file(&accounts.to_string_lossy(), input, Ids::root(0o660));
        Answer::ok()
    }
}

fn data_directory(arguments: &[String]) -> Option<PathBuf> {
    arguments.iter().find_map(|argument| argument.strip_prefix("--datadir=")).map(PathBuf::from)
}
