// SPDX-License-Identifier: Apache-2.0
//! pamtester(1): asks PAM. The binary is statically linked and cannot load PAM's
//! modules itself.

use std::time::Duration;

use slurmha_core::secret::SecretValue;

use crate::command::{Command, CommandError, CommandOutput};
use crate::system::System;

/// PAM itself waits for some seconds after a wrong password.
const LIMIT: Duration = Duration::from_secs(30);

/// Without it pam_unix(8) with Debian's `nullok` takes any password for an account
/// that has none.
const AUTHENTICATE: &str = "authenticate(PAM_DISALLOW_NULL_AUTHTOK)";

/// What PAM says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right and the account may be used.
    Right,
    /// The password is wrong, or there is no such account.
    Wrong,
    /// The password is right, but the account may not be used: it or its password has
    /// expired, or a rule of the site's forbids it.
    Closed,
}

/// Asks PAM whether this is the user's password, in the name of a service of
/// `/etc/pam.d`.
///
/// The password goes over the standard input, where libpam_misc's conversation reads
/// an answer up to the end of its line when there is no terminal. One question is
/// answered, the first: a second factor that asks for more is not.
pub fn verify(
    system: &dyn System,
    service: &str,
    user: &str,
    password: &SecretValue,
) -> Result<Verdict, CommandError> {
    let mut line = password.expose().to_vec();
    line.push(b'\n');
    let command = Command::new("pamtester")
        .args([service, user, AUTHENTICATE, "acct_mgmt"])
        .stdin(line)
        .hide(password)
        .timeout(LIMIT);
    verdict(&system.run(&command)?)
}

/// pamtester 0.1.2 ends with 1 at the first operation that fails, and says of each that
/// did not what it has done.
fn verdict(output: &CommandOutput) -> Result<Verdict, CommandError> {
    match output.status() {
        Some(0) => Ok(Verdict::Right),
        Some(1) if output.text().contains("successfully authenticated") => Ok(Verdict::Closed),
        Some(1) => Ok(Verdict::Wrong),
        _ => Err(output.failure()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Exit;

    fn says(status: i32, stdout: &str, stderr: &str) -> Option<Verdict> {
        let exit = Exit::Status(status);
        let command = Command::new("pamtester");
        verdict(&CommandOutput::new(&command, exit, stdout.into(), stderr.into())).ok()
    }

    /// pamtester 0.1.2-4 of Debian 12 without a terminal.
    #[test]
    fn its_status_tells_and_its_words_tell_why() {
        let authenticated = "pamtester: successfully authenticated\n";
        let both = format!("{authenticated}pamtester: account management done.\n");
        assert_eq!(says(0, &both, "Password: "), Some(Verdict::Right));
        let wrong = "Password: pamtester: Authentication failure\n";
        assert_eq!(says(1, "", wrong), Some(Verdict::Wrong));
        let expired = "Password: Your account has expired; please contact your system \
                       administrator.\npamtester: Authentication failure\n";
        assert_eq!(says(1, authenticated, expired), Some(Verdict::Closed));
        assert_eq!(says(127, "", "what?"), None);
    }
}
