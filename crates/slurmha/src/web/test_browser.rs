// SPDX-License-Identifier: Apache-2.0
//! A browser that trusts every certificate, as a test may.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use serde_json::Value;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::any_certificate;

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A browser that trusts every certificate.
#[derive(Clone)]
pub struct Browser {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    cookie: String,
}

/// What it gets.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.expect("a status"), head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Browser {
    pub fn at(address: SocketAddr) -> Self {
        let config = any_certificate::client().expect("TLS");
        Self { address, config, cookie: String::new() }
    }

    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..self.clone() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers()))
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.post_from(path, body, Some(&self.origin()))
    }

    /// What its forms say that they come from.
    pub fn origin(&self) -> String {
        format!("https://{}", self.address)
    }

    pub fn post_from(&self, path: &str, body: &str, origin: Option<&str>) -> Answer {
        self.ask(&(self.head_of_post(path, origin, body.len()) + body))
    }

    /// What stands before the body of a form.
    pub fn head_of_post(&self, path: &str, origin: Option<&str>, length: usize) -> String {
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        format!(
            "POST {path} HTTP/1.1\r\n{}{origin}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n",
            self.headers()
        )
    }

    pub fn sign_in(&self, user: &str, password: &str) -> Answer {
        self.post("/login", &format!("user={user}&password={}", password.replace(' ', "+")))
    }

    pub fn signed_in(&self, password: &str) -> Self {
        let answer = self.sign_in("admin", password);
        let cookie = answer.header("set-cookie").expect("a cookie");
        self.with_cookie(cookie.split(';').next().unwrap_or_default())
    }

    pub fn feed(&self, path: &str) -> Feed {
        self.feed_after(path, 0)
    }

    pub fn feed_after(&self, path: &str, id: u64) -> Feed {
        let mut stream = self.connect();
        let headers = self.headers();
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}Last-Event-ID: {id}\r\n\r\n")
            .expect("it reads");
        Feed(BufReader::new(stream))
    }

    /// What is answered to that without TLS.
    pub fn plain(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("somebody listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn connect(&self) -> Stream {
        let name = ServerName::from(self.address.ip());
        let connection = ClientConnection::new(Arc::clone(&self.config), name).expect("TLS");
        StreamOwned::new(connection, TcpStream::connect(self.address).expect("somebody listens"))
    }

    fn headers(&self) -> String {
        let cookie = match self.cookie.as_str() {
            "" => String::new(),
            cookie => format!("Cookie: {cookie}\r\n"),
        };
        format!("Host: {}\r\n{cookie}", self.address)
    }

    fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        // An end without TLS's own farewell is an end, too.
        let _ = stream.read_to_end(&mut answer);
        Answer::of(&String::from_utf8_lossy(&answer))
    }
}

/// Server-sent events.
pub struct Feed(BufReader<Stream>);

impl Feed {
    /// The next event of that kind that is as wanted.
    pub fn next(&mut self, kind: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let mut is_kind = false;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("it answers") > 0, "it has ended");
            if let Some(event) = line.strip_prefix("event: ") {
                is_kind = event.trim() == kind;
            } else if let Some(data) = line.strip_prefix("data: ").filter(|_| is_kind) {
                let value: Value = serde_json::from_str(data).expect("JSON");
                if is_wanted(&value) {
                    return value;
                }
            }
        }
    }
}
