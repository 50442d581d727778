// SPDX-License-Identifier: Apache-2.0
//! The pages' files.

use axum::response::IntoResponse;

use crate::web::files;

const STYLE: &str = concat!(include_str!("../../web/base.css"), include_str!("page/portal.css"));
const SCRIPT: &str = include_str!("page/portal.js");
const TERMINAL: &str = include_str!("page/terminal.js");

pub async fn style() -> impl IntoResponse {
    files::style(STYLE)
}

pub async fn script() -> impl IntoResponse {
    files::script(SCRIPT)
}

pub async fn terminal() -> impl IntoResponse {
    files::script(TERMINAL)
}
