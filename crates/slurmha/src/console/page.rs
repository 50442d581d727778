// SPDX-License-Identifier: Apache-2.0
//! The page and its files.

use axum::response::{Html, IntoResponse};

use crate::web::files;

const PAGE: &str = include_str!("page/console.html");
const LOGIN: &str = include_str!("page/login.html");
const STYLE: &str = concat!(include_str!("../web/base.css"), include_str!("page/console.css"));
const SCRIPT: &str = include_str!("page/console.js");

/// What shows the cluster.
pub fn page() -> impl IntoResponse {
    Html(PAGE)
}

/// Where one signs in; with what went wrong before.
pub fn login(message: &str) -> String {
    LOGIN.replace("<!--message-->", message)
}

pub async fn style() -> impl IntoResponse {
    files::style(STYLE)
}

pub async fn script() -> impl IntoResponse {
    files::script(SCRIPT)
}
