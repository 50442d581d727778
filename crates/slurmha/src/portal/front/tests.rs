// SPDX-License-Identifier: Apache-2.0
//! The front over a real socket with TLS; sessions, and Slurm's programs, are
//! made up.

mod link;
mod machine;
mod session;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use slurmha_core::portal::protocol::{LONGEST_SCRIPT, Refusal, Reply, Request, SignIn};

use self::machine::Machine;
use self::session::SessionSide;
use super::sessions::Attempt;
use super::{Front, Lookout, Sessions, Waits, pages};
use crate::web::shares::Shares;
use crate::web::test_browser::{Answer, Browser};
use crate::web::{self, Bounds, Encryption, Peer};

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAA";

struct Portal {
    _directory: tempfile::TempDir,
    machine: Machine,
    side: SessionSide,
    browser: Browser,
}

fn portal() -> Portal {
    portal_that(Waits::USUAL)
}

fn portal_that(waits: Waits) -> Portal {
    let directory = tempfile::tempdir().expect("a directory");
    let side = SessionSide::at(&directory.path().join("session.sock"));
    let machine = Machine::new();
    let address = served(directory.path(), &machine, side.path(), waits);
    Portal { _directory: directory, machine, side, browser: Browser::at(address) }
}

fn served(
    directory: &std::path::Path,
    machine: &Machine,
    socket: &std::path::Path,
    waits: Waits,
) -> SocketAddr {
    let system: Arc<dyn slurmha_host::System + Send + Sync> = Arc::new(machine.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let encryption = Encryption::own(directory, "portal", &["login1".to_owned()], &[address.ip()])
        .expect("a certificate");
    let front = Front {
        cluster: "saturn".into(),
        system: Arc::clone(&system),
        sessions: Arc::new(Sessions::new(Arc::clone(&system), socket.to_owned())),
        look: Lookout::new(system),
        xterm: None,
        uploads: Shares::new(4, 2),
        waits,
    };
    thread::spawn(move || {
        web::runtime().expect("a runtime").block_on(web::serve_within(
            Bounds::FILES,
            Vec::new(),
            listener,
            pages(front),
            Some(encryption.acceptor),
        ))
    });
    address
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

impl Portal {
    fn signed_in(&self, user: &str) -> Browser {
        let answer = self.browser.sign_in(user, "right");
        assert_eq!(answer.status, 303, "{}", answer.body);
        self.browser.with_cookie(&cookie(&answer))
    }
}

fn form(script: &str) -> String {
    format!("token={TOKEN}&script={}", script.replace(' ', "+").replace('\n', "%0D%0A"))
}

#[test]
fn who_has_not_signed_in_sees_nothing() {
    let portal = portal();
    for (path, to) in [
        ("/", "/login"),
        ("/submit", "/login?then=submit"),
        ("/nodes", "/login?then=nodes"),
        ("/jobs/42", "/login"),
    ] {
        let answer = portal.browser.get(path);
        assert_eq!((answer.status, answer.header("location")), (303, Some(to)), "{path}");
    }
    for path in ["/submit", "/jobs/42/cancel"] {
        assert_eq!(portal.browser.post(path, &form("#!/bin/sh")).status, 401, "{path}");
    }
    let forged = portal.browser.with_cookie("__Host-slurmha-portal=AAAA");
    assert_eq!(forged.get("/").status, 303);
    assert_eq!(portal.machine.runs("squeue"), 0);
    assert!(portal.side.asked().is_empty());
    for path in ["/nothing", "/../etc/passwd", "/jobs", "/portal.js/"] {
        assert_eq!(portal.browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn one_signs_in_and_out() {
    let portal = portal();
    for (user, password, status) in
        [("ann", "wrong", 401), ("root", "right", 401), ("", "right", 401), ("odd", "right", 429)]
    {
        let answer = portal.browser.sign_in(user, password);
        assert_eq!((answer.status, answer.header("set-cookie")), (status, None), "{user}");
    }
    let answer = portal.browser.post("/login", "user=ann&password=right&then=submit");
    assert_eq!(answer.header("location"), Some("/submit"));
    let rules = answer.header("set-cookie").expect("a cookie").to_owned();
    for rule in
        ["__Host-slurmha-portal=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"]
    {
        assert!(rules.contains(rule), "{rule} in {rules}");
    }
    let evil = portal.browser.post("/login", "user=ann&password=right&then=//evil.example");
    assert_eq!(evil.header("location"), Some("/"));

    let inside = portal.browser.with_cookie(&cookie(&answer));
    assert!(inside.get("/").body.contains("None of your jobs waits"));
    assert_eq!(inside.post("/logout", "").status, 303);
    assert_eq!(inside.get("/").status, 303);
    portal.side.wait_for_ends(1);
}

/// Its process would be there for as long as Slurm's clients try.
#[test]
fn who_signs_out_ends_what_is_under_way() {
    let portal = portal_that(Waits { page: Duration::from_millis(50), ..Waits::USUAL });
    let inside = portal.signed_in("ann");
    portal.side.holds();
    inside.get("/jobs/42");
    assert_eq!(inside.post("/logout", "").status, 303);
    portal.side.wait_for_ends(1);
}

/// Guessing would cost nothing otherwise: who hangs up does not wait.
#[test]
fn who_hangs_up_before_the_answer_has_tried_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let side = SessionSide::at(&directory.path().join("session.sock"));
    let system = Arc::new(Machine::new());
    let sessions = Arc::new(Sessions::new(system, side.path().to_owned()));
    let given = |password: &str| SignIn { user: "ann".to_owned(), password: password.to_owned() };
    let from = |host: u8| Peer([10, 0, 0, host].into());
    web::runtime().expect("a runtime").block_on(async {
        for (host, password) in [(1, "right"), (2, "wrong"), (3, "wrong"), (4, "wrong")] {
            // Looked at once, which begins it, and given up.
            let gone = sessions.attempt(from(host), given(password)).now_or_never();
            assert!(gone.is_none(), "there was no time for an answer");
            while Arc::strong_count(&sessions) > 1 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let told = sessions.attempt(from(5), given("right")).await;
        assert!(matches!(told, Attempt::Wait(why) if why.contains("Too many wrong passwords")));
    });
    // The one with the right password, of which nobody has the cookie.
    side.wait_for_ends(1);
    assert_eq!(side.admissions(), 4);
}

/// Two addresses would keep everybody out otherwise.
#[test]
fn who_guesses_leaves_turns_to_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let side = SessionSide::at(&directory.path().join("session.sock"));
    let system = Arc::new(Machine::new());
    let sessions = Arc::new(Sessions::new(system, side.path().to_owned()));
    let from = |host: u8| Peer([10, 0, 0, host].into());
    let given = |user: &str, password: &str| SignIn {
        user: user.to_owned(),
        password: password.to_owned(),
    };
    web::runtime().expect("a runtime").block_on(async {
        for (host, user) in [(1, "a"), (1, "b"), (2, "c"), (2, "d")] {
            let begun = sessions.attempt(from(host), given(user, "wrong")).now_or_never();
            assert!(begun.is_none(), "there was no time for an answer");
        }
        tokio::task::yield_now().await;
        let third = sessions.attempt(from(1), given("e", "right")).await;
        assert!(matches!(third, Attempt::Wait(_)), "of one address only two");
        let told = sessions.attempt(from(3), given("ann", "right")).await;
        assert!(matches!(told, Attempt::In(_)));
    });
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    for path in ["/login", "/logout", "/submit", "/jobs/42/cancel"] {
        for origin in [Some("https://evil.example"), Some("null"), None] {
            assert_eq!(inside.post_from(path, &form("#!/bin/sh"), origin).status, 403, "{path}");
        }
    }
    assert!(portal.side.asked().is_empty());
    let policy = inside.get("/").header("content-security-policy").unwrap_or_default().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn nobody_sees_jobs_of_another_user() {
    let portal = portal();
    portal.machine.queue_of(&[
        ("41", "ann", "RUNNING", "mine"),
        ("42", "bob", "RUNNING", "secret of bob"),
        ("43", "bob", "PENDING", "x\n99|ann|batch|RUNNING|None|N/A|0:00|1:00|1|1||forged"),
        ("44", "ann", "PENDING", "<script>alert(1)</script>"),
    ]);
    let page = portal.signed_in("ann").get("/").body;
    assert!(page.contains("mine") && page.contains("/jobs/41"), "{page}");
    assert!(!page.contains("secret") && !page.contains("/jobs/99") && !page.contains("forged"));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"));
    assert!(portal.signed_in("bob").get("/").body.contains("secret of bob"));
}

#[test]
fn everybody_together_asks_once_a_second() {
    let portal = portal();
    let browsers: Vec<_> = ["ann", "bob"].map(|user| portal.signed_in(user)).into();
    for _ in 0..5 {
        for browser in &browsers {
            assert_eq!(browser.get("/").status, 200);
        }
    }
    assert_eq!(portal.machine.runs("squeue"), 1);
    portal.machine.pass(Duration::from_secs(2));
    browsers[0].get("/");
    portal.machine.wait_for_runs("squeue", 2);
}

#[test]
fn a_scheduler_that_is_away_is_said_and_the_last_answer_kept() {
    let portal = portal();
    portal.machine.queue_of(&[("41", "ann", "RUNNING", "mine")]);
    let inside = portal.signed_in("ann");
    assert!(!inside.get("/").body.contains("does not answer"));
    portal.machine.fails(true);
    portal.machine.pass(Duration::from_secs(12));
    inside.get("/");
    portal.machine.wait_for_runs("squeue", 2);
    let page =
        eventually(|| Some(inside.get("/").body).filter(|it| it.contains("does not answer")));
    assert!(page.contains("for 12 s") && page.contains("mine") && page.contains("As of 12 s"));
    portal.machine.fails(false);
    portal.machine.pass(Duration::from_secs(2));
    eventually(|| (!inside.get("/").body.contains("does not answer")).then_some(()));
}

#[test]
fn a_job_is_shown_with_the_end_of_its_output() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    let page = inside.get("/jobs/42").body;
    assert!(page.contains("line 1") && page.contains("data-grows"), "{page}");
    let piece = inside.get("/jobs/42/output?stream=output&from=7").body;
    assert!(piece.contains("\"from\":7"), "{piece}");
    for path in ["/jobs/..%2f..%2fetc", "/jobs/42;id", "/jobs/%D9%A4%D9%A2", "/jobs/42%0A"] {
        assert_eq!(inside.get(path).status, 404, "{path}");
    }
    assert_eq!(inside.get("/jobs/42/output?stream=/etc/passwd").status, 404);
    assert!(inside.get("/jobs/77").body.contains("no job of yours"));
    assert_eq!(inside.post("/jobs/42/cancel", "").header("location"), Some("/jobs/42"));
    assert!(portal.side.asked().contains(&Request::Cancel("42".parse().expect("a job"))));
}

/// The connection would end before the answer came.
#[test]
fn a_job_is_shown_with_what_is_known_while_the_scheduler_moves() {
    let portal = portal_that(Waits { page: Duration::from_millis(400), ..Waits::USUAL });
    let inside = portal.signed_in("ann");
    portal.machine.fails(true);
    portal.side.holds();
    for _ in 0..3 {
        let page = inside.get("/jobs/42").body;
        for said in ["The scheduler does not answer", "Not known yet", "data-grows"] {
            assert!(page.contains(said), "{said} in {page}");
        }
        let piece = inside.get("/jobs/42/output?stream=output&from=0").body;
        assert!(piece.contains("\"why\":\"Not known yet"), "{piece}");
    }
    let job = Request::Job("42".parse().expect("a job"));
    let asked = portal.side.asked();
    assert_eq!(asked.iter().filter(|it| **it == job).count(), 1, "{asked:?}");
    assert_eq!(asked.len(), 2, "once however often somebody looks: {asked:?}");

    // It comes when nobody waits.
    portal.side.goes_on();
    eventually(|| inside.get("/jobs/42").body.contains("line 1").then_some(()));
    portal.side.holds();
    let page = inside.get("/jobs/42").body;
    assert!(page.contains("mine") && page.contains("As of 0 s ago"), "{page}");
    assert_eq!(
        inside.post("/submit", &form("#!/bin/sh")).status,
        303,
        "what is held holds no form"
    );
}

/// A form's head, and nothing of the rest.
fn begun(browser: &Browser) -> impl std::io::Read + use<> {
    let mut stream = browser.connect();
    let head = browser.head_of_post("/submit", Some(&browser.origin()), 100);
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.flush().expect("it reads");
    stream
}

#[test]
fn who_sends_slowly_leaves_places_to_others() {
    let portal = portal_that(Waits { form: Duration::from_secs(3), ..Waits::USUAL });
    let ann = portal.signed_in("ann");
    let mut slow: Vec<_> = (0..2).map(|_| begun(&ann)).collect();
    let refused =
        eventually(|| Some(ann.post("/submit", &form("#!/bin/sh"))).filter(|it| it.status == 503));
    assert!(refused.body.contains("still on their way"), "{}", refused.body);
    assert_eq!(portal.signed_in("bob").post("/submit", &form("#!/bin/sh")).status, 303);
    for stream in &mut slow {
        let mut answer = String::new();
        // An end without TLS's own farewell is an end, too.
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("within 3 s"), "{answer}");
    }
    assert_eq!(ann.post("/submit", &form("#!/bin/sh")).status, 303);
}

#[test]
fn a_form_becomes_a_job() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    let page = inside.get("/submit?template=mpi").body;
    assert!(page.contains("srun ./my-mpi-program") && page.contains("batch, up to 1-00:00:00"));
    let answer = inside.post("/submit", &(form("#!/bin/sh\ntrue") + "&nodes=2&name=a+%26+b"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/jobs/4711")));
    let submissions = portal.side.submissions();
    assert_eq!(submissions[0].script, "#!/bin/sh\ntrue");
    assert_eq!(submissions[0].options.name.as_deref(), Some("a & b"));
    for wrong in ["script=%23%21/bin/sh", "", "token=../../../../../../etc/x&script=%23%21/bin/sh"]
    {
        assert_eq!(inside.post("/submit", wrong).status, 422, "{wrong}");
    }
    assert_eq!(portal.side.submissions().len(), 1);
}

#[test]
fn what_was_typed_stays_whatever_becomes_of_it() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    for (refusal, status, said) in [
        (Refusal::No("no such partition".into()), 422, "no such partition"),
        (Refusal::SchedulerAway("it moves".into()), 503, "Nothing was submitted"),
        (Refusal::AnswerLost("none is known".into()), 409, "submit it again"),
        (Refusal::UnderWay, 409, "on the way"),
    ] {
        portal.side.answers(Err(refusal));
        let answer = inside.post("/submit", &(form("#!/bin/sh\ntrue") + "&name=precious"));
        assert_eq!(answer.status, status, "{}", answer.body);
        for kept in [said, "precious", "\n#!/bin/sh", "true</textarea>", TOKEN] {
            assert!(answer.body.contains(kept), "{kept} in {}", answer.body);
        }
    }
    portal.side.answers(Ok(Reply::Submitted("5".parse().expect("a job"))));
    let answer = inside.post("/submit", &(form("#!/bin/sh\ntrue") + "&again=yes"));
    assert_eq!(answer.header("location"), Some("/jobs/5"));
    let submissions = portal.side.submissions();
    let again: Vec<bool> = submissions.iter().map(|it| it.again).collect();
    assert_eq!(again, [false, false, false, false, true]);
    assert!(submissions.iter().all(|it| it.token == TOKEN));
}

#[test]
fn a_form_that_was_changed_after_it_became_a_job_gets_a_number_of_its_own() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    portal.side.answers(Err(Refusal::Changed("42".parse().expect("a job"))));
    let answer = inside.post("/submit", &form("#!/bin/sh\nhostname"));
    assert_eq!(answer.status, 409);
    for kept in ["has become", "/jobs/42", "hostname</textarea>"] {
        assert!(answer.body.contains(kept), "{kept} in {}", answer.body);
    }
    assert!(!answer.body.contains(TOKEN), "the next one is another job");
}

#[test]
fn a_script_that_is_too_long_is_refused_in_words() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    for bytes in [LONGEST_SCRIPT + 1, 10 << 20] {
        let answer = inside.post("/submit", &form(&format!("#!{}", "x".repeat(bytes))));
        assert!([413, 422].contains(&answer.status), "{bytes}: {}", answer.status);
        assert!(answer.body.contains("1024 KiB are the most"), "{}", answer.body);
    }
    assert!(portal.side.submissions().is_empty());
    let long = format!("user=ann&password={}", "x".repeat(10 << 20));
    // Before anybody has read it the connection may be closed.
    let browser = portal.browser.clone();
    let refused = thread::spawn(move || browser.post("/login", &long).status).join();
    assert!(refused.is_err() || refused.is_ok_and(|status| status == 413));
    assert_eq!(inside.get("/").status, 200);
}

#[test]
fn a_session_whose_other_end_is_gone_is_over() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    assert_eq!(inside.get("/").status, 200);
    portal.side.hang_up();
    eventually(|| (inside.get("/").status == 303).then_some(()));
}

