// SPDX-License-Identifier: Apache-2.0
//! Signing in and out.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use slurmha_core::portal::page::login_page;
use slurmha_core::portal::protocol::SignIn;

use super::server::{COOKIE_NAME, Front, session_cookie};
use super::sessions::Attempt;
use crate::web::Peer;
use crate::web::guard::COOKIE_RULES;

/// What a name and a password may have, in bytes.
const LONGEST_NAME: usize = 64;
const LONGEST_PASSWORD: usize = 512;

/// What the form sends. No `Debug`: nothing is to print it.
#[derive(Deserialize)]
pub struct Credentials {
    user: String,
    password: String,
    then: Option<String>,
}

/// Where one signs in who wanted to see that page. The address is one of ours, never one
/// that somebody gave: a link cannot lead elsewhere.
pub fn page_for(path: &str) -> &'static str {
    match path {
        "/submit" => "/login?then=submit",
        "/nodes" => "/login?then=nodes",
        _ => "/login",
    }
}

fn after(then: Option<&str>) -> &'static str {
    match then {
        Some("submit") => "/submit",
        Some("nodes") => "/nodes",
        _ => "/",
    }
}

/// The form.
pub async fn page(State(front): State<Front>, RawQuery(query): RawQuery) -> Response {
    let then = query.as_deref().and_then(|query| query.strip_prefix("then="));
    Html(login_page(&front.cluster, "", then.filter(|then| after(Some(then)) != "/")))
        .into_response()
}

/// Signs in.
pub async fn sign_in(
    State(front): State<Front>,
    Extension(peer): Extension<Peer>,
    form: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Form(given) = match form {
        Ok(form) => form,
        Err(rejection) => return rejection.into_response(),
    };
    let then = given.then.as_deref().filter(|then| after(Some(then)) != "/");
    let again = |status, message: &str| {
        (status, Html(login_page(&front.cluster, message, then))).into_response()
    };
    let is_possible = (1..=LONGEST_NAME).contains(&given.user.len())
        && (1..=LONGEST_PASSWORD).contains(&given.password.len());
    if !is_possible {
        return again(StatusCode::UNAUTHORIZED, "That is not the user, or not the password.");
    }
    let credentials = SignIn { user: given.user, password: given.password };
    match front.sessions.attempt(peer, credentials).await {
        Attempt::In(value) => {
            let cookie = format!("{COOKIE_NAME}={value}; {COOKIE_RULES}; Max-Age=43200");
            ([(SET_COOKIE, cookie)], Redirect::to(after(then))).into_response()
        }
        Attempt::Out(why) => again(StatusCode::UNAUTHORIZED, &why),
        Attempt::Wait(why) => again(StatusCode::TOO_MANY_REQUESTS, &why),
    }
}

/// Ends the session, if there is one.
pub async fn sign_out(State(front): State<Front>, headers: HeaderMap) -> Response {
    if let Some(cookie) = session_cookie(&headers) {
        front.sessions.end(cookie);
    }
    let cookie = format!("{COOKIE_NAME}=; {COOKIE_RULES}; Max-Age=0");
    ([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}
