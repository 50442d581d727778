// SPDX-License-Identifier: Apache-2.0
//! The console over a real socket, told by exporters that a test makes up.

mod actions;
mod exporter;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use slurmha_core::console::View;
use slurmha_core::site;
use slurmha_host::{Local, System};

use self::exporter::Exporter;
use super::{History, Login, Setup, hashed};
use crate::web::Encryption;
use crate::web::test_browser::Browser;

const PASSWORD: &str = "a wall display";

/// The words of a healthy cluster and of its end, from the recording.
fn views(after_ms: u64) -> [Option<View>; 2] {
    let recording = include_str!("../../../core/tests/fixtures/console/power-loss.jsonl");
    let mut views = [None, None];
    for line in recording.lines() {
        let word: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if word["after_ms"] == after_ms {
            let view: View = serde_json::from_value(word["view"].clone()).expect("a view");
            let index = usize::from(view.controller == "ctl2");
            views[index] = Some(view);
        }
    }
    views
}

/// A console that is served at this address.
fn console(directory: &std::path::Path, exporters: [SocketAddr; 2]) -> SocketAddr {
    let text = include_str!("../../../../examples/lab/site.toml");
    serve(directory, exporters, text, None)
}

/// The same with that site file and the helper behind that socket.
fn serve(
    directory: &std::path::Path,
    exporters: [SocketAddr; 2],
    text: &str,
    helper: Option<std::path::PathBuf>,
) -> SocketAddr {
    let system: Arc<dyn System + Send + Sync> = Arc::new(Local::new());
    let site = site::parse("site.toml", text).expect("the lab's site file is valid").0;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let encryption = Encryption::own(directory, "console", &["ctl1".to_owned()], &[address.ip()])
        .expect("a certificate");
    let login = Login::new(Arc::clone(&system), "admin", PASSWORD).expect("a login");
    let (history, memory) = History::open(directory).expect("a history");
    let setup = Setup {
        system,
        site,
        user: "admin".into(),
        login,
        history,
        memory,
        exporters,
        prometheus: Vec::new(),
        helper,
    };
    thread::spawn(move || setup.serve(listener, encryption));
    address
}

fn started() -> (tempfile::TempDir, [Exporter; 2], Browser) {
    let directory = tempfile::tempdir().expect("a directory");
    let exporters = views(0).map(|view| Exporter::telling(view.expect("a view")));
    let address = console(directory.path(), exporters.each_ref().map(Exporter::address));
    (directory, exporters, Browser::at(address))
}

