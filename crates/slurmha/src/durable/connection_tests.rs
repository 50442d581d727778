// SPDX-License-Identifier: Apache-2.0
//! Questions over a real connection, to a service on a made-up machine.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use slurmha_host::{Command, CommandOutput, Exit};

use super::*;
use crate::agent::test_machine::TestMachine;

/// A munge that takes the payload for its own credential, and a slurmctld
/// that knows no job without a directory.
fn program(command: &Command) -> Option<CommandOutput> {
    let (status, out, err) = match command.program() {
        "unmunge" if command.input() == b"MUNGE:stale:" => (15, String::new(), ""),
        "unmunge" => (0, "UID: nobody (65534)\n\nslurmha-saved-1 42 60000".to_owned(), ""),
        "scontrol" => (1, String::new(), "Invalid job id specified"),
        _ => return None,
    };
    Some(CommandOutput::new(command, Exit::Status(status), out.into(), err.into()))
}

fn machine() -> TestMachine {
    TestMachine::with(|machine| machine.program = Box::new(program))
}

/// What a service on this machine answers to a question, while somebody says
/// again and again that everything is saved.
fn answer_to(machine: &TestMachine, question: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut client = TcpStream::connect(listener.local_addr().expect("it")).expect("a connection");
    let service = Service::new(machine);
    let (stream, _) = listener.accept().expect("the connection");
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        let place = service.guests.admit(Guest::User(1)).expect("a place");
        let service = &service;
        scope.spawn(|| {
            Connection { stream, place }.answer(service);
            answered.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !answered.load(Ordering::SeqCst) {
                service.waiters.tell_all();
                thread::yield_now();
            }
        });
        client.write_all(question).expect("sent");
        client.shutdown(std::net::Shutdown::Write).expect("the end of the question");
        let mut text = String::new();
        client.read_to_string(&mut text).expect("an answer");
        text
    })
}

#[test]
fn a_saved_job_that_is_known_is_safe_and_one_that_was_lost_is_not() {
    let machine = machine();
    assert_eq!(answer_to(&machine, b"MUNGE:abc:\n"), "unknown\n");
    machine.put("/srv/slurmha/state/slurmctld/hash.2/job.42", "");
    assert_eq!(answer_to(&machine, b"MUNGE:abc:\n"), "saved\n");
}

#[test]
fn whoever_has_no_credential_costs_no_process() {
    let machine = machine();
    let refused = "refused this is no munge credential\n";
    assert_eq!(answer_to(&machine, b"GET / HTTP/1.1\r\n"), refused);
    assert_eq!(answer_to(&machine, b"\n"), refused);
    assert_eq!(answer_to(&machine, b"MUNGE:never ended"), "refused there was no question\n");
    assert_eq!(answer_to(&machine, &[b'A'; MAX_QUESTION]), "refused there was no question\n");
    assert_eq!(machine.ran("unmunge").len(), 0);
    let stale = "refused munge does not accept the credential\n";
    assert_eq!(answer_to(&machine, b"MUNGE:stale:\n"), stale);
}