#[test]
fn a_session_ends_when_nobody_uses_it_and_after_a_day() {
    let portal = portal();
    let inside = portal.signed_in("ann");
    portal.machine.pass(Duration::from_secs(3500));
    assert_eq!(inside.get("/").status, 200);
    portal.machine.pass(Duration::from_secs(3599));
    assert_eq!(inside.get("/").status, 200);
    portal.machine.pass(Duration::from_secs(3601));
    assert_eq!(inside.get("/").status, 303);
    portal.side.wait_for_ends(1);
    let busy = portal.signed_in("ann");
    for _ in 0..13 {
        portal.machine.pass(Duration::from_secs(3500));
        busy.get("/");
    }
    assert_eq!(busy.get("/").status, 303);
}

#[test]
fn a_user_has_a_few_sessions_and_the_oldest_ends() {
    let portal = portal();
    let browsers: Vec<_> = (0..9)
        .map(|_| {
            portal.machine.pass(Duration::from_secs(1));
            portal.signed_in("ann")
        })
        .collect();
    assert_eq!(browsers[0].get("/").status, 303);
    assert!(browsers[1..].iter().all(|it| it.get("/").status == 200));
}

#[test]
fn many_attempts_are_refused_before_they_cost_anything() {
    let portal = portal();
    let attempts: Vec<_> = (0..40)
        .map(|nth| {
            let browser = portal.browser.clone();
            thread::spawn(move || browser.sign_in(&format!("user{nth}"), "guess").status)
        })
        .collect();
    let told: Vec<u16> = attempts.into_iter().map(|it| it.join().expect("an answer")).collect();
    assert!(told.contains(&429) && told.iter().all(|it| [401, 429].contains(it)), "{told:?}");
    assert!(portal.side.admissions() < 40);
    assert_eq!(portal.browser.get("/login").status, 200);
}

