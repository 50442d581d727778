// SPDX-License-Identifier: Apache-2.0
//! Real sockets: pages that answer, refuse, hang, and are something else.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use slurmha_host::Simulated;

use super::*;
use crate::web::Encryption;

/// A server whose sign-in page answers so, with a certificate of its own.
fn page(status: StatusCode) -> (tempfile::TempDir, SocketAddr) {
    let directory = tempfile::tempdir().expect("a directory");
    let (listener, address) = listener();
    let encryption = Encryption::own(directory.path(), "portal", &["x".to_owned()], &[]);
    let tls = encryption.expect("a certificate").acceptor;
    let pages = Router::new().route("/login", get(async move || (status, "sign in\n")));
    thread::spawn(move || {
        web::runtime().expect("a runtime").block_on(web::serve(listener, pages, Some(tls)))
    });
    (directory, address)
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

fn asked(address: SocketAddr, limit: Duration) -> Result<PageAnswer, String> {
    let tls = any_certificate::client().expect("TLS");
    web::runtime().expect("a runtime").block_on(ask::ask(address, &tls, limit))
}

#[test]
fn a_page_answers_whoever_has_signed_its_certificate() {
    let (_directory, address) = page(StatusCode::OK);
    let PageAnswer { after, expires } = asked(address, LIMIT).expect("an answer");
    assert!(after.is_some_and(|took| took > Duration::ZERO && took < LIMIT), "{after:?}");
    assert!(expires.is_some_and(|at| at > Local::new().now()), "{expires:?}");
}

#[test]
fn an_error_is_no_page() {
    let (_directory, address) = page(StatusCode::SERVICE_UNAVAILABLE);
    let why = asked(address, LIMIT).expect_err("no page");
    assert_eq!(why, format!("https://{address}/login answers \"HTTP/1.1 503 \""));
}

#[test]
fn nobody_listens() {
    let (listener, address) = listener();
    drop(listener);
    let why = asked(address, LIMIT).expect_err("nobody");
    assert!(why.contains("refused"), "{why}");
}

/// As one that was frozen: the kernel takes the connection, and nobody speaks.
#[test]
fn one_that_hangs_is_waited_for_as_long_as_that() {
    let (_listener, address) = listener();
    let why = asked(address, Duration::from_secs(1)).expect_err("nobody speaks");
    assert_eq!(why, format!("https://{address}/login: no answer within 1 s"));
}

#[test]
fn both_are_told_of_and_what_has_no_page_is_not() {
    let (_directory, portal) = page(StatusCode::OK);
    let (listener, console) = listener();
    drop(listener);
    let system = Simulated::new("login1", "login2");
    let sockets = format!("0: 00000002 00000000 00010000 0001 01 1 {SESSION_SOCKET}\n");
    system.put_file(UNIX_SOCKETS, sockets.as_bytes(), Ids::root(0o444));
    let mut looker = Looker::new(Some(portal), Some(console)).expect("a looker");
    let answer = looker.look(&system);
    assert!(answer.console.expect("a console").after.is_none());
    let answered = answer.portal.expect("a portal");
    assert!(answered.page.after.is_some());
    assert_eq!(answered.has_sessions, Reading::Known(true));

    let mut looker = Looker::new(Some(portal), None).expect("a looker");
    let answer = looker.look(&Simulated::new("login1", "login2"));
    assert!(answer.console.is_none());
    let has_sessions = answer.portal.expect("a portal").has_sessions;
    assert!(has_sessions.known().is_none(), "{has_sessions:?}");
}
