// SPDX-License-Identifier: Apache-2.0
//! As much of a mail server as takes a message: RFC 5321, STARTTLS of RFC 3207, AUTH PLAIN of
//! RFC 4954.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A message, and how it came.
#[derive(Default)]
pub struct Message {
    /// What AUTH PLAIN said.
    pub login: Option<String>,
    /// Whether that, and the message, came under TLS.
    pub encrypted: bool,
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
}

impl Message {
    pub fn subject(&self) -> &str {
        self.text.lines().find(|line| line.starts_with("Subject: ")).unwrap_or("")
    }
}

/// Listens on the loopback until the test ends.
pub struct MailServer {
    port: u16,
    certificate: Option<String>,
    messages: Receiver<Message>,
}

impl MailServer {
    /// One in the house, that knows nobody and has no certificate.
    pub fn relay() -> Self {
        Self::listen(None)
    }

    /// One that offers a login, under TLS alone.
    pub fn with_login() -> Self {
        let pair = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned()];
        let made = CertificateParams::new(names).and_then(|params| params.self_signed(&pair));
        let made = made.expect("a certificate");
        let key = PrivateKeyDer::try_from(pair.serialize_der()).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key)
            .expect("a configuration");
        Self { certificate: Some(made.pem()), ..Self::listen(Some(Arc::new(config))) }
    }

    fn listen(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who hangs up half-way has sent nothing.
                let _ = serve(stream, tls.as_ref(), &sender);
            }
        });
        Self { port, certificate: None, messages }
    }

    /// As it stands in a site file.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What a client has to trust.
    pub fn certificate(&self) -> &str {
        self.certificate.as_deref().expect("one with a login")
    }

    /// The next message, waited for.
    pub fn next(&self, what: &str) -> Message {
        self.messages.recv_timeout(Duration::from_secs(120)).unwrap_or_else(|_| panic!("{what}"))
    }
}

fn serve(
    mut stream: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    sender: &Sender<Message>,
) -> io::Result<()> {
    stream.write_all(b"220 localhost ESMTP\r\n")?;
    let Some(config) = tls else {
        return dialogue(&mut stream, "250 localhost", false, sender).map(drop);
    };
    let offer = "250-localhost\r\n250 STARTTLS";
    if dialogue(&mut stream, offer, false, sender)? == Next::Encrypt {
        let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        dialogue(&mut stream, "250-localhost\r\n250 AUTH PLAIN", true, sender)?;
    }
    Ok(())
}

#[derive(PartialEq)]
enum Next {
    Encrypt,
    Over,
}

fn dialogue(
    stream: &mut (impl Read + Write),
    greeting: &str,
    encrypted: bool,
    sender: &Sender<Message>,
) -> io::Result<Next> {
    let mut message = Message { encrypted, ..Message::default() };
    loop {
        let line = line(stream)?;
        let (word, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer = match word.to_ascii_uppercase().as_str() {
            "EHLO" => greeting,
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n")?;
                return Ok(Next::Encrypt);
            }
            "AUTH" => {
                let words = rest.strip_prefix("PLAIN ").unwrap_or_default();
                let words = STANDARD.decode(words).map_err(io::Error::other)?;
                message.login = Some(String::from_utf8_lossy(&words).into_owned());
                "235 welcome"
            }
            "MAIL" => {
                message.from = mailbox(rest);
                "250 ok"
            }
            "RCPT" => {
                message.to.push(mailbox(rest));
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n")?;
                message.text = text(stream)?;
                // The test may have ended.
                let _ = sender.send(std::mem::take(&mut message));
                "250 ok"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                return Ok(Next::Over);
            }
            _ => "502 what",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// `FROM:<somebody@example.edu> BODY=8BITMIME`
fn mailbox(rest: &str) -> String {
    let inner = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(rest, |(mailbox, _)| mailbox).to_owned()
}

/// Up to the dot alone.
fn text(stream: &mut impl Read) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let line = line(stream)?;
        if line == "." {
            return Ok(text);
        }
        text.push_str(&line);
        text.push('\n');
    }
}

/// Byte by byte: what follows STARTTLS must not be read with it.
fn line(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    bytes.truncate(bytes.len() - 2);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
