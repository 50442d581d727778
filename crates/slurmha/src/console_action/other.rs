// SPDX-License-Identifier: Apache-2.0
//! What the other controller tells of itself: whether its watcher runs, what
//! it has in force, whether the arbiter votes for it. Nobody here can see that,
//! and a move there would be safe without it only by luck.

use std::net::SocketAddr;

use slurmha_core::layout::EXPORTER_PORT;
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::Answers;

use crate::console;
use crate::web;

/// The other controller's answer, as its exporter tells it to everybody in the
/// cluster network; and what is to be said about it.
pub fn ask(site: &Site, own: &NodeName) -> (Answers, Option<String>) {
    let others = site.controllers.iter().filter(|controller| controller.name != *own);
    let mut answers = Answers::new();
    let mut told = None;
    for other in others {
        let (answer, less) = ask_at(SocketAddr::from((other.address, EXPORTER_PORT)));
        told = told.or_else(|| less.map(|less| format!("{}: {less}", other.name)));
        answers.insert(other.name.clone(), answer);
    }
    (answers, told)
}

type Answer = Result<slurmha_core::observe::Observation, String>;

fn ask_at(address: SocketAddr) -> (Answer, Option<String>) {
    let view = web::runtime()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(console::ask(address)));
    let less = view.as_ref().ok().filter(|view| !view.tells_all()).map(|view| {
        format!("slurmha {} there does not tell what is in force; not looked at", view.version)
    });
    (view.map(|view| view.observation()), less)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use slurmha_core::console::View;
    use slurmha_core::layout::WATCH_UNIT;
    use slurmha_core::observe::{Reading, Safeguards};

    use super::*;

    /// An exporter that tells this once.
    fn exporter(view: &View) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let word = serde_json::to_string(view).expect("JSON");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a question");
            let _ = stream.read(&mut [0; 1024]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            let _ = write!(stream, "{head}: hello\n\ndata: {word}\n\n");
            // It goes on to tell until nobody listens.
            let _ = stream.read(&mut [0; 1024]);
        });
        address
    }

    #[test]
    fn what_the_other_controller_tells_of_itself_is_heard() {
        let mut view = View {
            watch_running: Reading::Known(false),
            safeguards: Some(Safeguards::default()),
            preferences: Some(Reading::Known(Vec::new())),
            ..View::default()
        };
        let (answer, less) = ask_at(exporter(&view));
        let seen = answer.expect("an answer");
        assert_eq!((seen.units[WATCH_UNIT].active.as_str(), less), ("inactive", None));
        // Another version is heard as well, and what it leaves out is told.
        view.safeguards = None;
        view.version = "0.0.9".to_owned();
        let (answer, less) = ask_at(exporter(&view));
        assert!(answer.is_ok() && less.is_some_and(|less| less.starts_with("slurmha 0.0.9")));
    }

    #[test]
    fn an_exporter_that_is_not_there_is_no_answer() {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("its address");
        drop(free);
        let (answer, less) = ask_at(address);
        assert!(answer.is_err_and(|why| why.contains("127.0.0.1")) && less.is_none());
    }
}
