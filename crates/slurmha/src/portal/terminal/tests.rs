// SPDX-License-Identifier: Apache-2.0
//! A terminal from one process's hands into another's.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use slurmha_core::portal::protocol::{Refusal, Reply};
use slurmha_core::portal::typed::{Bytes, Window};

use super::door::{hand_over, knock, refuse};
use crate::portal::session::Terminals;

const WINDOW: Window = Window { columns: 80, rows: 24 };

/// What the door answers to each that knocks: a terminal whose other end repeats a line and
/// is closed then, or a reason.
fn door(refuses: Option<&'static str>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("door");
    let listener = UnixListener::bind(&path).expect("a socket");
    thread::spawn(move || {
        while let Ok((asker, _)) = listener.accept() {
            if let Some(why) = refuses {
                refuse(&asker, why).expect("refused");
                continue;
            }
            let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
            let master = openpt(flags).expect("a terminal");
            grantpt(&master).expect("granted");
            unlockpt(&master).expect("unlocked");
            let other_end = ioctl_tiocgptpeer(&master, flags).expect("its other end");
            hand_over(&asker, master.as_fd()).expect("handed over");
            drop(master);
            thread::spawn(move || repeat(File::from(other_end)));
        }
    });
    (directory, path)
}

fn repeat(mut terminal: File) -> io::Result<()> {
    let mut line = [0; 256];
    let count = terminal.read(&mut line)?;
    terminal.write_all(b"heard: ")?;
    terminal.write_all(line.get(..count).unwrap_or_default())
}

fn opened(terminals: &Terminals) -> u32 {
    match terminals.open(WINDOW) {
        Ok(Reply::Terminal(id)) => id,
        other => panic!("{other:?}"),
    }
}

/// All that is written until the other end is closed.
fn written(terminals: &Terminals, id: u32) -> String {
    let mut all = Vec::new();
    loop {
        match terminals.read(id) {
            Ok(Reply::Written { bytes, is_over }) => {
                all.extend(bytes.0);
                if is_over {
                    return String::from_utf8(all).expect("text");
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_typed_is_heard_and_answered_until_the_other_end_is_closed() {
    let (_directory, path) = door(None);
    let terminals = Terminals::at(&path);
    let id = opened(&terminals);
    terminals.write(id, &Bytes(b"one line\n".to_vec())).expect("typed");
    let written = written(&terminals, id);
    assert!(written.contains("heard: one line"), "{written:?}");
    terminals.close(id);
    assert!(matches!(terminals.read(id), Err(Refusal::No(_))));
}

#[test]
fn a_third_terminal_waits_until_one_is_closed() {
    let (_directory, path) = door(None);
    let terminals = Terminals::at(&path);
    let first = opened(&terminals);
    opened(&terminals);
    assert!(matches!(terminals.open(WINDOW), Err(Refusal::No(why)) if why.contains("close one")));
    terminals.close(first);
    opened(&terminals);
}

#[test]
fn a_program_that_reads_nothing_does_not_hold_the_typist() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("door");
    let listener = UnixListener::bind(&path).expect("a socket");
    let deaf = thread::spawn(move || {
        let (asker, _) = listener.accept().expect("somebody");
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a terminal");
        unlockpt(&master).expect("unlocked");
        let other_end = ioctl_tiocgptpeer(&master, flags).expect("its other end");
        hand_over(&asker, master.as_fd()).expect("handed over");
        other_end
    });
    let terminals = Terminals::at(&path);
    let id = opened(&terminals);
    let _other_end = deaf.join().expect("it is open");
    let paste = Bytes("line\n".repeat(100_000).into_bytes());
    assert_eq!(terminals.write(id, &paste), Ok(Reply::Done));
}

#[test]
fn a_reason_comes_through_the_door_and_a_site_without_one_has_no_terminals() {
    let (_directory, path) = door(Some("root is an account of the system"));
    assert_eq!(knock(&path).expect("an answer").unwrap_err(), "root is an account of the system");
    let terminals = Terminals::at(Path::new("/nonexistent/door"));
    assert!(matches!(terminals.open(WINDOW), Err(Refusal::No(why)) if why.contains("no terminal")));
}
