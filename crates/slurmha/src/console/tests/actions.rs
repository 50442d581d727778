// SPDX-License-Identifier: Apache-2.0
//! What is asked for in the page, and what reaches the helper.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use slurmha_core::console::action::{Action, Order, Outcome, Word};

use super::*;

const ACTIONS: &str = "\n[console]\npassword_file = \"~/look\"\nactions = [\"switchover\"]\n\
                       actions_password_file = \"~/act\"\n";
const RIGHT: &str = "a key to it";

/// A helper that takes one password, and goes on when it is told to.
struct Helper {
    orders: Arc<Mutex<Vec<Action>>>,
    words: Sender<Word>,
}

impl Helper {
    fn at(path: &std::path::Path) -> Self {
        let (words, said) = channel();
        let orders: Arc<Mutex<Vec<Action>>> = Arc::default();
        let (listener, seen) = (UnixListener::bind(path).expect("a socket"), Arc::clone(&orders));
        thread::spawn(move || {
            for stream in listener.incoming() {
                help(stream.expect("a connection"), &seen, &said);
            }
        });
        Self { orders, words }
    }

    fn orders(&self) -> Vec<Action> {
        self.orders.lock().expect("a lock").clone()
    }
}

fn help(mut stream: UnixStream, orders: &Mutex<Vec<Action>>, said: &Receiver<Word>) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("another"));
    reader.read_line(&mut line).expect("an order");
    let order: Order = serde_json::from_str(&line).expect("an order");
    assert_eq!((order.user.as_str(), order.from.to_string().as_str()), ("admin", "127.0.0.1"));
    let mut say = |word: &Word| {
        let line = serde_json::to_string(word).expect("JSON") + "\n";
        stream.write_all(line.as_bytes()).expect("somebody reads");
    };
    if order.password != RIGHT {
        return say(&Word::Wrong);
    }
    orders.lock().expect("a lock").push(order.action);
    say(&Word::In);
    for word in said {
        say(&word);
        if matches!(word, Word::Ended(_)) {
            break;
        }
    }
}

struct Scene {
    directory: tempfile::TempDir,
    exporters: [Exporter; 2],
    helper: Helper,
    browser: Browser,
}

fn scene() -> Scene {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("helper.sock");
    let helper = Helper::at(&socket);
    let exporters = views(0).map(|view| Exporter::telling(view.expect("a view")));
    let text = include_str!("../../../../../examples/lab/site.toml").to_owned() + ACTIONS;
    let addresses = exporters.each_ref().map(Exporter::address);
    let address = serve(directory.path(), addresses, &text, Some(socket));
    let browser = Browser::at(address).signed_in(PASSWORD);
    browser.feed("/events").next("picture", |it| it["verdict"] == "healthy");
    Scene { directory, exporters, helper, browser }
}

/// What a form of this session carries.
fn token(browser: &Browser) -> String {
    let page = browser.get("/act/switchover/ctl2").body;
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a form");
    rest.split_once('"').expect("its end").0.to_owned()
}

fn form(token: &str, password: &str) -> String {
    let password = password.replace(' ', "+");
    format!("verb=switchover&controller=ctl2&token={token}&password={password}")
}

