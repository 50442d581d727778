// SPDX-License-Identifier: Apache-2.0
//! What is there to see: jobs, one job, its output, nodes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde_json::json;
use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::page::{JobPage, JobsPage, Written, cluster_page, job_page, jobs_page};
use slurmha_core::portal::protocol::{
    JobDetails, LONGEST_PIECE, Piece, Refusal, Reply, Request, Stream,
};
use slurmha_core::portal::text::sentence;
use tokio::time::Instant;

use super::link::NoAnswer;
use super::server::{Front, SignedIn};
use super::sessions::Session;

/// What is no answer to the question.
const ANOTHER: &str = "The session gave another answer than was asked for.";

/// The user's jobs.
pub async fn jobs(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    RawQuery(query): RawQuery,
) -> Response {
    let (queue, ended) = tokio::join!(front.look.queue(), session.ended(front.system.elapsed()));
    let from = query.as_deref().and_then(|query| query.strip_prefix("from=")?.parse().ok());
    let page = JobsPage {
        jobs: queue.it.as_deref().map(|queue| queue.of(&session.user)),
        all_waiting: queue.it.as_deref().map_or(0, |queue| queue.waiting),
        age_s: queue.age_s,
        ended: ended.as_deref().map_err(String::as_str),
        from: from.unwrap_or(0),
    };
    Html(jobs_page(front.frame(&session), &page)).into_response()
}

/// Partitions and nodes.
pub async fn nodes(State(front): State<Front>, SignedIn(session): SignedIn) -> Response {
    let (cluster, _) = tokio::join!(front.look.cluster(), front.look.queue());
    let frame = front.frame(&session);
    Html(cluster_page(frame, cluster.it.as_deref(), cluster.age_s)).into_response()
}

/// One job.
///
/// What does not come in time is left out: the page says so, and its script goes on from
/// there.
pub async fn job(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    headers: HeaderMap,
    Path(job): Path<String>,
) -> Response {
    let Ok(job) = job.parse::<JobRef>() else { return no_job(&front) };
    let end = Instant::now() + front.waits.page;
    let details = details(&session, job, front.waits.page / 2);
    let (details, _) = tokio::join!(details, front.look.queue());
    // The page's script reads what is written by itself.
    let written = match &details {
        _ if headers.contains_key("x-slurmha-look") => Vec::new(),
        Ok((details, _)) => written(&session, details, end).await,
        Err(_) => vec![written_in(&session, job, Stream::Output, end).await],
    };
    let page = JobPage {
        job,
        details: details.as_ref().map(|(details, _)| details).map_err(String::as_str),
        age_s: details.as_ref().map_or(None, |(_, age)| age.map(|age| age.as_secs())),
        written: &written,
        message: None,
    };
    Html(job_page(front.frame(&session), &page)).into_response()
}

