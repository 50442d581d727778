// SPDX-License-Identifier: Apache-2.0
//! Somebody who takes alerts by HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What was posted.
pub struct Posted {
    /// Path and query.
    pub path: String,
    /// The JSON.
    pub body: serde_json::Value,
}

/// Listens on the loopback until the test ends.
pub struct Webhook {
    address: SocketAddr,
    posted: Receiver<Posted>,
}

impl Webhook {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (sender, posted) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(&stream, &sender));
            }
        });
        Self { address, posted }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next message, waited for.
    pub fn next(&self, what: &str) -> Posted {
        self.posted.recv_timeout(Duration::from_secs(120)).unwrap_or_else(|_| panic!("{what}"))
    }
}

/// As many requests as the connection has.
fn serve(stream: &TcpStream, sender: &Sender<Posted>) {
    let mut lines = BufReader::new(stream);
    while let Some(posted) = request(&mut lines) {
        // The test may have ended.
        let _ = sender.send(posted);
        if (&*stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn request(lines: &mut BufReader<&TcpStream>) -> Option<Posted> {
    let mut first = String::new();
    lines.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Posted { path, body: serde_json::from_slice(&body).expect("JSON") })
}