/// The page of the latest action, as soon as it has these words.
fn course(browser: &Browser, words: &str) -> String {
    for _ in 0..2000 {
        let body = browser.get("/act").body;
        if body.contains(words) {
            return body;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no {words} in {}", browser.get("/act").body)
}

#[test]
fn one_asks_and_is_told_how_it_goes() {
    let Scene { directory: _directory, exporters: _exporters, helper, browser } = scene();
    let page = browser.get("/act/switchover/ctl2").body;
    for words in ["Move the active role to ctl2", "Jobs go on", "type=\"password\""] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let token = token(&browser);
    let answer = browser.post("/act", &form(&token, RIGHT));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/act")));
    assert_eq!(helper.orders(), [Action::Switchover("ctl2".into())]);
    helper.words.send(Word::Step("ctl2: runs drbd".to_owned())).expect("a helper");
    let page = course(&browser, "ctl2: runs drbd");
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");

    // One at a time.
    assert_eq!(browser.post("/act", &form(&token, RIGHT)).status, 429);
    let text = "it is not safe to move from ctl1 to ctl2\n  <b>".to_owned();
    let outcome = Outcome { code: 5, text, next: vec!["on ctl1: crm_mon -1".to_owned()] };
    helper.words.send(Word::Ended(outcome)).expect("a helper");
    let page = course(&browser, "Exit status 5.");
    assert!(page.contains("&lt;b&gt;") && page.contains("on ctl1: crm_mon -1"), "{page}");
    assert!(!page.contains("http-equiv"), "{page}");
    assert_eq!(helper.orders().len(), 1);
}

#[test]
fn without_the_password_of_the_actions_nothing_is_done() {
    let Scene { directory: _directory, exporters: _exporters, helper, browser } = scene();
    let token = token(&browser);
    for wrong in [PASSWORD, "", "guess"] {
        let answer = browser.post("/act", &form(&token, wrong));
        assert_eq!(answer.status, 403, "{wrong}");
        assert!(answer.body.contains("not the password of the actions"), "{}", answer.body);
    }
    assert_eq!(helper.orders(), []);
}

#[test]
fn a_form_that_was_not_asked_for_here_does_nothing() {
    let Scene { directory: _directory, exporters: _exporters, helper, browser } = scene();
    let foreign = token(&browser.with_cookie("").signed_in(PASSWORD));
    for token in ["", "AAAA", foreign.as_str()] {
        let answer = browser.post("/act", &form(token, RIGHT));
        assert_eq!(answer.status, 403, "{token}");
        assert!(answer.body.contains("not asked for in this session"), "{}", answer.body);
    }
    let own = form(&token(&browser), RIGHT);
    let missing = "verb=switchover&controller=ctl2&password=x";
    assert_eq!(browser.post("/act", missing).status, 422);
    for origin in [Some("https://evil.example"), Some("null"), None] {
        assert_eq!(browser.post_from("/act", &own, origin).status, 403, "{origin:?}");
    }
    let stranger = browser.with_cookie("");
    assert_eq!(stranger.post("/act", &own).status, 401);
    assert_eq!(stranger.get("/act/switchover/ctl2").status, 401);
    assert_eq!(stranger.get("/act").status, 401);
    assert_eq!(helper.orders(), []);
}

#[test]
fn what_is_not_allowed_is_not_there() {
    let Scene { directory: _directory, exporters: _exporters, helper, browser } = scene();
    let token = token(&browser);
    for (verb, controller) in
        [("standby", "ctl2"), ("reboot", "ctl2"), ("switchover", "cn1"), ("switchover", "-x")]
    {
        assert_eq!(browser.get(&format!("/act/{verb}/{controller}")).status, 404, "{verb}");
        let form = format!("verb={verb}&controller={controller}&token={token}&password=x");
        assert_eq!(browser.post("/act", &form).status, 404, "{verb} {controller}");
    }
    assert_eq!(helper.orders(), []);
    // Nor is anything where the site file allows nothing.
    let (_directory, _exporters, plain) = started();
    let plain = plain.signed_in(PASSWORD);
    assert_eq!(plain.get("/act/switchover/ctl2").status, 404);
    assert_eq!(plain.get("/act").status, 404);
}

#[test]
fn what_would_not_be_safe_is_refused_before_it_is_asked_for() {
    let Scene { directory: _directory, exporters, helper, browser } = scene();
    let token = token(&browser);
    exporters[0].fall_silent();
    exporters[1].tell(views(3_700)[1].clone().expect("a view"));
    browser.feed("/events").next("picture", |it| it["actions"]["offers"][0]["refusal"].is_object());
    let page = browser.get("/act/switchover/ctl2").body;
    assert!(!page.contains("<form"), "{page}");
    assert!(page.contains("role=\"alert\""), "{page}");
    assert_eq!(browser.post("/act", &form(&token, RIGHT)).status, 409);
    assert_eq!(helper.orders(), []);
}

#[test]
fn a_helper_that_is_not_there_is_said() {
    let Scene { directory, exporters: _exporters, browser, .. } = scene();
    std::fs::remove_file(directory.path().join("helper.sock")).expect("a socket");
    let answer = browser.post("/act", &form(&token(&browser), RIGHT));
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("Nothing was done: the helper is not there"), "{}", answer.body);
}
