// SPDX-License-Identifier: Apache-2.0
//! Where one signs in.

use maud::html;

use super::frame::document;

/// The page, with what went wrong before, and where to go afterwards.
pub fn login_page(cluster: &str, message: &str, then: Option<&str>) -> String {
    let content = html! {
        main {
            form method="post" action="/login" {
                h1 { (cluster) }
                p.told { "Sign in as on the login nodes." }
                p.wrong role="alert" { (message) }
                @if let Some(then) = then { input type="hidden" name="then" value=(then); }
                label {
                    "User "
                    input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required autofocus;
                }
                label {
                    "Password "
                    input name="password" type="password" autocomplete="current-password" maxlength="512" required;
                }
                button { "Sign in" }
            }
        }
    };
    document(cluster, "sign in", None, "login", &content)
}
