// SPDX-License-Identifier: Apache-2.0
//! Answers Prometheus. Whoever reaches the port may ask, so what one can cost
//! is bounded: how many are served at once, and for how long.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use slurmha_core::metrics;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::board::Board;

/// Connections at once; who comes then waits in the kernel's queue.
const CONNECTIONS: usize = 64;
/// What a connection may last, with its one question and answer.
const LONGEST: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be accepted: descriptors are
/// scarce, and asking again at once makes nothing better.
const PAUSE: Duration = Duration::from_millis(100);

const HOME: &str = "slurmha: the <a href=\"/metrics\">metrics</a> of this controller\n";

/// Answers for as long as this process lives.
///
/// # Errors
/// When the system refuses what a server needs before the first connection.
pub fn serve(listener: TcpListener, board: Arc<Board>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(listener, pages(board)))
}

fn pages(board: Arc<Board>) -> Router {
    Router::new()
        .route("/", get(async || Html(HOME)))
        .route("/metrics", get(metrics_of))
        .with_state(board)
}

async fn metrics_of(State(board): State<Arc<Board>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], board.text())
}

async fn accept(listener: TcpListener, pages: Router) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Never closed, so never refused.
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let answer = answer(stream, pages.clone());
                tokio::spawn(async move {
                    answer.await;
                    drop(place);
                });
            }
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One question and its answer. Without keep-alive nobody holds a place
/// between two scrapes, and the end of a connection never meets a question.
async fn answer(stream: TcpStream, pages: Router) {
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
    // A client that goes away, or says nothing, is its own affair.
    let _ = tokio::time::timeout(LONGEST, connection).await;
}
