// SPDX-License-Identifier: Apache-2.0
//! What consoles are told.

use std::io::{BufRead as _, BufReader};

use slurmha_core::console::View;
use slurmha_core::observe::Reading;

use super::*;

/// Somebody who listens.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn to(address: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("somebody listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: ctl1\r\n\r\n").expect("it reads");
        Self(BufReader::new(stream))
    }

    /// The next line that begins so, without that.
    fn line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("it answers") > 0, "it has closed");
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    }

    fn view(&mut self) -> View {
        serde_json::from_str(&self.line("data: ")).expect("a view")
    }
}

fn served(board: &Arc<Board>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let board = Arc::clone(board);
    thread::spawn(move || serve(listener, board));
    address
}

/// Waits until it is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let came = (0..2000).any(|_| {
        thread::sleep(Duration::from_millis(5));
        is_so()
    });
    assert!(came, "{what}");
}

#[test]
fn a_change_is_told_to_who_listens() {
    let machine = Machine::new("Primary");
    let board = Arc::new(board(&machine));
    ask_once(&board);
    let mut listener = Listener::to(served(&board), "/live");
    let before = listener.view();
    assert_eq!(before.controller, "ctl1");
    assert_eq!(before.vip_present, Reading::Known(true));
    assert!(before.slurm.is_some());
    machine.change(|now| now.role = "Secondary");
    ask_once(&board);
    let after = std::iter::from_fn(|| Some(listener.view())).find(|view| view.slurm.is_none());
    let drbd = after.expect("a change").drbd;
    assert_eq!(drbd.known().map(|drbd| drbd.role.as_str()), Some("Secondary"));
}

#[test]
fn only_who_watches_costs_anything_and_only_as_long_as_he_does() {
    let board = Arc::new(board(&Machine::new("Secondary")));
    let address = served(&board);
    let mut calm = Listener::to(address, "/live?calm");
    calm.view();
    assert!(!board.is_watched());
    let mut watching = Listener::to(address, "/live");
    watching.view();
    assert!(board.is_watched());
    drop(watching);
    until("he has gone and is still counted", || !board.is_watched());
    calm.view();
}

#[test]
fn so_many_listen_and_no_more() {
    let board = Arc::new(board(&Machine::new("Secondary")));
    let address = served(&board);
    let mut listeners: Vec<Listener> =
        (0..8).map(|_| Listener::to(address, "/live?calm")).collect();
    listeners.iter_mut().for_each(|listener| drop(listener.view()));
    assert!(get(address, "/live").starts_with("HTTP/1.1 503 "));
    assert!(!board.is_watched());
    assert!(get(address, "/metrics").starts_with("HTTP/1.1 200 "));
    drop(listeners);
    until("a seat is free again", || {
        get(address, "/nothing").starts_with("HTTP/1.1 404 ") && {
            let mut stream = TcpStream::connect(address).expect("somebody listens");
            stream.write_all(b"GET /live HTTP/1.1\r\nHost: ctl1\r\n\r\n").expect("it reads");
            let mut head = [0; 12];
            stream.read_exact(&mut head).expect("an answer");
            &head == b"HTTP/1.1 200"
        }
    });
}

#[test]
fn what_happens_to_drbd_wakes_it_up_while_a_console_listens() {
    let machine = Machine::new("Secondary");
    machine.change(|now| now.stands_still = true);
    let board = Arc::new(board(&machine));
    let address = served(&board);
    keep_asking(&board);
    machine.change(|now| now.role = "Primary");
    thread::sleep(Duration::from_millis(50));
    assert!(!board.is_watched(), "nobody listens");
    let mut calm = Listener::to(address, "/live?calm");
    calm.view();
    until("it is not awake", || {
        machine
            .change(|now| now.role = if now.role == "Primary" { "Secondary" } else { "Primary" });
        board.is_watched()
    });
    thread::sleep(Duration::from_millis(50));
    pass(&machine, Duration::from_secs(31));
    until("it does not fall asleep", || !board.is_watched());
}
