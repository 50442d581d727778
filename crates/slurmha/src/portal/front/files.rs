// SPDX-License-Identifier: Apache-2.0
//! The pages' files, which are a part of the binary: no browser asks another
//! host for anything.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const STYLE: &str = concat!(include_str!("../../web/base.css"), include_str!("page/portal.css"));
const SCRIPT: &str = include_str!("page/portal.js");
const ICON: &str = include_str!("../../web/icon.svg");

/// Kept for a minute by the browser: a new binary is seen soon.
const KEPT: &str = "private, max-age=60";

pub async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", STYLE)
}

pub async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

pub async fn icon() -> impl IntoResponse {
    file("image/svg+xml", ICON)
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, KEPT)], text)
}
