// SPDX-License-Identifier: Apache-2.0

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::*;
use crate::qemu::tests::description;
use crate::{program, qemu};

/// A lab in that directory of which nothing runs.
pub(crate) fn unbooted(directory: &Path) -> Lab {
    let paths = Paths::at(directory).unwrap();
    Lab { paths, description: description(Accelerator::Tcg) }
}

/// What is taken for a machine's QEMU: a process of its name, and a monitor.
pub(crate) struct Pretender {
    process: Child,
    told: Arc<Mutex<Vec<String>>>,
}

impl Pretender {
    /// The commands that its monitor was given.
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Pretender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Has a machine on, of which QEMU says that.
pub(crate) fn pretend(lab: &Lab, index: usize, run_state: &'static str) -> Pretender {
    lab.paths.create_sockets().unwrap();
    let listener = UnixListener::bind(lab.paths.monitor(index)).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| converse(&stream, run_state, &noted));
    });
    let machine = Machine::new(&lab.paths, &lab.description, index);
    let name = qemu::process_name(&lab.paths, &lab.description, machine.name());
    let mut command = program::command("sh");
    // Ends with its standard input, if not before.
    command.arg0(qemu::PROGRAM).args(["-c", "read _", "-name", &name]).stdin(Stdio::piped());
    let process = command.spawn().unwrap();
    while !machine.is_on() {
        thread::sleep(Duration::from_millis(1));
    }
    Pretender { process, told }
}

/// QEMU's part of one conversation.
fn converse(mut stream: &UnixStream, run_state: &str, told: &Mutex<Vec<String>>) {
    let lines = BufReader::new(stream).lines();
    let _ = writeln!(stream, "{}", json!({ "QMP": {} }));
    for line in lines.map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).unwrap();
        let command = request["execute"].as_str().unwrap().to_owned();
        let answer = match command.as_str() {
            "query-status" => json!({ "status": run_state }),
            "query-migrate" => json!({ "status": "completed" }),
            _ => json!({}),
        };
        told.lock().unwrap().push(command);
        let _ = writeln!(stream, "{}", json!({ "return": answer }));
    }
}

#[test]
fn status_says_which_machine_stands_still_and_why() {
    let directory = tempfile::tempdir().unwrap();
    let lab = unbooted(directory.path());
    let _machines = [pretend(&lab, 0, "io-error"), pretend(&lab, 1, "running")];
    let status = lab.status();
    let [ctl1, ctl2, login1, ..] = &status.machines[..] else { panic!("{status:?}") };
    assert!(ctl1.on && ctl2.on && !login1.on);
    assert_eq!(ctl1.run_state.as_deref(), Some("io-error"));
    assert_eq!(ctl1.standstill().as_deref(), Some("io-error: is this host's disk full?"));
    assert_eq!(ctl2.standstill(), None);
    assert_eq!(login1.run_state, None);
}

#[test]
fn what_stands_still_is_let_go_on_and_what_runs_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let lab = unbooted(directory.path());
    let [still, runs] = [pretend(&lab, 0, "paused"), pretend(&lab, 1, "running")];
    for machine in [0, 1, 2].map(|index| Machine::new(&lab.paths, &lab.description, index)) {
        machine.go_on(&Silent).unwrap();
    }
    let told = still.told();
    let cancel = told.iter().position(|command| command == "migrate_cancel");
    let go_on = told.iter().position(|command| command == "cont");
    assert!(cancel.is_some() && cancel < go_on, "{told:?}");
    assert_eq!(runs.told(), ["qmp_capabilities", "query-status"]);
}

#[test]
fn a_site_file_is_left_where_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let lab = unbooted(directory.path());
    let read = || fs::read_to_string(lab.site_path()).unwrap();
    lab.leave_site("as it was made").unwrap();
    assert_eq!(read(), "as it was made");
    fs::write(lab.site_path(), "as somebody changed it").unwrap();
    lab.leave_site("as it was made").unwrap();
    assert_eq!(read(), "as somebody changed it");
}
