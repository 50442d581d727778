// SPDX-License-Identifier: Apache-2.0
//! What browsers can ask for.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use slurmha_core::portal::page::{Frame, message_page};
use slurmha_host::System;

use super::look::Lookout;
use super::sessions::{Session, Sessions};
use super::xterm::Xterm;
use super::{files, show, sign_in, submit, terminal};
use crate::web;
use crate::web::guard::{cookie, protected};
use crate::web::shares::Shares;

/// Names the session. Cookies do not know ports: the console's has another name,
/// so that both can run on one machine.
pub const COOKIE_NAME: &str = "__Host-slurmha-portal";
/// A name, a password and where to go on.
const FORM_BYTES: usize = 4096;
/// What the page's script sets when it looks by itself.
const LOOKS_BY_ITSELF: &str = "x-slurmha-look";

/// What answers are made from.
#[derive(Clone)]
pub struct Front {
    /// The cluster's name.
    pub cluster: Arc<str>,
    /// This machine, for its clock.
    pub system: Arc<dyn System + Send + Sync>,
    /// Who has signed in.
    pub sessions: Arc<Sessions>,
    /// What the cluster is like.
    pub look: Arc<Lookout>,
    /// The emulator of terminals, where the site allows them.
    pub xterm: Option<Arc<Xterm>>,
    /// Scripts that are read at once, by user.
    pub uploads: Arc<Shares<String>>,
    /// How long it waits.
    pub waits: Waits,
}

/// How long the front waits for what is not there.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// A page that shows something, for all that it shows; then it shows what is known.
    pub page: Duration,
    /// A form, until it is here.
    pub form: Duration,
}

impl Waits {
    /// A connection ends after a minute ([`web::Bounds::FILES`]), and nobody reads a page
    /// that comes then. The longest form, 3 MiB, is here within 40 s at 80 kB/s.
    pub const USUAL: Self = Self { page: Duration::from_secs(12), form: Duration::from_secs(40) };
}

/// Everything that can be asked for.
pub fn pages(front: Front) -> Router {
    let forms = Router::new()
        .route("/login", get(sign_in::page).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/jobs/{job}/cancel", post(show::cancel))
        .layer(DefaultBodyLimit::max(FORM_BYTES));
    Router::new()
        .merge(forms)
        .route("/", get(show::jobs))
        .route("/nodes", get(show::nodes))
        .route("/jobs/{job}", get(show::job))
        .route("/jobs/{job}/output", get(show::output))
        .route("/submit", get(submit::page).post(submit::submit))
        .route("/terminal", get(terminal::page))
        .route("/terminal/connection", get(terminal::connection))
        .route("/terminal.js", get(files::terminal))
        .route("/xterm.js", get(terminal::emulator))
        .route("/xterm.css", get(terminal::style))
        .route("/portal.css", get(files::style))
        .route("/portal.js", get(files::script))
        .route("/icon.svg", get(web::files::icon))
        .fallback(async || (StatusCode::NOT_FOUND, "there is no such page\n"))
        .with_state(front)
        .layer(middleware::from_fn(protected))
}

impl Front {
    /// Around a page for this user.
    pub fn frame<'a>(&'a self, session: &'a Session) -> Frame<'a> {
        Frame {
            cluster: &self.cluster,
            user: Some(&session.user),
            away: self.look.away(),
            has_terminal: self.xterm.is_some(),
        }
    }

    /// A page that says one thing.
    pub fn say(&self, status: StatusCode, title: &str, text: &str) -> Response {
        let frame = Frame { cluster: &self.cluster, user: None, away: None, has_terminal: false };
        (status, Html(message_page(frame, title, text))).into_response()
    }
}

/// The session of who asks. Without one a page leads to the sign-in, and a
/// script is told so.
pub struct SignedIn(pub Arc<Session>);

impl FromRequestParts<Front> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Response> {
        let is_use = !parts.headers.contains_key(LOOKS_BY_ITSELF);
        let session =
            session_cookie(&parts.headers).and_then(|cookie| front.sessions.find(cookie, is_use));
        session.map(Self).ok_or_else(|| {
            if parts.method.is_safe() && is_use {
                Redirect::to(sign_in::page_for(parts.uri.path())).into_response()
            } else if wants_json(&parts.headers) || !is_use {
                (StatusCode::UNAUTHORIZED, "sign in first: /login\n").into_response()
            } else {
                let text = "Your session has ended. Sign in again; on the page before this one \
                            (the browser's back) is still what you have typed.";
                front.say(StatusCode::UNAUTHORIZED, "Signed out", text)
            }
        })
    }
}

/// The cookie that names the session.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE_NAME)
}

/// Whether the page's script asks, and not the browser itself.
pub fn wants_json(headers: &HeaderMap) -> bool {
    headers.get("accept").is_some_and(|accept| accept == "application/json")
}