#[test]
fn who_has_not_signed_in_sees_nothing() {
    let (_directory, _exporters, browser) = started();
    let home = browser.get("/");
    assert_eq!((home.status, home.header("location")), (303, Some("/login")));
    for path in ["/events", "/api/plots"] {
        assert_eq!(browser.get(path).status, 401, "{path}");
    }
    let guessed = browser.with_cookie("__Host-slurmha=AAAA");
    assert_eq!(guessed.get("/events").status, 401);
    assert_eq!(guessed.get("/").status, 303);
    assert_eq!(browser.post("/logout", "").status, 401);
    for path in ["/login", "/console.css", "/console.js", "/icon.svg"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    for path in ["/nothing", "/../etc/passwd", "/login/"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

/// An alert's link leads to them before anybody has signed in.
#[test]
fn runbooks_are_shown_to_everybody() {
    let (_directory, _exporters, browser) = started();
    assert!(browser.get("/runbooks").body.contains("/runbooks/corosync#slurmhacorosynctokenlost"));
    let page = browser.get("/runbooks/corosync");
    assert!(page.body.contains("id=\"slurmhacorosynctokenlost\""), "{}", page.body);
    for path in ["/runbooks/nothing", "/runbooks/../console.css", "/runbooks/README"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn every_answer_has_the_headers_that_protect_it() {
    let (_directory, _exporters, browser) = started();
    for path in ["/", "/login", "/console.js", "/events", "/nothing", "/runbooks/drbd"] {
        let answer = browser.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("cache-control").is_some(), "{path}");
    }
    assert_eq!(browser.get("/login").header("cache-control"), Some("no-store"));
}

#[test]
fn one_signs_in_looks_on_and_signs_out() {
    let (_directory, _exporters, browser) = started();
    for (user, password) in [("admin", "wrong"), ("root", PASSWORD), ("admin", "")] {
        let wrong = browser.sign_in(user, password);
        assert_eq!(wrong.status, 401);
        assert!(wrong.body.contains("not the password"), "{}", wrong.body);
        assert_eq!(wrong.header("set-cookie"), None);
    }
    let answer = browser.sign_in("admin", PASSWORD);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for rule in ["__Host-slurmha=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(rule), "{rule} in {cookie}");
    }
    let inside = browser.with_cookie(cookie.split(';').next().unwrap_or_default());
    assert!(inside.get("/").body.contains("id=\"drawing\""));
    let plots = inside.get("/api/plots?hours=1").body;
    assert!(plots.contains("\"hours\":1") && plots.contains("no [monitoring]"), "{plots}");
    assert_eq!(inside.post("/logout", "").status, 303);
    assert_eq!(inside.get("/events").status, 401);
    assert_eq!(inside.get("/").status, 303);
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let (_directory, _exporters, browser) = started();
    let form = format!("user=admin&password={}", PASSWORD.replace(' ', "+"));
    for origin in [Some("https://evil.example"), Some("null"), Some("http://ctl1"), None] {
        let answer = browser.post_from("/login", &form, origin);
        assert_eq!(answer.status, 403, "{origin:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    let long = format!("user=admin&password={}", "x".repeat(5000));
    assert_eq!(browser.post("/login", &long).status, 413);
}

#[test]
fn a_change_reaches_who_looks_on() {
    let (_directory, exporters, browser) = started();
    let mut feed = browser.signed_in(PASSWORD).feed("/events");
    let healthy = feed.next("picture", |picture| picture["verdict"] == "healthy");
    assert_eq!(healthy["headline"]["text"], "All is well. ctl1 is active.");
    assert!(exporters.iter().all(|exporter| exporter.paths().contains(&"/live".to_owned())));
    exporters[0].fall_silent();
    exporters[1].tell(views(3_700)[1].clone().expect("a view"));
    let failovers = feed.next("failovers", |failovers| !failovers[0].is_null());
    assert_eq!(failovers[0]["title"], "ctl1 is lost");
    let event = feed.next("happened", |event| event["text"] == "ctl1 is unclean");
    assert_eq!(event["tone"], "bad");

    // Who comes back is told what he has missed, and no more.
    let id = event["id"].as_u64().expect("an id") - 1;
    let mut again = browser.signed_in(PASSWORD).feed_after("/events", id);
    let next = again.next("happened", |_| true);
    assert!(next["id"].as_u64() > Some(id), "{next}");
}

#[test]
fn many_attempts_at_once_are_refused_before_they_cost_anything() {
    let (_directory, _exporters, browser) = started();
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let browser = browser.clone();
            thread::spawn(move || browser.sign_in("admin", "guess").status)
        })
        .collect();
    let told: Vec<u16> = attempts.into_iter().map(|it| it.join().expect("an answer")).collect();
    assert!(told.contains(&429), "{told:?}");
    assert!(told.iter().all(|status| [401, 429].contains(status)), "{told:?}");
    assert_eq!(browser.get("/login").status, 200);
}

#[test]
fn one_who_says_nothing_keeps_nobody_waiting() {
    let (_directory, _exporters, browser) = started();
    let _silent: Vec<_> = (0..20).map(|_| browser.connect()).collect();
    assert_eq!(browser.get("/login").status, 200);
    let answer = browser.plain("GET /login HTTP/1.1\r\n\r\n");
    assert!(!answer.contains("HTTP"), "an answer without TLS: {answer}");
}

#[test]
fn a_password_may_lie_there_as_its_hash() {
    let system: Arc<dyn System + Send + Sync> = Arc::new(Local::new());
    let hash = hashed(&*system, PASSWORD).expect("a hash");
    assert!(hash.starts_with("$argon2id$") && !hash.contains(PASSWORD), "{hash}");
    assert_ne!(hash, hashed(&*system, PASSWORD).expect("a hash"));
    assert!(Login::new(Arc::clone(&system), "admin", &format!("{hash}\n")).is_ok());
    for (text, why) in [("", "the password is empty"), ("\n", "the password is empty")] {
        assert_eq!(Login::new(Arc::clone(&system), "admin", text).err().as_deref(), Some(why));
    }
    assert!(Login::new(system, "admin", "$argon2id$").is_err());
}

#[test]
fn its_own_certificate_stays_the_same_and_its_key_is_its_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let own = || {
        Encryption::own(directory.path(), "console", &["ctl1".to_owned()], &[])
            .expect("a certificate")
    };
    let first = own().fingerprint;
    assert_eq!(first.len(), 95);
    assert_eq!(own().fingerprint, first);
    let key = std::fs::metadata(directory.path().join("key.pem")).expect("a key");
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let missing = Encryption::of("/nowhere".as_ref(), "/nowhere".as_ref()).err();
    assert!(missing.expect("an error").starts_with("no certificate in /nowhere: "));
}

#[test]
fn what_happened_is_kept_on_the_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(
        directory.path().join("history.jsonl"),
        "nonsense\n{\"event\":{\"id\":7,\"at\":1795874400000,\"tone\":\"good\",\
         \"subject\":\"quorum\",\"text\":\"quorum with 3 of 3 votes\"}}\n{\"event\":{\"id\":8",
    )
    .expect("a file");
    let (mut history, memory) = History::open(directory.path()).expect("a history");
    assert_eq!(memory.last_event(), 7);
    history.append(&memory.lines(), &memory);
    drop(history);
    let (_, again) = History::open(directory.path()).expect("a history");
    assert_eq!(again.lines().len(), 2);
    assert!(History::open("/nowhere".as_ref()).is_err());
}
