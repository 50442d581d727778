// SPDX-License-Identifier: Apache-2.0
//! Pages of users who mean harm, and golden files of the others.

use super::*;
use crate::portal::cluster::parse_sinfo;
use crate::portal::protocol::{JobDetails, Piece, Stream};
use crate::portal::queue::{parse_squeue, squeue_format};
use crate::portal::template::template;

const EVIL: &str = "</textarea><script>alert(1)</script>\" onload='x' \u{202e}\n";

fn frame() -> Frame<'static> {
    Frame { cluster: "saturn", user: Some("ann"), away: None, has_terminal: false }
}

fn is_harmless(page: &str) {
    assert!(
        !page.contains("<script>") && !page.contains("' onload") && !page.contains("\" onload")
    );
    assert!(!page.contains('\u{202e}') || page.contains("<textarea"), "turned writing");
    assert!(!page.contains("style="), "an inline style, which the policy refuses");
}

fn queue() -> crate::portal::queue::Queue {
    let word = "f00";
    assert!(squeue_format(word).starts_with("f00|%i|"));
    let text = format!(
        "{word}|42_[8-90%5]|ann|batch|PENDING|Resources|2026-11-28T21:00:00|0:00|1:00:00|2|8||sweep\n\
         {word}|41|ann|batch|RUNNING|None|2026-11-28T20:00:00|30:00|1:00:00|1|4|cn1|{EVIL}\n\
         {word}|40|bob|batch|RUNNING|None|2026-11-28T20:00:00|30:00|UNLIMITED|1|4|cn2|secret of bob\n"
    );
    parse_squeue(&text, word)
}

#[test]
fn jobs() {
    let queue = queue();
    let it = JobsPage {
        jobs: Some(queue.of("ann")),
        all_waiting: queue.waiting,
        age_s: None,
        ended: Ok(&[]),
        from: 0,
    };
    let page = jobs_page(frame(), &it);
    is_harmless(&page);
    assert!(!page.contains("secret of bob"));
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn a_scheduler_that_is_away_is_said_with_what_is_known() {
    let away = |since_s| Frame { away: Some(Away { since_s }), ..frame() };
    let page = cluster_page(away(Some(12)), None, Some(12));
    assert!(
        page.contains(
            "does not answer<span class=\"since\" aria-hidden=\"true\">, for 12 s now</span>."
        ),
        "{page}"
    );
    assert!(cluster_page(away(None), None, None).contains("The scheduler does not answer.<"));
    assert!(!cluster_page(frame(), None, None).contains("does not answer"));
}

#[test]
fn job() {
    let details = JobDetails {
        job: "41".parse().expect("a job"),
        name: EVIL.to_owned(),
        state: "RUNNING".to_owned(),
        reason: Some("Sulking <b>".to_owned()),
        partition: "batch".to_owned(),
        nodes: "cn1".to_owned(),
        submitted: None,
        begins: None,
        ends: None,
        restarts: 1,
        exit: Some("0:0".to_owned()),
        output_file: Some(format!("/home/ann/{EVIL}")),
        errors_file: None,
    };
    let piece = Piece { from: 7, text: EVIL.to_owned(), next: 90, size: Some(90) };
    let written = [Written { stream: Stream::Output, piece: Ok(piece) }];
    let it = JobPage {
        job: details.job,
        details: Ok(&details),
        age_s: None,
        written: &written,
        message: None,
    };
    let page = job_page(frame(), &it);
    let old = JobPage { age_s: Some(12), ..it };
    assert!(!page.contains("As of") && job_page(frame(), &old).contains("As of 12 s ago."));
    assert!(!page.contains("<script>") && !page.contains("style="));
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn the_form_keeps_what_was_typed() {
    let cluster = parse_sinfo("batch*|up|1-00:00:00|cn1|idle|4|7900|none\n");
    let mut form = template("mpi").form("AAAAAAAAAAAAAAAAAAAAAA", Some(&cluster));
    form.name = EVIL.to_owned();
    form.partition = EVIL.to_owned();
    let lost = Outcome::Lost(EVIL.to_owned());
    let it = SubmitPage { form: &form, cluster: Some(&cluster), outcome: Some(&lost) };
    let page = submit_page(frame(), &it);
    is_harmless(&page);
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn nodes() {
    let cluster = parse_sinfo(&format!(
        "batch*|up|1-00:00:00|cn1|idle|4|7900|none\nbatch*|up|1-00:00:00|cn2|down*|4|7900|{}\n",
        EVIL.trim_end()
    ));
    let page = cluster_page(frame(), Some(&cluster), None);
    is_harmless(&page);
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

#[test]
fn signing_in() {
    let page = login_page(EVIL, EVIL, Some(EVIL));
    assert!(!page.contains("<script>") && !page.contains("' onload"));
    let page = message_page(frame(), EVIL, EVIL);
    assert!(!page.contains("<script>"));
}
