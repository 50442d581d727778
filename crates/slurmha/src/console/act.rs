// SPDX-License-Identifier: Apache-2.0
//! The pages on which something is asked for.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use slurmha_core::console::action::page::{Confirm, confirm, course};
use slurmha_core::console::action::{Action, Order, Refusal};
use slurmha_core::site::Site;

use super::actions::{Actions, Begun};
use super::hub::Shown;
use super::login::Token;
use super::server::Console;
use crate::web::{Lasting, Peer};

/// What a form sends. No `Debug`: nothing is to print it.
#[derive(Deserialize)]
pub struct Asked {
    verb: String,
    controller: String,
    token: String,
    password: String,
}

/// Says what will happen, and asks for the password.
pub async fn ask(
    State(console): State<Console>,
    Extension(token): Extension<Token>,
    Path((verb, controller)): Path<(String, String)>,
) -> Response {
    match known(&console, &verb, &controller) {
        Some((action, _)) => page(&console, &token, &action, "").into_response(),
        None => nothing(),
    }
}

/// Does it, with the password of the actions.
pub async fn act(
    State(console): State<Console>,
    Extension(token): Extension<Token>,
    Extension(Peer(from)): Extension<Peer>,
    Extension(lasting): Extension<Lasting>,
    Form(asked): Form<Asked>,
) -> Response {
    let Some((action, actions)) = known(&console, &asked.verb, &asked.controller) else {
        return nothing();
    };
    if asked.token != token.form() {
        let why = "this form was not asked for in this session\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    // It may have become unsafe while somebody typed.
    if refused(&console.shown.borrow(), &console.site, &action).is_some() {
        return (StatusCode::CONFLICT, page(&console, &token, &action, "")).into_response();
    }
    lasting.allow();
    let user = console.user.to_string();
    let order = Order { action: action.clone(), password: asked.password, user, from };
    let (status, message) = match actions.begin(order).await {
        Begun::In => return Redirect::to("/act").into_response(),
        Begun::Wrong => {
            (StatusCode::FORBIDDEN, "That is not the password of the actions.".to_owned())
        }
        Begun::Busy => (
            StatusCode::TOO_MANY_REQUESTS,
            "Something is under way already, or somebody else is asking. Try again.".to_owned(),
        ),
        Begun::Trouble(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "Nothing was done: {why}. On this machine: journalctl -t slurmha-console-action"
            ),
        ),
    };
    (status, page(&console, &token, &action, &message)).into_response()
}

/// How the latest one goes.
pub async fn show(State(console): State<Console>) -> Response {
    match &console.actions {
        Some(actions) => Html(course(actions.course().as_ref())).into_response(),
        None => nothing(),
    }
}

/// An action that this console can ask for; every other address is none.
fn known(console: &Console, verb: &str, controller: &str) -> Option<(Action, Arc<Actions>)> {
    let action = Action::parse(&console.site, verb, controller)?;
    let actions = console.actions.clone()?;
    action.is_allowed(&console.site).then_some((action, actions))
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "nothing can be done here\n").into_response()
}

fn page(console: &Console, token: &Token, action: &Action, message: &str) -> Html<String> {
    let shown = console.shown.borrow();
    Html(confirm(Confirm {
        action,
        refusal: refused(&shown, &console.site, action).as_ref(),
        last_move: shown.last_move.as_deref(),
        token: &token.form(),
        message,
    }))
}

/// Why not, by all that both controllers tell. The helper looks again.
fn refused(shown: &Shown, site: &Site, action: &Action) -> Option<Refusal> {
    match &shown.seen {
        Some(seen) => seen.refusal(site, action),
        None => Some(Refusal::unknown()),
    }
}
