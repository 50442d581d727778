// SPDX-License-Identifier: Apache-2.0
//! One question to a page, as a browser asks it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::metrics::PageAnswer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

/// Needs no session, and nobody is asked anything to make it.
const PATH: &str = "/login";
/// The beginning of an answer that is a page.
const GOOD: &str = "HTTP/1.1 200 ";

/// How a page came; in a sentence why it did not within `limit`, however far it came: one
/// that hangs is connected to by the kernel.
pub async fn ask(
    address: SocketAddr,
    tls: &Arc<ClientConfig>,
    limit: Duration,
) -> Result<PageAnswer, String> {
    let began = Instant::now();
    match timeout(limit, beginning(address, tls)).await {
        Ok(Ok((answer, expires))) if answer == GOOD => {
            Ok(PageAnswer { after: Some(began.elapsed()), expires })
        }
        Ok(Ok((answer, _))) => Err(format!("https://{address}{PATH} answers {answer:?}")),
        Ok(Err(error)) => Err(format!("https://{address}{PATH}: {error}")),
        Err(_) => Err(format!("https://{address}{PATH}: no answer within {} s", limit.as_secs())),
    }
}

/// As much of the answer as [`GOOD`] has, and when the certificate is no longer valid.
async fn beginning(
    address: SocketAddr,
    tls: &Arc<ClientConfig>,
) -> io::Result<(String, Option<Timestamp>)> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::from(address.ip());
    let mut stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
    let shown = stream.get_ref().1.peer_certificates();
    let expires = shown.and_then(|chain| expiry(chain.first()?));
    let question = format!("GET {PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = [0; GOOD.len()];
    stream.read_exact(&mut answer).await?;
    Ok((String::from_utf8_lossy(&answer).into_owned(), expires))
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}
