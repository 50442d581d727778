// SPDX-License-Identifier: Apache-2.0
//! Files beside pages, which are a part of the binary: no browser asks
//! another host for anything.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const ICON: &str = include_str!("icon.svg");

/// Kept for a minute by the browser: a new binary is seen soon.
const KEPT: &str = "private, max-age=60";

/// The sign of slurmha's pages.
pub async fn icon() -> impl IntoResponse {
    file("image/svg+xml", ICON)
}

/// A style sheet.
pub fn style(text: &'static str) -> impl IntoResponse {
    file("text/css; charset=utf-8", text)
}

/// A script.
pub fn script(text: &'static str) -> impl IntoResponse {
    file("text/javascript; charset=utf-8", text)
}

/// Any other.
pub fn file(kind: &'static str, text: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, KEPT)], text)
}
