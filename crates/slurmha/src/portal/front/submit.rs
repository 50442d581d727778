// SPDX-License-Identifier: Apache-2.0
//! Submitting: the same form, however often it comes, is one job.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request as HttpRequest, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use futures_util::StreamExt as _;
use serde_json::json;
use slurmha_core::portal::form::Form;
use slurmha_core::portal::page::{Outcome, SubmitPage, submit_page};
use slurmha_core::portal::protocol::{LONGEST_SCRIPT, Refusal, Reply, Request};
use slurmha_core::portal::script::too_long;
use slurmha_core::portal::template::template;
use slurmha_core::portal::text::sentence;
use tokio::time::timeout;

use super::link::NoAnswer;
use super::server::{Front, SignedIn, wants_json};
use super::sessions::Session;
use super::show::no_answer;
use crate::web::Lasting;
use crate::web::shares::{Full, Shares};

/// A script whose every byte needs three in a form, and the rest of it.
const BODY_BYTES: usize = 3 * LONGEST_SCRIPT + 16 * 1024;
/// What is read, and thrown away, of a longer one: a browser that still sends does
/// not read why it was refused.
const DRAINED_BYTES: usize = 64 << 20;
/// How long a submission may take: as long as a failover, and then some.
const LONGEST: Duration = Duration::from_secs(300);

/// An empty form.
pub async fn page(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Response {
    let id = query.as_deref().and_then(|query| query.strip_prefix("template=")).unwrap_or_default();
    let Some(token) = front.sessions.token() else {
        let text = "This machine gives no random numbers.";
        return front.say(StatusCode::SERVICE_UNAVAILABLE, "No form", text);
    };
    let (cluster, _) = tokio::join!(front.look.cluster(), front.look.queue());
    let form = template(id).form(&token, cluster.it.as_deref());
    let page = SubmitPage { form: &form, cluster: cluster.it.as_deref(), outcome: None };
    Html(submit_page(front.frame(&session), &page)).into_response()
}

/// Submits. The page's script gets its answer as JSON, a browser without one as
/// a page or as the way to the job.
pub async fn submit(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    Extension(lasting): Extension<Lasting>,
    request: HttpRequest,
) -> Response {
    let headers = request.headers().clone();
    let mut form = match form(&front, &session, request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    // Its body is here: from now on it may last.
    lasting.allow();
    let outcome = match form.submission() {
        Err(why) => Err((StatusCode::UNPROCESSABLE_ENTITY, Outcome::No(why))),
        Ok(submission) => {
            let answer = session.ask_within(Request::Submit(submission), LONGEST).await;
            became(answer)
        }
    };
    match outcome {
        Ok(job) if wants_json(&headers) => Json(json!({ "job": job })).into_response(),
        Ok(job) => Redirect::to(&format!("/jobs/{job}")).into_response(),
        Err((status, outcome)) => {
            if matches!(outcome, Outcome::Changed(_)) {
                // What it says now is a form of its own. One without a number is refused in words.
                form.token = front.sessions.token().unwrap_or_default();
            }
            if wants_json(&headers) {
                return (status, Json(as_json(&outcome, &form.token))).into_response();
            }
            again(&front, &session, &form, status, &outcome).await
        }
    }
}

/// The form, with what became of it.
async fn again(
    front: &Front,
    session: &Session,
    form: &Form,
    status: StatusCode,
    outcome: &Outcome,
) -> Response {
    let cluster = front.look.cluster().await;
    let page = SubmitPage { form, cluster: cluster.it.as_deref(), outcome: Some(outcome) };
    (status, Html(submit_page(front.frame(session), &page))).into_response()
}

type Became = Result<String, (StatusCode, Outcome)>;

fn became(answer: Result<Result<Reply, Refusal>, NoAnswer>) -> Became {
    let away = StatusCode::SERVICE_UNAVAILABLE;
    match answer {
        Ok(Ok(Reply::Submitted(job))) => Ok(job.to_string()),
        Ok(Ok(_)) => {
            let why = "The session gave another answer than was asked for.".to_owned();
            Err((StatusCode::INTERNAL_SERVER_ERROR, Outcome::No(why)))
        }
        Ok(Err(Refusal::No(why))) => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, Outcome::No(sentence(&why))))
        }
        Ok(Err(Refusal::SchedulerAway(why))) => Err((away, Outcome::Away(sentence(&why)))),
        Ok(Err(Refusal::AnswerLost(why))) => {
            Err((StatusCode::CONFLICT, Outcome::Lost(sentence(&why))))
        }
        Ok(Err(Refusal::Changed(job))) => {
            Err((StatusCode::CONFLICT, Outcome::Changed(job.to_string())))
        }
        // It may have been submitted, and the same token asks what became of it.
        Ok(Err(Refusal::UnderWay)) | Err(NoAnswer::Late) => {
            Err((StatusCode::CONFLICT, Outcome::UnderWay))
        }
        Err(NoAnswer::Ended) => {
            Err((StatusCode::UNAUTHORIZED, Outcome::No(no_answer(&NoAnswer::Ended))))
        }
        Err(NoAnswer::Busy) => Err((away, Outcome::Away(no_answer(&NoAnswer::Busy)))),
    }
}

