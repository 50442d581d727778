// SPDX-License-Identifier: Apache-2.0
//! What is known, again whenever it changes: server-sent events, a JSON
//! document each ([`View`]).
//!
//! Who asks for `/live` watches: as long as he does, the parts that move in a
//! failover are asked every second. `/live?calm` tells what is asked anyway,
//! and what happens as soon as DRBD notices it (`rouse.rs`).

use std::convert::Infallible;
use std::net::IpAddr;
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
use tokio::time::Instant;

use super::board::{Board, Present};
use crate::web::shares::{Full, Share, Shares};
use crate::web::{Lasting, Peer};

/// Those who listen from addresses that nobody expects: people with curl.
const SEATS: usize = 8;
/// From one address: a console that changes its pace is there twice, or more often, until
/// its old connections are known to be gone ([`BEAT_CALM`]).
const FROM_ONE: usize = 4;
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
    seats: Arc<Shares<IpAddr>>,
}

impl Audience {
    /// The consoles of the site have seats of their own.
    pub fn of(board: Arc<Board>, consoles: &[IpAddr]) -> Self {
        Self { board, seats: Shares::expecting(SEATS, FROM_ONE, consoles.to_vec()) }
    }
}

/// The answer to `/live`, which does not end.
pub async fn answer(
    State(audience): State<Audience>,
    Extension(lasting): Extension<Lasting>,
    Extension(Peer(from)): Extension<Peer>,
    RawQuery(query): RawQuery,
) -> Response {
    let seat = match Shares::take(&audience.seats, &from) {
        Ok(seat) => seat,
        Err(full) => return (StatusCode::SERVICE_UNAVAILABLE, no_seat(full, from)).into_response(),
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

fn no_seat(full: Full, from: IpAddr) -> String {
    match full {
        Full::All => format!("{SEATS} already listen, which is all that is allowed\n"),
        Full::Own => {
            format!("{FROM_ONE} already listen at {from}, which is all that one address may\n")
        }
    }
}

/// One who listens. He is told the newest, however slowly he reads: nothing
/// is kept for him.
struct Listener {
    _seat: Share<IpAddr>,
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
