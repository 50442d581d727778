// SPDX-License-Identifier: Apache-2.0
//! Who gets in: everything that root does for a session.

use std::io::ErrorKind;
use std::path::Path;

use slurmha_core::layout::PORTAL_PAM_SERVICE;
use slurmha_core::portal::account::{Account, is_password, is_user_name};
use slurmha_core::portal::protocol::{Admission, SignIn};
use slurmha_core::secret::SecretValue;
use slurmha_host::program::pamtester::Verdict;
use slurmha_host::program::{getent, pamtester};
use slurmha_host::system::FileKind;
use slurmha_host::{CommandError, FileError, Ids, System};

/// Looks the account up, asks PAM, and makes the directory for the records of what the
/// user submits: homes may be far away, or not there at all.
///
/// # Errors
/// The answer for whoever does not get in. The journal has what it may not tell.
pub fn admit(system: &dyn System, state: &Path, sign_in: SignIn) -> Result<Account, Admission> {
    let SignIn { user, password } = sign_in;
    if !is_user_name(&user) || !is_password(&password) {
        return Err(wrong(&user));
    }
    let account = look_up(system, &user)?;
    if let Some(why) = account.as_ref().and_then(Account::is_no_person) {
        return Err(refused(&user, why));
    }
    // Of an account that does not exist PAM is asked, too: the answer takes as long.
    let password = SecretValue::new(password.into_bytes());
    let asked = pamtester::verify(system, PORTAL_PAM_SERVICE, &user, &password);
    let account = match (asked.map_err(|e| command_trouble(&e))?, account) {
        (Verdict::Right, Some(account)) => account,
        (Verdict::Closed, Some(_)) => {
            let why = "the account or its password has expired, or logins are closed at present; \
                       sign in with ssh, which says more, or ask the administrators";
            return Err(refused(&user, why.to_owned()));
        }
        (_, None) | (Verdict::Wrong, _) => return Err(wrong(&user)),
    };
    if let Some(why) = account.may_not_log_in() {
        return Err(refused(&user, why));
    }
    make_state(system, state, &account).map_err(|error| {
        eprintln!("no directory for the submissions of {}: {error}", account.name);
        trouble()
    })?;
    eprintln!("{} has signed in", account.name);
    Ok(account)
}

/// For whom the reason is in the journal.
pub fn trouble() -> Admission {
    Admission::Trouble(
        "the portal could not let you in; ask the administrators to look at `journalctl -t \
         slurmha-portal-session` on this machine"
            .to_owned(),
    )
}

/// The account of that name, spelled like it.
fn look_up(system: &dyn System, user: &str) -> Result<Option<Account>, Admission> {
    let find = |key: &str| getent::user(system, key).map_err(|error| command_trouble(&error));
    let Some(account) = find(user)?.filter(|account| account.name == user) else { return Ok(None) };
    if account.is_no_person().is_some() {
        return Ok(Some(account));
    }
    // The groups are looked up by the name that the system finds for the id, and it is
    // the id that Slurm knows.
    match find(&account.uid.to_string())? {
        Some(owner) if owner.name == account.name => Ok(Some(account)),
        _ => {
            eprintln!("the uid {} of {} has another name, too", account.uid, account.name);
            Err(trouble())
        }
    }
}

fn make_state(system: &dyn System, state: &Path, account: &Account) -> Result<(), FileError> {
    let path = state.join(account.uid.to_string());
    let ids = Ids { uid: account.uid, gid: account.gid, mode: 0o700 };
    match system.make_directory(&path, ids) {
        Ok(()) => Ok(()),
        Err(error) if error.source.kind() == ErrorKind::AlreadyExists => {
            let found = system.metadata(&path)?;
            let is_right = found.is_some_and(|it| {
                it.kind == FileKind::Directory && it.ids.uid == ids.uid && it.ids.mode == ids.mode
            });
            let other = || std::io::Error::other("somebody else's; remove it, as root");
            if is_right { Ok(()) } else { Err(FileError::new("use", &path, other())) }
        }
        Err(error) => Err(error),
    }
}

/// A line for fail2ban; what was typed for a name may be anything, a password too many
/// included, so that only plain names are repeated.
fn wrong(user: &str) -> Admission {
    let shown = if is_user_name(user) { user } else { "(no plain name)" };
    eprintln!("sign-in failed for user {shown}");
    Admission::Wrong
}

fn refused(user: &str, why: String) -> Admission {
    eprintln!("sign-in refused for user {user}: {why}");
    Admission::Refused(why)
}

fn command_trouble(error: &CommandError) -> Admission {
    eprintln!("{error}; `slurmha apply` installs what is missing");
    trouble()
}