/// `token` is the number that the form has from now on.
fn as_json(outcome: &Outcome, token: &str) -> serde_json::Value {
    match outcome {
        Outcome::No(why) => json!({ "no": why }),
        Outcome::Away(why) => json!({ "away": why }),
        Outcome::Lost(why) => json!({ "lost": why }),
        Outcome::UnderWay => json!({ "underway": true }),
        Outcome::Changed(job) => json!({ "changed": job, "token": token }),
    }
}

/// What was sent. At most a few are in memory at once, and few of them one user's: who
/// sends slowly leaves places to others.
async fn form(front: &Front, session: &Session, request: HttpRequest) -> Result<Form, Response> {
    let headers = request.headers().clone();
    let busy = |status, why: String| refused(front, &headers, status, &Outcome::Away(why));
    let _place = Shares::take(&front.uploads, &session.user).map_err(|full| {
        let why = match full {
            Full::All => "Too many submit at this moment.",
            Full::Own => "As many of your forms are still on their way as are allowed.",
        };
        busy(StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
    })?;
    let limit = front.waits.form;
    match timeout(limit, whole_form(front, &headers, request)).await {
        Ok(form) => form,
        Err(_) => {
            let why = format!("The form was not here within {} s.", limit.as_secs());
            Err(busy(StatusCode::REQUEST_TIMEOUT, why))
        }
    }
}

async fn whole_form(
    front: &Front,
    headers: &HeaderMap,
    request: HttpRequest,
) -> Result<Form, Response> {
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > BODY_BYTES) {
        drain(request.into_body()).await;
        return Err(longer(front, headers, length.unwrap_or(0)));
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_BYTES).await else {
        return Err(longer(front, headers, BODY_BYTES));
    };
    let request = HttpRequest::from_parts(parts, Body::from(bytes));
    // `FormRejection` is a sentence with a status of its own.
    let form = axum::extract::Form::<Form>::from_request(with_limit(request), &()).await;
    form.map(|axum::extract::Form(form)| form).map_err(axum::response::IntoResponse::into_response)
}

/// The limit was that of [`BODY_BYTES`], and not axum's usual one.
fn with_limit(mut request: HttpRequest) -> HttpRequest {
    use axum::extract::DefaultBodyLimit;
    DefaultBodyLimit::max(BODY_BYTES).apply(&mut request);
    request
}

/// Frame by frame, each forgotten before the next.
async fn drain(body: Body) {
    let mut frames = body.into_data_stream();
    let mut left = DRAINED_BYTES;
    while let Some(Ok(frame)) = frames.next().await {
        let frame: Bytes = frame;
        match left.checked_sub(frame.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn longer(front: &Front, headers: &HeaderMap, bytes: usize) -> Response {
    let outcome = Outcome::No(too_long(bytes));
    refused(front, headers, StatusCode::PAYLOAD_TOO_LARGE, &outcome)
}

fn refused(front: &Front, headers: &HeaderMap, status: StatusCode, outcome: &Outcome) -> Response {
    match outcome {
        _ if wants_json(headers) => (status, Json(as_json(outcome, ""))).into_response(),
        Outcome::No(why) | Outcome::Away(why) => front.say(status, "Nothing was submitted", why),
        Outcome::Lost(_) | Outcome::UnderWay | Outcome::Changed(_) => status.into_response(),
    }
}
