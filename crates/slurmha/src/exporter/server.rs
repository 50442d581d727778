// SPDX-License-Identifier: Apache-2.0
//! Answers Prometheus and consoles.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use slurmha_core::metrics;
use slurmha_core::site::Site;

use super::board::Board;
use super::live::{self, Audience};
use crate::web::{self, Bounds};

const HOME: &str = "slurmha: the <a href=\"/metrics\">metrics</a> of this controller\n";

/// Answers for as long as this process lives.
///
/// # Errors
/// When the system refuses what a server needs before the first connection.
pub fn serve(listener: TcpListener, board: Arc<Board>) -> io::Result<()> {
    let expected = expected(&board.site);
    let pages = pages(board, &expected);
    web::runtime()?.block_on(web::serve_within(Bounds::PROGRAMS, expected, listener, pages, None))
}

/// Where Prometheus and consoles are: whatever strangers do, these get in.
pub fn expected(site: &Site) -> Vec<IpAddr> {
    let monitoring = site.monitoring.iter().flat_map(|monitoring| &monitoring.hosts);
    let controllers = site.controllers.iter().map(|controller| controller.address);
    controllers.chain(monitoring.map(|host| host.address)).map(IpAddr::V4).collect()
}

fn pages(board: Arc<Board>, expected: &[IpAddr]) -> Router {
    let audience = Audience::of(Arc::clone(&board), expected);
    Router::new()
        .route("/", get(async || Html(HOME)))
        .route("/metrics", get(metrics_of))
        .with_state(board)
        .route("/live", get(live::answer).with_state(audience))
}

async fn metrics_of(State(board): State<Arc<Board>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], board.text())
}
