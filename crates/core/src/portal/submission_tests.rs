// SPDX-License-Identifier: Apache-2.0
//! Every way that a submission can take.

use super::*;

const JOB: JobRef = JobRef { id: 42, task: None };

/// A token is the same text everywhere.
fn token() -> Token {
    Token::parse("AbCdEfGhIjKlMnOpQrSt-_").expect("a token")
}

/// What happens from a record on, with what sbatch and Slurm answer in turn.
fn course(record: Record, again: bool, sent: &[Sent], found: &[Found]) -> (End, String) {
    let (mut course, mut step) = Course::begin(record, again);
    let (mut sent, mut found) = (sent.iter(), found.iter());
    let mut trace = String::new();
    loop {
        step = match step {
            Step::Send => {
                trace.push('s');
                course.sent(sent.next().expect("one submission too many").clone())
            }
            Step::Ask { .. } => {
                trace.push('a');
                course.asked(found.next().expect("one question too many").clone())
            }
            Step::End(end) => return (end, trace),
        };
    }
}

fn words(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_new_submission_is_sent_and_is_a_job() {
    let (end, trace) = course(Record::New, false, &[Sent::Accepted(JOB)], &[]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "s"));
}

#[test]
fn a_job_that_is_known_is_told_and_nothing_is_done() {
    for again in [false, true] {
        let (end, trace) = course(Record::Job(JOB), again, &[], &[]);
        assert_eq!((end, trace.as_str()), (End::Job(JOB), ""));
    }
}

#[test]
fn a_refusal_leaves_no_record() {
    let (end, _) = course(Record::New, false, &[Sent::Refused(words("no"))], &[]);
    assert_eq!(end, End::Forget(Refusal::No(words("no"))));
    let (end, _) = course(Record::New, false, &[Sent::NotReached(words("away"))], &[]);
    assert_eq!(end, End::Forget(Refusal::SchedulerAway(words("away"))));
}

#[test]
fn a_lost_answer_is_looked_for_twice() {
    let lost = [Sent::Unclear(words("timed out"))];
    let (end, trace) = course(Record::New, false, &lost, &[Found::Job(JOB)]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "sa"));
    let (end, trace) = course(Record::New, false, &lost, &[Found::None, Found::Job(JOB)]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "saa"));
    let (end, trace) = course(Record::New, false, &lost, &[Found::None, Found::None]);
    let asked = End::Keep(Refusal::AnswerLost(words("timed out")));
    assert_eq!((end, trace.as_str()), (asked, "saa"));
}

#[test]
fn while_slurm_cannot_tell_nothing_is_sent() {
    let away = [Found::CannotTell(words("nobody there"))];
    for again in [false, true] {
        let (end, trace) = course(Record::Sending(7), again, &[], &away);
        assert!(matches!(end, End::Keep(Refusal::SchedulerAway(_))), "{end:?}");
        assert_eq!(trace, "a");
    }
    let (end, trace) = course(Record::New, false, &[Sent::Unclear(words("x"))], &away);
    assert!(matches!(end, End::Keep(Refusal::SchedulerAway(_))), "{end:?}");
    assert_eq!(trace, "sa");
}

#[test]
fn a_second_attempt_is_the_users_alone() {
    let (end, trace) = course(Record::Sending(7), false, &[], &[Found::None, Found::None]);
    assert!(matches!(end, End::Keep(Refusal::AnswerLost(_))), "{end:?}");
    assert_eq!(trace, "aa");
    let sent = [Sent::Accepted(JOB)];
    let (end, trace) = course(Record::Sending(7), true, &sent, &[Found::None]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "as"));
    let (end, trace) = course(Record::Sending(7), true, &[], &[Found::Job(JOB)]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "a"), "the first has shown up");
}

