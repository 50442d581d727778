// SPDX-License-Identifier: Apache-2.0
//! A server for few and small answers. Whoever reaches the port may ask, so
//! what one can cost is bounded: how many are served at once, and for how long.

pub mod any_certificate;
mod door;
mod encryption;
pub mod files;
pub mod guard;
pub mod shares;
#[cfg(test)]
pub mod test_browser;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use self::door::Door;
pub use encryption::Encryption;

/// What a server allows.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections that are served at once; who comes then waits for a place.
    pub connections: usize,
    /// Those of one address, served or waiting; a further one is closed. Behind a VPN's
    /// gateway many people have one address.
    pub from_one: usize,
    /// What a connection may last, with its one question and answer.
    pub longest: Duration,
}

impl Bounds {
    /// For questions without a body to speak of, of a few people. A password takes a second;
    /// where everything has just been started after a failover, more than ten.
    pub const SMALL: Self =
        Self { connections: 64, from_one: 48, longest: Duration::from_secs(30) };
    /// For those of programs, each of which asks one thing at a time, and of no password.
    pub const PROGRAMS: Self =
        Self { connections: 64, from_one: 8, longest: Duration::from_secs(10) };
    /// For those who send files, over a slow line, too.
    pub const FILES: Self =
        Self { connections: 256, from_one: 192, longest: Duration::from_secs(60) };
}

/// How long one that reads nothing, or is gone without a word, is kept: the
/// kernel then ends the connection (`TCP_USER_TIMEOUT`, tcp(7)).
const SLOWEST_MS: u32 = 20_000;
/// What the head of a question may have; hyper takes no less.
const HEAD_BYTES: usize = 8 * 1024;
/// How long the encryption may take to begin, and then the head of a question to arrive.
/// What comes after it is bounded by [`Bounds::longest`].
const HEAD: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be accepted: descriptors are
/// scarce, and asking again at once makes nothing better.
const PAUSE: Duration = Duration::from_millis(100);

/// Lets an answer last longer than [`Bounds::longest`]; one for each connection.
#[derive(Clone, Default)]
pub struct Lasting(Arc<AtomicBool>);

impl Lasting {
    /// This answer ends when it ends.
    pub fn allow(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Where a question comes from; one for each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

/// A runtime of one thread, which is enough to serve and to listen.
///
/// # Errors
/// When the system refuses what it needs.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Answers small questions for as long as this process lives, encrypted if there is a `tls`.
///
/// # Errors
/// When the system refuses what a server needs before the first connection.
pub async fn serve(
    listener: TcpListener,
    pages: Router,
    tls: Option<TlsAcceptor>,
) -> io::Result<()> {
    serve_within(Bounds::SMALL, Vec::new(), listener, pages, tls).await
}

/// As [`serve`], within other bounds, with places of their own for the addresses that are
/// expected.
///
/// # Errors
/// When the system refuses what a server needs before the first connection.
pub async fn serve_within(
    bounds: Bounds,
    expected: Vec<IpAddr>,
    listener: TcpListener,
    pages: Router,
    tls: Option<TlsAcceptor>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut door = Door::new(bounds, expected);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(place) = door.place(peer.ip()) else { continue };
                let pages = pages.clone().layer(Extension(Peer(peer.ip())));
                let tls = tls.clone();
                tokio::spawn(async move {
                    if let Some(_place) = place.wait(bounds.longest).await {
                        answer(stream, pages, tls, bounds.longest).await;
                    }
                });
            }
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A client that goes away, or says nothing, is its own affair.
async fn answer(stream: TcpStream, pages: Router, tls: Option<TlsAcceptor>, longest: Duration) {
    // Without it a slow one is slow, no more.
    let _ = set_tcp_user_timeout(&stream, SLOWEST_MS);
    let lasting = Lasting::default();
    let pages = pages.layer(Extension(lasting.clone()));
    let exchange = async {
        match tls {
            None => exchange(stream, pages).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(HEAD, tls.accept(stream)).await {
                    exchange(stream, pages).await;
                }
            }
        }
    };
    let mut exchange = pin!(exchange);
    let in_time = timeout(longest, &mut exchange).await;
    if in_time.is_err() && lasting.0.load(Ordering::SeqCst) {
        exchange.await;
    }
}

/// One question and its answer. Without keep-alive nobody holds a place
/// between two questions, and the end of a connection never meets one.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, pages: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages))
        .with_upgrades();
    let _ = connection.await;
}
