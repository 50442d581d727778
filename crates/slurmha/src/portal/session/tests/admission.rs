// SPDX-License-Identifier: Apache-2.0
//! Who gets in, and what the others are told.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use slurmha_core::layout::PORTAL_STATE;
use slurmha_core::portal::account::Account;
use slurmha_core::portal::protocol::{Admission, SignIn};
use slurmha_host::{Command, FileKind, Ids, Simulated, System as _};

use super::machine::{Answer, Machine};
use crate::portal::session::admit::admit;
use crate::portal::session::line::Connection;

const STATE: &str = PORTAL_STATE;
const RIGHT: &[u8] = b"pa ss'w\"ord\n";

/// getent and pamtester of a machine with some accounts.
fn programs(command: &Command) -> Answer {
    let arguments = command.arguments();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (command.program(), words.as_slice()) {
        ("getent", ["passwd", "anna" | "1000"]) => {
            (0, "anna:x:1000:1000::/home/anna:/bin/sh\n", "")
        }
        ("getent", ["passwd", "root"]) => (0, "root:x:0:0:root:/root:/bin/bash\n", ""),
        ("getent", ["passwd", "bob" | "1001"]) => {
            (0, "bob:x:1001:1001::/home/bob:/usr/sbin/nologin\n", "")
        }
        ("getent", ["passwd", "eve"]) => (0, "eve:x:1000:1000::/home/eve:/bin/sh\n", ""),
        ("getent", _) => (2, "", ""),
        ("pamtester", ["slurmha-portal", "carl", ..]) => {
            (1, "pamtester: successfully authenticated\n", "Password: expired\n")
        }
        ("pamtester", _) if command.input() == RIGHT => (0, "", "Password: "),
        ("pamtester", _) => (1, "", "Password: pamtester: Authentication failure\n"),
        (program, words) => panic!("{program} {words:?}"),
    }
}

fn machine() -> Machine {
    let files = Simulated::new("login1", "ctl1");
    files.put_file(&format!("{STATE}/.keep"), b"", Ids::root(0o600));
    Machine::new(files, programs)
}

fn sign_in(machine: &Machine, user: &str, password: &str) -> Result<Account, Admission> {
    let sign_in = SignIn { user: user.to_owned(), password: password.to_owned() };
    admit(machine, Path::new(STATE), sign_in)
}

fn right() -> &'static str {
    std::str::from_utf8(RIGHT).unwrap().trim_end()
}

#[test]
fn the_right_password_opens_and_makes_a_directory_of_the_users_own() {
    let machine = machine();
    for _ in 0..2 {
        let account = sign_in(&machine, "anna", right()).unwrap();
        assert_eq!((account.name.as_str(), account.uid), ("anna", 1000));
    }
    let made = machine.metadata(Path::new("/var/lib/slurmha/portal/1000")).unwrap().unwrap();
    assert_eq!(made.kind, FileKind::Directory);
    assert_eq!(made.ids, Ids { uid: 1000, gid: 1000, mode: 0o700 });
}

#[test]
fn the_password_is_in_no_command_line() {
    let machine = machine();
    sign_in(&machine, "anna", right()).unwrap();
    let ran = machine.ran.lock().unwrap();
    assert!(ran.iter().all(|command| !command.pasteable().contains("ord")), "{ran:?}");
    let asked = ran.last().unwrap().pasteable();
    let expected =
        "pamtester slurmha-portal anna 'authenticate(PAM_DISALLOW_NULL_AUTHTOK)' acct_mgmt";
    assert_eq!(asked, expected);
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_the_same() {
    let machine = machine();
    for (user, password) in [("anna", "wrong"), ("nobody-there", right()), ("bob", "wrong")] {
        assert_eq!(sign_in(&machine, user, password), Err(Admission::Wrong), "{user}");
        assert_eq!(machine.programs().last().map(String::as_str), Some("pamtester"), "{user}");
    }
}

#[test]
fn what_is_no_name_or_password_reaches_no_program() {
    let machine = machine();
    for user in ["", "-v", "../x", "anna\n", "a b", "Anna", "аnna", "anna'; id", "0", "1000"] {
        assert_eq!(sign_in(&machine, user, right()), Err(Admission::Wrong), "{user:?}");
    }
    for password in ["", "a\nb", "a\0b", &"x".repeat(600)] {
        assert_eq!(sign_in(&machine, "anna", password), Err(Admission::Wrong));
    }
    assert_eq!(machine.programs(), [""; 0]);
}

#[test]
fn nobody_tries_roots_password_here() {
    let machine = machine();
    assert!(matches!(sign_in(&machine, "root", right()), Err(Admission::Refused(_))));
    assert_eq!(machine.programs(), ["getent"]);
}

#[test]
fn why_not_is_told_to_who_has_the_password() {
    let machine = machine();
    let refused = sign_in(&machine, "bob", right());
    assert!(matches!(refused, Err(Admission::Refused(why)) if why.contains("nologin")));
}

#[test]
fn two_names_for_one_id_are_trouble() {
    let machine = machine();
    assert!(matches!(sign_in(&machine, "eve", right()), Err(Admission::Trouble(_))));
    assert!(!machine.programs().contains(&"pamtester".to_owned()));
}

#[test]
fn a_directory_that_is_somebody_elses_is_trouble() {
    let files = Simulated::new("login1", "ctl1");
    files.put_file(&format!("{STATE}/1000/x"), b"", Ids::root(0o644));
    let machine = Machine::new(files, programs);
    assert!(matches!(sign_in(&machine, "anna", right()), Err(Admission::Trouble(_))));
}

fn first_line(bytes: &[u8]) -> Result<SignIn, String> {
    let (mut here, there) = UnixStream::pair().unwrap();
    here.write_all(bytes).unwrap();
    here.shutdown(std::net::Shutdown::Write).unwrap();
    Connection::new(there).unwrap().sign_in().map_err(|error| error.to_string())
}

#[test]
fn the_first_line_is_a_sign_in_and_nothing_more() {
    let line = br#"{"user":"anna","password":"a\"b"}"#;
    let with = |rest: &[u8]| [line.as_slice(), rest].concat();
    let sign_in = first_line(&with(b"\n")).unwrap();
    assert_eq!((sign_in.user.as_str(), sign_in.password.as_str()), ("anna", "a\"b"));
    for bytes in [
        with(b""),
        with(b"\n{}\n"),
        with(&[b' '; 10_000]),
        b"secret\n".to_vec(),
        b"{\"user\":\"secret\"}\n".to_vec(),
        Vec::new(),
    ] {
        let error = first_line(&bytes).err().expect("an error");
        assert!(!error.contains("secret"), "{error}");
    }
}
