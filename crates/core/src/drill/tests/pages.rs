// SPDX-License-Identifier: Apache-2.0
//! The report as text, as a page and as JSON.

use super::made_up::{self, at, evidence, job, message};
use crate::drill::*;
use crate::observe::Reading;

/// A drill in slurmha's lab, judged again (probes thinned out, journal without
/// slurmctld's own messages). The first start of slurmctld failed, hence its
/// long phase.
#[test]
fn a_real_drill_is_judged_again() {
    let text = include_str!("../../../tests/fixtures/drill/power-loss-lab.json");
    let evidence: Evidence = serde_json::from_str(text).unwrap();
    insta::assert_snapshot!(render_text(&analyse(&evidence)));
}

#[test]
fn the_report_as_text() {
    insta::assert_snapshot!(render_text(&analyse(&made_up::eventful())));
}

#[test]
fn the_report_as_html() {
    let seen = made_up::eventful();
    // An element a line, so that a change can be read.
    insta::assert_snapshot!(render_html(&analyse(&seen), &seen).replace("><", ">\n<"));
}

/// Jobs are named by users, and a log line may quote anything.
#[test]
fn nothing_that_was_seen_becomes_part_of_the_page() {
    let hostile = "<script src=//evil></script>\"'&";
    let mut seen = made_up::eventful();
    seen.submissions[0].name = hostile.to_owned();
    seen.troubles.push(hostile.to_owned());
    let Reading::Known(journal) = &mut seen.journal else { panic!() };
    journal.push(message(1.0, hostile, hostile));
    let page = render_html(&analyse(&seen), &seen);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.matches("&lt;script src=//evil").count() >= 4, "{page}");
    assert!(page.contains("default-src 'none'"), "nothing is loaded from anywhere");
}

#[test]
fn a_drill_of_which_little_is_known_has_a_page() {
    let mut seen = evidence(Vec::new());
    seen.journal = Reading::Unknown("no route to host".to_owned());
    seen.samples.clear();
    seen.probes.clear();
    let page = render_html(&analyse(&seen), &seen);
    assert!(page.contains("no route to host") && !page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_failed_report_as_text() {
    let mut seen = evidence(vec![job(1, -10.0)]);
    seen.probes.retain(|probe| probe.sent < at(0.0));
    seen.journal = Reading::Known(Vec::new());
    seen.aftermath = Aftermath {
        powered_on: true,
        rejoined_after_s: None,
        lacking: vec!["DRBD on ctl1 is Inconsistent".to_owned()],
        kept_down: false,
    };
    seen.troubles.push("the samples of ctl1 ended early".to_owned());
    insta::assert_snapshot!(render_text(&analyse(&seen)));
}

#[test]
fn the_report_as_json() {
    insta::assert_json_snapshot!(analyse(&made_up::eventful()));
}
