// SPDX-License-Identifier: Apache-2.0
//! What browsers can ask for.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, Path, RawQuery, Request, State};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::Sse;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use slurmha_core::runbook::{self, RUNBOOKS};
use slurmha_core::site::Site;
use tokio::sync::watch;

use super::act;
use super::actions::Actions;
use super::feed::{Feed, Seats};
use super::hub::Shown;
use super::login::{Attempt, Login, Token};
use super::page;
use super::plots::Plots;
use crate::web::guard::{COOKIE_RULES, cookie, protected};
use crate::web::{Lasting, files};

/// A name and a password.
const FORM_BYTES: usize = 4096;
/// Names the session.
const COOKIE_NAME: &str = "__Host-slurmha";
/// How far plots go back.
const HOURS: [u64; 4] = [1, 3, 12, 48];

/// What answers are made from.
#[derive(Clone)]
pub struct Console {
    pub login: Arc<Login>,
    pub plots: Arc<Plots>,
    pub shown: watch::Receiver<Shown>,
    pub seats: Seats,
    pub site: Arc<Site>,
    /// Who looks.
    pub user: Arc<str>,
    /// What can be done from here; nothing on most machines.
    pub actions: Option<Arc<Actions>>,
}

/// Everything that can be asked for.
pub fn pages(console: Console) -> Router {
    let guarded = Router::new()
        .route("/events", get(events))
        .route("/api/plots", get(plots))
        .route("/logout", post(logout))
        .route("/act", get(act::show).post(act::act))
        .route("/act/{verb}/{controller}", get(act::ask))
        .route_layer(middleware::from_fn_with_state(console.clone(), only_signed_in));
    Router::new()
        .merge(guarded)
        .route("/", get(home))
        .route("/login", get(async || Html(page::login(""))).post(login))
        .route("/console.css", get(page::style))
        .route("/console.js", get(page::script))
        .route("/icon.svg", get(files::icon))
        // The project's own text, and nothing of the site's: an alert's link leads there at once.
        .route("/runbooks", get(async || Html(runbook::index_page())))
        .route("/runbooks/{name}", get(runbook))
        .with_state(console)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(middleware::from_fn(protected))
}

/// What a session is asked for by its token.
fn token(headers: &HeaderMap) -> Option<Token> {
    cookie(headers, COOKIE_NAME).map(Token::given)
}

async fn only_signed_in(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    match token(request.headers()).filter(|token| console.login.is_in(token)) {
        Some(token) => {
            request.extensions_mut().insert(token);
            next.run(request).await
        }
        None => (StatusCode::UNAUTHORIZED, "sign in first: /login\n").into_response(),
    }
}

async fn home(State(console): State<Console>, headers: HeaderMap) -> Response {
    match token(&headers) {
        Some(token) if console.login.is_in(&token) => page::page().into_response(),
        _ => Redirect::to("/login").into_response(),
    }
}

/// What the form sends. No `Debug`: nothing is to print it.
#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn login(State(console): State<Console>, Form(given): Form<Credentials>) -> Response {
    match console.login.attempt(&given.user, given.password).await {
        Attempt::In(token) => {
            let cookie = format!("{COOKIE_NAME}={}; {COOKIE_RULES}; Max-Age=43200", token.expose());
            ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Attempt::Wrong => {
            let again = page::login("That is not the user, or not the password.");
            (StatusCode::UNAUTHORIZED, Html(again)).into_response()
        }
        Attempt::Busy => {
            let again = page::login("Too many try to sign in at this moment. Try again.");
            (StatusCode::TOO_MANY_REQUESTS, Html(again)).into_response()
        }
    }
}

async fn logout(State(console): State<Console>, Extension(token): Extension<Token>) -> Response {
    console.login.end(&token);
    let cookie = format!("{COOKIE_NAME}=; {COOKIE_RULES}; Max-Age=0");
    ([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

async fn events(
    State(console): State<Console>,
    Extension(token): Extension<Token>,
    Extension(lasting): Extension<Lasting>,
    headers: HeaderMap,
) -> Response {
    let Some(seat) = console.seats.take() else {
        let why = "as many browsers look on as are allowed\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    lasting.allow();
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let (login, shown) = (console.login, console.shown.clone());
    let feed = Feed { _seat: seat, login, token, shown, last_event: last.unwrap_or(0) };
    Sse::new(feed.stream()).into_response()
}

async fn runbook(Path(name): Path<String>) -> Response {
    match RUNBOOKS.iter().find(|book| book.name == name) {
        Some(book) => Html(runbook::page(book)).into_response(),
        None => (StatusCode::NOT_FOUND, Html(runbook::index_page())).into_response(),
    }
}

async fn plots(State(console): State<Console>, RawQuery(query): RawQuery) -> Response {
    let hours = query.as_deref().and_then(|query| query.strip_prefix("hours=")?.parse().ok());
    let hours = hours.filter(|hours| HOURS.contains(hours)).unwrap_or(3);
    ([(CONTENT_TYPE, "application/json")], console.plots.json(hours).await.to_string())
        .into_response()
}
