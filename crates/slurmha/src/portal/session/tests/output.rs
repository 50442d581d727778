// SPDX-License-Identifier: Apache-2.0
//! What jobs write, and whose they are.

use std::fs;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use super::machine::{Answer, Front};

/// A cluster with one job, 42, that writes to a file which a test names.
#[derive(Default)]
struct Cluster {
    own: bool,
    away: bool,
    output: &'static str,
}

fn front(cluster: &Arc<Mutex<Cluster>>) -> Front {
    let cluster = Arc::clone(cluster);
    Front::new(move |command| {
        let cluster = cluster.lock().unwrap();
        let no_answer = "slurm_load_jobs error: Unable to contact slurm controller (x)\n";
        match command.program() {
            "squeue" | "scontrol" if cluster.away => (1, "", no_answer),
            "squeue" if cluster.own => (0, "42\n", ""),
            "squeue" => (0, "", ""),
            "scontrol" => (0, cluster.output, ""),
            "sacct" => (0, "", ""),
            "scancel" => cancel(&command.arguments()),
            other => panic!("{other}"),
        }
    })
}

fn cancel(arguments: &[String]) -> Answer {
    match arguments {
        [job] if job == "42_7" => (0, "", ""),
        _ => (1, "", "scancel: error: Kill job error on job id 5: Access/permission denied\n"),
    }
}

fn shown(path: &std::path::Path) -> &'static str {
    let path = path.display();
    Box::leak(
        format!(
            "JobId=42 JobName=x\n   UserId=anna(1000) GroupId=anna(1000)\n   JobState=RUNNING \
             Reason=None Dependency=(null)\n   Partition=main AllocNode:Sid=a:1\n   \
             StdErr={path}\n   StdIn=/dev/null\n   StdOut={path}\n"
        )
        .into_boxed_str(),
    )
}

fn output(from: u64) -> Value {
    json!({ "output": { "job": "42", "stream": "output", "from": from } })
}

#[test]
fn output_is_read_while_it_grows_and_while_the_scheduler_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b\u{fc}.out");
    let cluster = Arc::new(Mutex::new(Cluster { own: true, away: false, output: shown(&path) }));
    let mut front = front(&cluster);
    let piece = |from, text, next, size: Value| {
        let piece = json!({ "from": from, "text": text, "next": next, "size": size });
        json!({ "Ok": { "output": piece } })
    };
    assert_eq!(front.ask(&output(0)), piece(0, "", 0, Value::Null), "there is no file yet");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all("one\ntw\u{f6}".as_bytes()).unwrap();
    assert_eq!(front.ask(&output(0)), piece(0, "one\ntw\u{f6}", 8, json!(8)));
    file.write_all(b"\nthree").unwrap();
    cluster.lock().unwrap().away = true;
    assert_eq!(front.ask(&output(8)), piece(8, "\nthree", 14, json!(14)));
    assert_eq!(front.ask(&output(100)), piece(100, "", 100, json!(14)));
    // So does the session after this one, from the note on the disk.
    let mut next = self::front(&cluster);
    let note = |front: &Front| front.state.path().join("42.files");
    fs::copy(note(&front), note(&next)).unwrap();
    let errors = json!({ "output": { "job": "42", "stream": "errors", "from": 8 } });
    assert_eq!(next.ask(&errors), piece(8, "\nthree", 14, json!(14)), "they are in the output");
}

#[test]
fn a_pipe_or_device_is_not_read_and_nothing_hangs() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for path in [pipe.as_path(), "/dev/null".as_ref(), "/dev/zero".as_ref(), "/".as_ref()] {
        let cluster = Cluster { own: true, away: false, output: shown(path) };
        let mut front = front(&Arc::new(Mutex::new(cluster)));
        let answer = front.ask(&output(0));
        let why = answer["Err"]["no"].as_str().unwrap_or_default();
        assert!(why.contains("it is no file"), "{answer}");
    }
}

#[test]
fn nothing_of_anybody_elses_job_is_told() {
    let cluster = Cluster { own: false, away: false, output: shown("/etc/passwd".as_ref()) };
    let mut front = front(&Arc::new(Mutex::new(cluster)));
    let expected = json!({ "Err": { "no": "there is no job 42 of yours" } });
    assert_eq!(front.ask(&output(0)), expected);
    assert_eq!(front.ask(&json!({ "job": "42" })), expected);
    assert!(!front.programs().contains(&"scontrol".to_owned()));
}

#[test]
fn away_and_no_are_told_apart() {
    let cluster = Arc::new(Mutex::new(Cluster { away: true, ..Cluster::default() }));
    let mut front = front(&cluster);
    let answer = front.ask(&json!({ "job": "42" }));
    assert!(answer["Err"]["scheduler-away"].is_string(), "{answer}");
    let answer = front.ask(&json!({ "cancel": "5" }));
    assert_eq!(answer["Err"]["no"], "Kill job error on job id 5: Access/permission denied");
    assert_eq!(front.ask(&json!({ "cancel": "42_7" })), json!({ "Ok": "cancelled" }));
}
