// SPDX-License-Identifier: Apache-2.0
//! Submissions whose answers come, are lost, and come in between.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::{Value, json};
use slurmha_host::Command;

use super::machine::{Answer, Front};

const TOKEN: &str = "AbCdEfGhIjKlMnOpQrSt-_";
const LOST: Answer = (
    1,
    "",
    "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
);
const AWAY: Answer = (
    1,
    "",
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect \
     failure)\n",
);
const INVALID: Answer =
    (1, "", "sbatch: error: Batch job submission failed: Invalid partition name specified\n");
const OK: Answer = (0, "42\n", "");
const NONE: Answer = (0, "", "");
const MARKED: Answer = (0, "41 (null)\n42 slurmha-portal:AbCdEfGhIjKlMnOpQrSt-_\n", "");
const ENDED: Answer = (0, "41|\n42|slurmha-portal:AbCdEfGhIjKlMnOpQrSt-_\n", "");
const NO_ANSWER: Answer =
    (1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n");

fn submit(token: &str, again: bool) -> Value {
    json!({ "submit": {
        "token": token,
        "again": again,
        "script": "#!/bin/sh\r\nid\r\n",
        "options": { "name": "my job", "partition": null, "nodes": 2, "tasks": null,
                     "cpus_per_task": null, "memory_mb": null, "minutes": null },
    }})
}

/// A session whose sbatch answers in turn; squeue and sacct say the same each time.
fn front(sbatch: &[Answer], squeue: Answer, sacct: Answer) -> Front {
    let (sbatch, count) = (sbatch.to_vec(), AtomicUsize::new(0));
    Front::new(move |command| match command.program() {
        "env" => sbatch[count.fetch_add(1, Ordering::Relaxed)],
        "squeue" => squeue,
        "sacct" => sacct,
        other => panic!("{other}"),
    })
}

fn job(id: &str) -> Value {
    json!({ "Ok": { "submitted": id } })
}

fn refusal(answer: &Value) -> &str {
    match &answer["Err"] {
        Value::String(word) => word,
        Value::Object(map) => map.keys().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The host that made the form has died, and its name has come here.
#[test]
fn a_form_of_another_host_is_not_a_second_job() {
    let token = "ZbCdEfGhIjKlMnOpQrSt-_";
    let known = (0, "42 slurmha-portal:ZbCdEfGhIjKlMnOpQrSt-_\n", "");
    let mut there = front(&[], known, NONE);
    assert_eq!(there.ask(&submit(token, false)), job("42"));
    assert_eq!(there.ask(&submit(token, false)), job("42"));
    assert_eq!(there.programs(), ["squeue"], "the second time it is in the record here");

    let mut nowhere = front(&[OK], NONE, NONE);
    for _ in 0..2 {
        assert_eq!(refusal(&nowhere.ask(&submit(token, false))), "answer-lost");
    }
    assert!(!nowhere.programs().contains(&"sbatch".to_owned()));
    assert_eq!(nowhere.ask(&submit(token, true)), job("42"), "as the user wants it");
}

#[test]
fn one_form_is_one_job_however_often_it_comes() {
    let mut front = front(&[OK], NONE, NONE);
    for _ in 0..3 {
        assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    }
    assert_eq!(front.ask(&submit(TOKEN, true)), job("42"), "nor when it is wanted again");
    assert_eq!(front.programs(), ["sbatch"]);
    let ran = front.ran.lock().unwrap();
    let command: &Command = &ran[0];
    assert_eq!(
        command.pasteable(),
        "env --unset=LC_ALL LANG=C.UTF-8 sbatch --parsable \
         --comment=slurmha-portal:AbCdEfGhIjKlMnOpQrSt-_ '--job-name=my job' \
         --nodes=2"
    );
    assert_eq!(command.input(), b"#!/bin/sh\nid\n");
}

/// Somebody has come back to a form whose answer was lost, and has corrected its script.
#[test]
fn a_form_that_was_changed_since_is_not_taken_for_its_job() {
    let changed = json!({ "Err": { "changed": "42" } });
    let mut other = submit(TOKEN, false);
    other["submit"]["script"] = json!("#!/bin/sh\nhostname\n");
    let mut sent = front(&[OK], NONE, NONE);
    assert_eq!(sent.ask(&submit(TOKEN, false)), job("42"));
    assert_eq!(sent.ask(&other), changed);
    assert_eq!(sent.ask(&submit(TOKEN, false)), job("42"), "as it was");
    assert_eq!(sent.programs(), ["sbatch"]);

    let mut lost = front(&[LOST], NO_ANSWER, NONE);
    assert_eq!(refusal(&lost.ask(&submit(TOKEN, false))), "scheduler-away");
    let mut found = front(&[], MARKED, NONE);
    fs::copy(lost.state.path().join(TOKEN), found.state.path().join(TOKEN)).unwrap();
    assert_eq!(found.ask(&other), changed);

    let mut nowhere = front(&[OK], NONE, NONE);
    fs::copy(lost.state.path().join(TOKEN), nowhere.state.path().join(TOKEN)).unwrap();
    assert_eq!(refusal(&nowhere.ask(&other)), "answer-lost");
    other["submit"]["again"] = json!(true);
    assert_eq!(nowhere.ask(&other), job("42"), "as it is now, on the user's word");
}

#[test]
fn it_is_on_the_disk_before_it_is_sent() {
    let state = Arc::new(Mutex::new(None::<std::path::PathBuf>));
    let seen = Arc::clone(&state);
    let mut front = Front::new(move |_| {
        let path = seen.lock().unwrap().clone().unwrap().join(TOKEN);
        assert!(fs::read_to_string(path).unwrap().starts_with("{\"sending\":"));
        OK
    });
    *state.lock().unwrap() = Some(front.state.path().to_owned());
    assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    let text = fs::read_to_string(front.state.path().join(TOKEN)).unwrap();
    assert!(text.ends_with("{\"job\":\"42\"}\n"), "{text}");
}

#[test]
fn a_lost_answer_is_found_in_the_queue_or_in_the_accounting() {
    let mut front = front(&[LOST], MARKED, NONE);
    assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    assert_eq!(front.programs(), ["sbatch", "squeue"]);
    let mut front = self::front(&[LOST], NONE, ENDED);
    assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    assert_eq!(front.programs(), ["sbatch", "squeue", "sacct"]);
}

#[test]
fn a_lost_answer_that_nobody_knows_is_asked_about() {
    let mut front = front(&[LOST, OK], NONE, NONE);
    for _ in 0..2 {
        assert_eq!(refusal(&front.ask(&submit(TOKEN, false))), "answer-lost");
    }
    assert_eq!(front.ask(&submit(TOKEN, true)), job("42"));
    let sent = front.programs().iter().filter(|program| *program == "sbatch").count();
    assert_eq!(sent, 2, "the second on the user's word alone");
}

#[test]
fn while_slurm_cannot_be_asked_nothing_is_sent_again() {
    let mut front = front(&[LOST], NO_ANSWER, NONE);
    for again in [false, true, true] {
        assert_eq!(refusal(&front.ask(&submit(TOKEN, again))), "scheduler-away");
    }
    let sent = front.programs().iter().filter(|program| *program == "sbatch").count();
    assert_eq!(sent, 1);
}

#[test]
fn what_was_refused_or_never_sent_is_new_the_next_time() {
    let mut front = front(&[AWAY, INVALID, OK], NONE, NONE);
    assert_eq!(refusal(&front.ask(&submit(TOKEN, false))), "scheduler-away");
    let answer = front.ask(&submit(TOKEN, false));
    assert_eq!(
        answer["Err"]["no"],
        "Batch job submission failed: Invalid partition name specified"
    );
    assert!(!front.state.path().join(TOKEN).exists());
    assert_eq!(front.ask(&submit(TOKEN, false)), job("42"));
    assert_eq!(front.programs(), ["sbatch"; 3]);
}

#[test]
fn a_record_that_broke_off_is_asked_about() {
    for half in ["{\"sending\":1790000000}\n{\"jo", "{\"sen", "{\"sending\":1790000000}\n"] {
        let mut front = front(&[OK], NONE, NONE);
        fs::write(front.state.path().join(TOKEN), half).unwrap();
        assert_eq!(refusal(&front.ask(&submit(TOKEN, false))), "answer-lost");
        assert_eq!(front.ask(&submit(TOKEN, true)), job("42"));
        assert_eq!(front.ask(&submit(TOKEN, false)), job("42"), "the new lines can be read");
    }
}

/// A front whose sbatch says when it has begun, and goes on when it is told to.
fn with_a_slow_sbatch() -> (Front, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (begun, has_begun) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let (begun, may_go) = (Mutex::new(begun), Mutex::new(may_go));
    let front = Front::new(move |_| {
        begun.lock().unwrap().send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        OK
    });
    (front, has_begun, go)
}

#[test]
fn what_is_under_way_is_not_begun_twice() {
    let (mut front, has_begun, go) = with_a_slow_sbatch();
    front.send(1, &submit(TOKEN, false));
    has_begun.recv().unwrap();
    front.send(2, &submit(TOKEN, false));
    assert_eq!(front.next(), json!({ "number": 2, "answer": { "Err": "under-way" } }));
    go.send(()).unwrap();
    assert_eq!(front.next(), json!({ "number": 1, "answer": job("42") }));
}

/// The front dies while sbatch runs: the record knows the job all the same.
#[test]
fn what_is_being_submitted_is_brought_to_its_end() {
    let (mut front, has_begun, go) = with_a_slow_sbatch();
    front.send(1, &submit(TOKEN, false));
    has_begun.recv().unwrap();
    let record = front.state.path().join(TOKEN);
    let state = tempfile::tempdir().unwrap();
    let kept = std::mem::replace(&mut front.state, state);
    go.send(()).unwrap();
    front.end().unwrap();
    assert!(fs::read_to_string(record).unwrap().contains("{\"job\":\"42\"}"));
    drop(kept);
}

#[test]
fn hostile_forms_reach_no_program() {
    let mut front = Front::new(|command| panic!("{command:?}"));
    let with = |key: &str, value: Value| {
        let mut request = submit(TOKEN, false);
        match key {
            "name" | "partition" => request["submit"]["options"][key] = value,
            _ => request["submit"][key] = value,
        }
        request
    };
    for request in [
        with("token", json!("../../../../etc/passwd")),
        with("token", json!("AbCdEfGhIjKlMnOpQrSt/_")),
        with("token", json!("")),
        with("name", json!("x\n#SBATCH --uid=0")),
        with("name", json!("--wrap=id")),
        with("name", json!("a\u{202e}b")),
        with("partition", json!("main --uid=0")),
        with("partition", json!("-h")),
        with("script", json!("id\n")),
        with("script", json!("#!/bin/sh\0")),
        with("script", json!(format!("#!/bin/sh\n{}", "x".repeat(2 << 20)))),
    ] {
        assert_eq!(refusal(&front.ask(&request)), "no");
    }
    assert_eq!(fs::read_dir(front.state.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_request_ends_the_session() {
    for line in ["x\n", "{\"number\":1,\"request\":{\"shell\":\"id\"}}\n", "{\"number\":1}\n"] {
        let mut front = front(&[], NONE, NONE);
        front.raw(line.as_bytes());
        assert!(front.end().is_err(), "{line}");
    }
    let mut front = front(&[], NONE, NONE);
    front.raw(b"{\"number\":1,");
    front.end().unwrap();
}
