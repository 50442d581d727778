// SPDX-License-Identifier: Apache-2.0
//! mariadb-install-db(1), mariadbd(8), mariadb(1) of MariaDB 10.11.

use std::path::Path;
use std::time::Duration;

use slurmha_core::secret::SecretValue;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Both start the server once or twice, on a disk that is replicated.
const INITIALISE_TIMEOUT: Duration = Duration::from_secs(600);

/// Creates a data directory: root may log in through the socket, without a
/// password, and only as the system's root; no test database. Option files
/// are not read, so that an address or log directory of the site's
/// configuration that is not there yet cannot get in the way.
pub fn install_database(system: &dyn System, directory: &Path) -> Result<(), CommandError> {
    let mut data_directory = std::ffi::OsString::from("--datadir=");
    data_directory.push(directory);
    let command = Command::new("mariadb-install-db")
        // Must be the first argument.
        .arg("--no-defaults")
        .arg(data_directory)
        .args(["--user=mysql", "--auth-root-authentication-method=socket", "--skip-test-db"])
        .timeout(INITIALISE_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// Executes statements in a data directory on which no server runs. They go
/// through standard input: an argument could be read by every user.
pub fn bootstrap(
    system: &dyn System,
    directory: &Path,
    statements: &str,
    secret: &SecretValue,
) -> Result<(), CommandError> {
    let mut data_directory = std::ffi::OsString::from("--datadir=");
    data_directory.push(directory);
    let command = Command::new("mariadbd")
        .args(["--no-defaults", "--bootstrap", "--user=mysql", "--silent-startup"])
        .arg(data_directory)
        .stdin(statements)
        .hide(secret)
        .timeout(INITIALISE_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// The statements that make a database and the account that owns it; running
/// them again changes nothing. `--bootstrap` reads one statement a line, and
/// knows no accounts before FLUSH PRIVILEGES.
pub fn account_statements(database: &str, user: &str, password: &str) -> String {
    let (database, user, password) = (identifier(database), text(user), text(password));
    format!(
        "FLUSH PRIVILEGES;\n\
         CREATE DATABASE IF NOT EXISTS {database};\n\
         CREATE USER IF NOT EXISTS {user}@'localhost' IDENTIFIED BY {password};\n\
         ALTER USER {user}@'localhost' IDENTIFIED BY {password};\n\
         GRANT ALL PRIVILEGES ON {database}.* TO {user}@'localhost';\n"
    )
}

/// `SELECT 1` through the local socket. The client has no limit of its own: it
/// would call a server that says nothing "lost", which is no proof of silence.
pub fn select_one(system: &dyn System, timeout: Duration) -> Result<(), CommandError> {
    let command = Command::new("mariadb")
        .args(["--no-defaults", "--batch", "--skip-column-names"])
        .args(["--execute", "SELECT 1"])
        .timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_cannot_end_their_quotes() {
        let sql = account_statements("acct", "slurm", r"a'b\");
        assert!(sql.contains(r"IDENTIFIED BY 'a''b\\';"), "{sql}");
        assert_eq!(sql.lines().count(), 5);
        assert_eq!(identifier("a`b"), "`a``b`");
    }
}
