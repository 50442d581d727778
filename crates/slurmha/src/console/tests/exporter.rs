// SPDX-License-Identifier: Apache-2.0
//! An exporter that tells what a test wants it to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use slurmha_core::console::View;

/// What it tells, and who has asked.
#[derive(Default)]
struct Told {
    view: Option<View>,
    version: u64,
    paths: Vec<String>,
}

/// An exporter that tells what a test wants it to.
pub struct Exporter {
    address: SocketAddr,
    told: Arc<(Mutex<Told>, Condvar)>,
}

impl Exporter {
    pub fn telling(view: View) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let told = Arc::new((Mutex::new(Told::default()), Condvar::new()));
        let exporter = Self { address, told: Arc::clone(&told) };
        exporter.tell(view);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = Arc::clone(&told);
                thread::spawn(move || answer(stream, &told));
            }
        });
        exporter
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn tell(&self, view: View) {
        self.change(|told| told.view = Some(view));
    }

    /// From now on it says nothing, on connections that stay.
    pub fn fall_silent(&self) {
        self.change(|told| told.view = None);
    }

    /// What it was asked for.
    pub fn paths(&self) -> Vec<String> {
        self.told.0.lock().expect("a lock").paths.clone()
    }

    fn change(&self, how: impl FnOnce(&mut Told)) {
        let mut told = self.told.0.lock().expect("a lock");
        how(&mut told);
        told.version += 1;
        self.told.1.notify_all();
    }
}

/// Tells each change, and a sign of life every second.
fn answer(mut stream: TcpStream, told: &(Mutex<Told>, Condvar)) {
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    if reader.read_line(&mut request).is_err() {
        return;
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    told.0.lock().expect("a lock").paths.push(path);
    let mut text =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
            .to_owned();
    while stream.write_all(text.as_bytes()).is_ok() {
        let kept = told.0.lock().expect("a lock");
        let version = kept.version;
        text = match &kept.view {
            Some(view) => format!("data: {}\n\n", serde_json::to_string(view).expect("JSON")),
            None => String::new(),
        };
        if stream.write_all(text.as_bytes()).is_err() {
            return;
        }
        text.clear();
        let same = |told: &mut Told| told.version == version;
        let waited = told.1.wait_timeout_while(kept, Duration::from_secs(1), same);
        drop(waited);
    }
}
