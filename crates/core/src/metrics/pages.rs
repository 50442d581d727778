// SPDX-License-Identifier: Apache-2.0
//! Pages for browsers, on a machine that has some.

use std::time::Duration;

use jiff::Timestamp;

use super::family::Family;
use super::text;
use crate::observe::Reading;

/// What a machine knows of its pages.
#[derive(Clone, Debug, Default)]
pub struct PagesAnswer {
    /// The portal; `None` where it does not belong.
    pub portal: Option<PortalAnswer>,
    /// The console; `None` where it does not belong.
    pub console: Option<PageAnswer>,
}

/// What a machine knows of its portal.
#[derive(Clone, Debug, Default)]
pub struct PortalAnswer {
    /// Its sign-in page.
    pub page: PageAnswer,
    /// Whether users' sessions can start.
    pub has_sessions: Reading<bool>,
}

/// How a page answered.
#[derive(Clone, Debug, Default)]
pub struct PageAnswer {
    /// After how long; `None` when it did not in time.
    pub after: Option<Duration>,
    /// When the certificate that it showed is no longer valid; `None` when it showed
    /// none that can be read.
    pub expires: Option<Timestamp>,
}

/// Metrics of a machine's pages, as text in Prometheus' exposition format.
pub fn pages_exposition(answer: &PagesAnswer) -> String {
    text::encode(pages_families(answer))
}

/// Every metric of a machine's pages.
pub fn pages_families(answer: &PagesAnswer) -> Vec<Family> {
    let mut all = Vec::new();
    if let Some(portal) = &answer.portal {
        all.extend([
            Family::gauge("slurmha_portal_up", "Whether the portal's sign-in page answers.")
                .of(portal.page.after.is_some()),
            Family::gauge("slurmha_portal_answer_seconds", "How long that took.")
                .of(portal.page.after),
            Family::gauge("slurmha_portal_sessions_up", "Whether users' sessions can start.")
                .of(portal.has_sessions.known().copied()),
        ]);
    }
    if let Some(console) = &answer.console {
        all.extend([
            Family::gauge("slurmha_console_up", "Whether the console's sign-in page answers.")
                .of(console.after.is_some()),
            Family::gauge("slurmha_console_answer_seconds", "How long that took.")
                .of(console.after),
        ]);
    }
    let portal = answer.portal.as_ref().map(|portal| ("portal", portal.page.expires));
    let console = answer.console.as_ref().map(|console| ("console", console.expires));
    let certificates = Family::gauge(
        "slurmha_page_certificate_expiry_timestamp_seconds",
        "When the certificate that the page shows is no longer valid.",
    );
    let pages = portal.into_iter().chain(console);
    all.push(pages.fold(certificates, |all, (page, at)| all.with(&[("page", page)], at)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_answer() {
        let answers = |ms, expires| PageAnswer {
            after: Some(Duration::from_millis(ms)),
            expires: Timestamp::from_second(expires).ok(),
        };
        let page = answers(12, 1_800_000_000);
        let portal = PortalAnswer { page, has_sessions: Reading::Known(true) };
        let console = Some(answers(250, 67_090_118_400));
        let answer = PagesAnswer { portal: Some(portal), console };
        insta::assert_snapshot!(pages_exposition(&answer));
    }

    /// No answer is an answer: the page is down. What could not be read is not.
    #[test]
    fn pages_that_do_not_are_down_and_their_series_stay() {
        let portal = PortalAnswer {
            has_sessions: Reading::Unknown("no /proc".to_owned()),
            ..PortalAnswer::default()
        };
        let answer = PagesAnswer { portal: Some(portal), console: Some(PageAnswer::default()) };
        let text = pages_exposition(&answer);
        for line in [
            "slurmha_portal_up 0.0",
            "slurmha_portal_answer_seconds NaN",
            "slurmha_portal_sessions_up NaN",
            "slurmha_console_up 0.0",
            "slurmha_console_answer_seconds NaN",
            "slurmha_page_certificate_expiry_timestamp_seconds{page=\"portal\"} NaN",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in:\n{text}");
        }
    }

    #[test]
    fn what_does_not_belong_here_has_no_series() {
        let console = Some(PageAnswer::default());
        let text = pages_exposition(&PagesAnswer { portal: None, console });
        assert!(!text.contains("portal") && text.contains("slurmha_console_up"), "{text}");
    }
}