/// Two hosts behind one name, of which the first has died with its records.
#[test]
fn a_form_of_another_host_is_asked_about_before_it_is_sent() {
    let here = host_mark("login1");
    let parsed =
        |host: &str| Token::parse(&Token::made(host, &[0; TOKEN_RANDOM])).expect("a token");
    let known = |host: &str, record: Record| record.seen_from(&here, &parsed(host));
    assert_eq!(known("login1", Record::New), Record::New);
    assert_eq!(known("login2", Record::New), Record::Elsewhere);
    assert_eq!(known("login2", Record::Sending(7)), Record::Sending(7));
    assert_eq!(known("login2", Record::Job(JOB)), Record::Job(JOB));

    let (end, trace) = course(Record::Elsewhere, false, &[], &[Found::Job(JOB)]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "a"));
    let (end, trace) = course(Record::Elsewhere, false, &[], &[Found::None, Found::None]);
    assert!(matches!(end, End::Keep(Refusal::AnswerLost(why)) if why.contains("another host")));
    assert_eq!(trace, "aa");
    let sent = [Sent::Accepted(JOB)];
    let (end, trace) = course(Record::Elsewhere, true, &sent, &[Found::None]);
    assert_eq!((end, trace.as_str()), (End::Job(JOB), "as"));
}

#[test]
fn a_second_attempt_is_one_attempt() {
    let sent = [Sent::Unclear(words("again"))];
    let (end, trace) =
        course(Record::Sending(7), true, &sent, &[Found::None, Found::None, Found::None]);
    assert_eq!(end, End::Keep(Refusal::AnswerLost(words("again"))));
    assert_eq!(trace, "asaa");
}

/// The first attempt may still be a job when the second is refused.
#[test]
fn the_record_of_a_lost_answer_outlives_a_refusal() {
    for (sent, refusal) in [
        (Sent::Refused(words("no")), Refusal::No(words("no"))),
        (Sent::NotReached(words("away")), Refusal::SchedulerAway(words("away"))),
    ] {
        let (end, _) = course(Record::Sending(7), true, &[sent], &[Found::None]);
        assert_eq!(end, End::Keep(refusal));
    }
}

#[test]
fn a_record_is_read_however_it_broke_off() {
    let sending = serde_json::to_string(&Line::Sending(1_790_000_000)).unwrap();
    let job = serde_json::to_string(&Line::Job(JOB)).unwrap();
    assert_eq!((sending.as_str(), job.as_str()), (r#"{"sending":1790000000}"#, r#"{"job":"42"}"#));
    assert_eq!(Record::parse(""), Record::New);
    assert_eq!(Record::parse(&format!("{sending}\n")), Record::Sending(1_790_000_000));
    assert_eq!(Record::parse(&format!("{sending}\n{job}\n")), Record::Job(JOB));
    assert_eq!(Record::parse(&format!("{sending}\n{sending}\n{job}\n")), Record::Job(JOB));
    for length in 1..sending.len() {
        assert_eq!(Record::parse(&sending[..length]), Record::Sending(0), "{length}");
    }
    let half = format!("{sending}\n{}", &job[..job.len() - 1]);
    assert_eq!(Record::parse(&half), Record::Sending(1_790_000_000));
    assert_eq!(Record::parse("\0\0\0\0"), Record::Sending(0));
}

#[test]
fn a_token_is_22_plain_characters() {
    assert!(Token::parse("AbCdEfGhIjKlMnOpQrSt-_").is_some());
    for text in [
        "",
        "AbCdEfGhIjKlMnOpQrSt-",
        "AbCdEfGhIjKlMnOpQrSt-_x",
        "../../../../etc/passwd",
        "AbCdEfGhIjKlMnOpQrSt+/",
        "AbCdEfGhIjKlMnOpQrSt\n_",
        "AbCdEfGhIjKlMnOpQrSt ü",
    ] {
        assert_eq!(Token::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_job_is_found_by_its_comment() {
    let comment = token().comment();
    let listing = format!("7 (null)\n41 slurmha-portal:xyz\n42 {comment}\n43 {comment}\n");
    assert_eq!(token().find(&listing, ' '), Some(JOB));
    let listing = format!("40|\n42_3|site: {comment}; more|\n");
    assert_eq!(token().find(&listing, '|'), Some(JOB), "an array, and a plugin's words");
    assert_eq!(token().find("42 slurmha-portal:\nx\n", ' '), None);
}
