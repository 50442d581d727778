// SPDX-License-Identifier: Apache-2.0
//! What is known, again whenever it changes: server-sent events, a JSON
//! document each ([`View`]).
//!
//! Who asks for `/live` watches: as long as he does, the parts that move in a
//! failover are asked every second. `/live?calm` tells what is asked anyway,
//! and what happens as soon as DRBD notices it (`rouse.rs`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use futures_util::stream;
use slurmha_core::console::View;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::board::{Board, Present};
use crate::web::Lasting;

/// Consoles at once: three machines of a site, each twice for a moment, and a
/// person with curl.
const SEATS: usize = 8;
/// How soon a change is told.
const LOOK: Duration = Duration::from_millis(250);
/// Between two signs of life to one who watches.
pub const BEAT_WATCHING: Duration = Duration::from_secs(2);
/// The same to a calm one.
pub const BEAT_CALM: Duration = Duration::from_secs(10);

/// Who may listen.
#[derive(Clone)]
pub struct Audience {
    board: Arc<Board>,
    seats: Arc<Semaphore>,
}

impl Audience {
    pub fn of(board: Arc<Board>) -> Self {
        Self { board, seats: Arc::new(Semaphore::new(SEATS)) }
    }
}

/// The answer to `/live`, which does not end.
pub async fn answer(
    State(audience): State<Audience>,
    Extension(lasting): Extension<Lasting>,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(seat) = Arc::clone(&audience.seats).try_acquire_owned() else {
        let why = format!("{SEATS} already listen, which is all that is allowed\n");
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    lasting.allow();
    let is_calm = query.as_deref() == Some("calm");
    let listener = Listener {
        _seat: seat,
        _listening: Board::listen(&audience.board),
        _watching: (!is_calm).then(|| Board::watch(&audience.board)),
        beat: if is_calm { BEAT_CALM } else { BEAT_WATCHING },
        board: audience.board,
        told: None,
    };
    let told = stream::unfold(listener, Listener::next).map(Ok::<_, Infallible>);
    Sse::new(told).into_response()
}

/// One who listens. He is told the newest, however slowly he reads: nothing
/// is kept for him.
struct Listener {
    _seat: OwnedSemaphorePermit,
    _listening: Present,
    _watching: Option<Present>,
    board: Arc<Board>,
    beat: Duration,
    told: Option<(View, Instant)>,
}

impl Listener {
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            let view = self.board.view();
            let is_news = self
                .told
                .as_ref()
                .is_none_or(|(told, at)| at.elapsed() >= self.beat || !told.tells_the_same(&view));
            if is_news {
                let event = Event::default().json_data(&view).ok()?;
                self.told = Some((view, Instant::now()));
                return Some((event, self));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
