// SPDX-License-Identifier: Apache-2.0
//! One question over HTTP inside the cluster network.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long a connection and the head of the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer, whose connection ends with it.
pub struct Answer {
    pub body: Incoming,
    connection: AbortHandle,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Asks, and returns the answer's body as it comes.
///
/// # Errors
/// When nobody answers in time, or the answer is none; in a sentence that
/// begins with the address.
pub async fn get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    match timeout(PATIENCE, exchange(address, path)).await {
        Ok(Ok((response, connection))) if response.status().is_success() => {
            Ok(Answer { body: response.into_body(), connection })
        }
        Ok(Ok((response, connection))) => {
            connection.abort();
            Err(format!("{address} answers {}", response.status()))
        }
        Ok(Err(error)) => Err(format!("{address}: {error}")),
        Err(_) => Err(format!("{address} does not answer")),
    }
}

/// The whole answer as text.
///
/// # Errors
/// Also when it has more than so many bytes.
pub async fn text(address: SocketAddr, path: &str, most: usize) -> Result<String, String> {
    let mut answer = get(address, path).await?;
    let body = Limited::new(&mut answer.body, most);
    let bytes = match timeout(PATIENCE, body.collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => return Err(format!("{address}: {error}")),
        Err(_) => return Err(format!("{address} does not end its answer")),
    };
    String::from_utf8(bytes.into()).map_err(|error| format!("{address}: {error}"))
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(
    address: SocketAddr,
    path: &str,
) -> Result<(Response<Incoming>, AbortHandle), Failed> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection).abort_handle();
    let request = Request::get(path).header(HOST, address.to_string()).body(Body::empty())?;
    let response = sender.send_request(request).await;
    if response.is_err() {
        connection.abort();
    }
    Ok((response?, connection))
}
