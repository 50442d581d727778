// SPDX-License-Identifier: Apache-2.0
//! Terminals: a WebSocket for each, between the page's emulator and the user's session.

use std::time::Duration;

use axum::body;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use futures_util::future::{Either, select};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use slurmha_core::portal::page::terminal_page;
use slurmha_core::portal::protocol::{Refusal, Reply, Request, TerminalId};
use slurmha_core::portal::typed::{Bytes, Window};

use super::link::NoAnswer;
use super::server::{Front, SignedIn};
use super::sessions::Session;
use super::xterm::Xterm;
use crate::portal::host;
use crate::web::guard::is_of_this_site;

/// The longest message of a browser's, in bytes: what somebody pastes.
const LONGEST: usize = 256 * 1024;
/// How long a question about a terminal may take: opening one asks PAM, and directories.
const LIMIT: Duration = Duration::from_secs(40);
/// The longest reason that a closing frame has room for, in bytes (RFC 6455, 5.5).
const REASON: usize = 123;

/// The page.
pub async fn page(State(front): State<Front>, SignedIn(session): SignedIn) -> Response {
    if front.xterm.is_none() {
        return (StatusCode::NOT_FOUND, "this site allows no terminals\n").into_response();
    }
    Html(terminal_page(front.frame(&session), &host(&*front.system))).into_response()
}

/// The emulator.
pub async fn emulator(State(front): State<Front>) -> Response {
    file(&front, |xterm| ("text/javascript; charset=utf-8", xterm.script.clone()))
}

/// Its style sheet.
pub async fn style(State(front): State<Front>) -> Response {
    file(&front, |xterm| ("text/css; charset=utf-8", xterm.style.clone()))
}

fn file(front: &Front, which: impl Fn(&Xterm) -> (&'static str, body::Bytes)) -> Response {
    match front.xterm.as_deref().map(which) {
        Some((kind, text)) => crate::web::files::file(kind, text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The connection that is a terminal. Browsers let every page open one anywhere, so where it
/// comes from is looked at although nothing is changed by asking.
pub async fn connection(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    headers: HeaderMap,
    Query(window): Query<Window>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if front.xterm.is_none() || !is_of_this_site(&headers) {
        return (StatusCode::FORBIDDEN, "no terminal from here\n").into_response();
    }
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    upgrade.on_upgrade(move |socket| async move {
        let (mut to_browser, mut from_browser) = socket.split();
        let opened = session.ask_within(Request::OpenTerminal(window), LIMIT).await;
        let why = match opened {
            Ok(Ok(Reply::Terminal(id))) => {
                let line = Line { front: &front, session: &session, id };
                let why = line.carry(&mut to_browser, &mut from_browser).await;
                // If it is not answered the session is over, and the terminal with it.
                let _ = session.ask_within(Request::CloseTerminal(id), LIMIT).await;
                why
            }
            no => reason(no),
        };
        close(&mut to_browser, &why).await;
    })
}

type ToBrowser = SplitSink<WebSocket, Message>;
type FromBrowser = SplitStream<WebSocket>;

/// A terminal's two ends.
struct Line<'a> {
    front: &'a Front,
    session: &'a Session,
    id: TerminalId,
}

impl Line<'_> {
    /// Carries both ways until one of the ends is gone; returns why, for the person.
    async fn carry(&self, to_browser: &mut ToBrowser, from_browser: &mut FromBrowser) -> String {
        let reading = std::pin::pin!(self.show(to_browser));
        let typing = std::pin::pin!(self.type_in(from_browser));
        match select(reading, typing).await {
            Either::Left((why, _)) | Either::Right((why, _)) => why,
        }
    }

    /// What programs write, to the browser.
    async fn show(&self, to_browser: &mut ToBrowser) -> String {
        while self.front.sessions.has(self.session) {
            match self.session.ask_within(Request::ReadTerminal(self.id), LIMIT).await {
                Ok(Ok(Reply::Written { is_over: true, .. })) => {
                    return "You have logged out of this terminal.".to_owned();
                }
                Ok(Ok(Reply::Written { bytes, .. })) => {
                    // A word when there is nothing else: whoever is gone is found out.
                    let message = match bytes.0.is_empty() {
                        true => Message::Ping(Vec::new().into()),
                        false => Message::Binary(bytes.0.into()),
                    };
                    if to_browser.send(message).await.is_err() {
                        return String::new();
                    }
                }
                no => return reason(no),
            }
        }
        "You have been signed out.".to_owned()
    }

    /// What the person types, to the programs. That is use of the session.
    async fn type_in(&self, from_browser: &mut FromBrowser) -> String {
        while let Some(Ok(message)) = from_browser.next().await {
            let terminal = self.id;
            let request = match message {
                Message::Binary(typed) => {
                    self.session.is_used(self.front.system.elapsed());
                    Request::WriteTerminal { terminal, typed: Bytes(typed.to_vec()) }
                }
                Message::Text(text) => match serde_json::from_str(&text) {
                    Ok(window) => Request::ResizeTerminal { terminal, window },
                    Err(_) => continue,
                },
                _ => continue,
            };
            match self.session.ask_within(request, LIMIT).await {
                Ok(Ok(_)) => {}
                no => return reason(no),
            }
        }
        String::new()
    }
}

async fn close(to_browser: &mut ToBrowser, why: &str) {
    let mut end = why.len().min(REASON);
    while !why.is_char_boundary(end) {
        end -= 1;
    }
    let reason = Utf8Bytes::from(why.get(..end).unwrap_or_default());
    let frame = CloseFrame { code: close_code::NORMAL, reason };
    // It may be gone.
    let _ = to_browser.send(Message::Close(Some(frame))).await;
}

fn reason(answer: Result<Result<Reply, Refusal>, NoAnswer>) -> String {
    match answer {
        Ok(Err(Refusal::No(why))) => slurmha_core::portal::text::sentence(&why),
        Err(NoAnswer::Ended) => "Your session has ended. Sign in again.".to_owned(),
        Err(NoAnswer::Busy) => "Your session does too much at once. Try again.".to_owned(),
        _ => "The terminal gave no answer.".to_owned(),
    }
}