#[test]
fn who_guesses_waits_and_others_do_not() {
    let portal = portal();
    for _ in 0..3 {
        assert_eq!(portal.browser.sign_in("ann", "wrong").status, 401);
    }
    let seen = portal.side.admissions();
    assert_eq!(portal.browser.sign_in("ann", "right").status, 429);
    assert_eq!(portal.side.admissions(), seen);
    portal.signed_in("bob");
    portal.machine.pass(Duration::from_secs(20));
    portal.signed_in("ann");
}

/// The bar is 50 ms at the 99th percentile; what it is here is printed, and no
/// test depends on a clock.
#[test]
fn ten_thousand_jobs_in_the_queue() {
    let portal = portal();
    let rows: Vec<(String, String)> =
        (0..10_000).map(|nth| (nth.to_string(), format!("user{}", nth % 50))).collect();
    let rows: Vec<_> =
        rows.iter().map(|(id, user)| (id.as_str(), user.as_str(), "PENDING", "sweep")).collect();
    portal.machine.queue_of(&rows);
    let inside = portal.signed_in("user7");
    let page = inside.get("/").body;
    assert!(page.contains("1 to 100 of 200") && page.contains("10000 jobs of everybody"));
    assert!(inside.get("/?from=100").body.contains("101 to 200 of 200"));
    let mut took: Vec<Duration> = (0..200)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(inside.get("/").status, 200);
            began.elapsed()
        })
        .collect();
    took.sort();
    println!("the job list, TLS and all: median {:?}, p99 {:?}", took[100], took[198]);
}

#[test]
fn the_session_side_may_be_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = Machine::new();
    let socket = "/nowhere/session.sock".as_ref();
    let address = served(directory.path(), &machine, socket, Waits::USUAL);
    let answer = Browser::at(address).sign_in("ann", "right");
    assert_eq!(answer.status, 429);
    assert!(answer.body.contains("slurmha-portal-session.socket"), "{}", answer.body);
}

/// What happens in another thread, a little later.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(it) = look() {
            return it;
        }
        thread::sleep(Duration::from_millis(25));
    }
    panic!("it did not happen")
}
