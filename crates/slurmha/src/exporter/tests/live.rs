// SPDX-License-Identifier: Apache-2.0
//! What consoles are told.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddrV4;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use slurmha_core::console::View;
use slurmha_core::observe::Reading;

use super::*;

/// Somebody who listens.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn to(address: SocketAddr, path: &str) -> Self {
        Self::over(TcpStream::connect(address).expect("somebody listens"), path)
    }

    fn over(mut stream: TcpStream, path: &str) -> Self {
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

/// A connection from 127.0.0.HOST.
fn from(host: u8, address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddrV4::new([127, 0, 0, host].into(), 0)).expect("an address");
    connect(&socket, &address).expect("somebody listens");
    socket.into()
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
    let listen = |host| Listener::over(from(host, address), "/live?calm");
    let mut listeners: Vec<Listener> = [1, 1, 1, 1, 2, 2, 3, 3].map(listen).into();
    listeners.iter_mut().for_each(|listener| drop(listener.view()));
    for (host, why) in [(1, "4 already listen at 127.0.0.1"), (3, "8 already listen")] {
        let mut stream = from(host, address);
        write!(stream, "GET /live HTTP/1.1\r\nHost: ctl1\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains(why), "{answer}");
    }
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

/// A scraper that opens connections and says nothing.
#[test]
fn one_address_takes_no_places_of_others() {
    let address = served(&Arc::new(board(&Machine::new("Secondary"))));
    let silent: Vec<TcpStream> = (0..8).map(|_| from(2, address)).collect();
    let mut ninth = from(2, address);
    // One that is let in, and says nothing, is closed after ten seconds.
    ninth.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    assert!(matches!(ninth.read(&mut [0]), Ok(0)), "it is not closed");
    assert!(get(address, "/metrics").starts_with("HTTP/1.1 200 "));
    drop(silent);
}

#[test]
fn prometheus_and_consoles_are_expected() {
    let board = board(&Machine::new("Secondary"));
    let expected = crate::exporter::server::expected(&board.site);
    let hosts = board.site.monitoring.as_ref().expect("the lab is watched").hosts.iter();
    let addresses = hosts.map(|host| host.address);
    let addresses: Vec<_> =
        addresses.chain(board.site.controllers.iter().map(|it| it.address)).collect();
    assert!(addresses.len() >= 3, "{addresses:?}");
    assert!(addresses.into_iter().all(|address| expected.contains(&address.into())));
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