/// A piece of what a job writes, for the page's script.
pub async fn output(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    Path(job): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let value = |name| {
        query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
    };
    let stream = match value("stream") {
        Some((_, "output")) => Stream::Output,
        Some((_, "errors")) => Stream::Errors,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let from = value("from").and_then(|(_, from)| from.parse().ok()).unwrap_or(0);
    let Ok(job) = job.parse::<JobRef>() else { return StatusCode::NOT_FOUND.into_response() };
    match piece(&session, job, stream, from, front.waits.page).await {
        Ok(piece) => Json(json!({
            "from": piece.from, "text": piece.text, "next": piece.next, "size": piece.size,
        }))
        .into_response(),
        Err(why) => Json(json!({ "why": why })).into_response(),
    }
}

/// Cancels a job; the page asked before.
pub async fn cancel(
    State(front): State<Front>,
    SignedIn(session): SignedIn,
    Path(job): Path<String>,
) -> Response {
    let Ok(job) = job.parse::<JobRef>() else { return no_job(&front) };
    let not = |status, why: &str| front.say(status, &format!("Job {job} was not cancelled"), why);
    match session.cancel(job).await {
        Ok(Ok(_)) => Redirect::to(&format!("/jobs/{job}")).into_response(),
        Ok(Err(refusal)) => {
            let (status, why) = said(refusal);
            not(status, &why)
        }
        // Then it was not even asked for.
        Err(NoAnswer::Busy) => not(StatusCode::SERVICE_UNAVAILABLE, &no_answer(&NoAnswer::Busy)),
        Err(error) => front.say(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("Whether job {job} was cancelled is not known"),
            &format!(
                "{} Its page says how it is; cancelling it again does no harm.",
                no_answer(&error)
            ),
        ),
    }
}

/// With its age, where it is what Slurm said before.
async fn details(
    session: &Arc<Session>,
    job: JobRef,
    limit: Duration,
) -> Result<(JobDetails, Option<Duration>), String> {
    let (why, may_come) = match session.look(&Request::Job(job), limit).await {
        Ok(Ok(Reply::Job(details))) => return Ok((*details, None)),
        Ok(Ok(_)) => (ANOTHER.to_owned(), false),
        Ok(Err(refusal)) => {
            let may_come = matches!(refusal, Refusal::SchedulerAway(_));
            (said(refusal).1, may_come)
        }
        Err(error) => (not_shown(&error), error != NoAnswer::Ended),
    };
    let before = if may_come { session.last_seen(job) } else { None };
    before.map(|(age, details)| (details, Some(age))).ok_or(why)
}

/// The end of each of its files.
async fn written(session: &Arc<Session>, details: &JobDetails, end: Instant) -> Vec<Written> {
    let output = written_in(session, details.job, Stream::Output, end);
    if details.errors_file.is_none() {
        return vec![output.await];
    }
    let errors = written_in(session, details.job, Stream::Errors, end);
    let (output, errors) = tokio::join!(output, errors);
    vec![output, errors]
}

async fn written_in(session: &Arc<Session>, job: JobRef, stream: Stream, end: Instant) -> Written {
    let piece = async |from| {
        let left = end.saturating_duration_since(Instant::now());
        piece(session, job, stream, from, left).await
    };
    let longest = u64::try_from(LONGEST_PIECE).unwrap_or(u64::MAX);
    let piece = match piece(0).await {
        Ok(Piece { size: Some(size), next, .. }) if size > next => {
            piece(size.saturating_sub(longest)).await
        }
        first => first,
    };
    Written { stream, piece }
}

async fn piece(
    session: &Arc<Session>,
    job: JobRef,
    stream: Stream,
    from: u64,
    limit: Duration,
) -> Result<Piece, String> {
    match session.look(&Request::Output { job, stream, from }, limit).await {
        Ok(Ok(Reply::Output(piece))) => Ok(piece),
        Ok(Ok(_)) => Err(ANOTHER.to_owned()),
        Ok(Err(refusal)) => Err(said(refusal).1),
        Err(error) => Err(not_shown(&error)),
    }
}

fn no_job(front: &Front) -> Response {
    let text = "A job is a number such as 42, or 42_7 for a task of an array.";
    front.say(StatusCode::NOT_FOUND, "There is no such job", text)
}

/// A refusal of something that is no submission.
fn said(refusal: Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::No(why) => (StatusCode::UNPROCESSABLE_ENTITY, sentence(&why)),
        Refusal::SchedulerAway(why) | Refusal::AnswerLost(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, sentence(&why))
        }
        Refusal::Changed(job) => {
            (StatusCode::CONFLICT, format!("It has become job {job} already."))
        }
        Refusal::UnderWay => (StatusCode::CONFLICT, "It is under way.".to_owned()),
    }
}

/// Why something is not shown.
fn not_shown(error: &NoAnswer) -> String {
    match error {
        NoAnswer::Late => "Not known yet: Slurm has not answered so far, and may be moving to the \
                           other controller. It is shown here as soon as it is known, or when you \
                           load the page again."
            .to_owned(),
        other => no_answer(other),
    }
}

/// Why there is no answer, in a sentence.
pub fn no_answer(error: &NoAnswer) -> String {
    match error {
        NoAnswer::Ended => "Your session has ended: sign in again.",
        NoAnswer::Late => "There was no answer in time.",
        NoAnswer::Busy => "Too much is asked for at once in this session. Try again.",
    }
    .to_owned()
}
