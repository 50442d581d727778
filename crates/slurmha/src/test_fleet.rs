// SPDX-License-Identifier: Apache-2.0
//! Machines that a script makes up, in the place of ssh.

use std::io::Write as _;
use std::path::Path;

use slurmha_core::observe::Observation;
use slurmha_host::{Remote, Ssh};
use tempfile::TempDir;

use crate::fleet::Fleet;

/// Machines that answer each look with an observation of nothing; whatever else
/// is asked of them is in `$*` of the script, which works in the directory.
pub fn fleet(script: &str) -> (TempDir, Fleet) {
    made_up("", script)
}

/// Machines that are looked at once `before` has let the look pass; nothing
/// else is asked of them.
pub fn fleet_that_waits(before: &str) -> (TempDir, Fleet) {
    made_up(before, "exit 1")
}

fn made_up(before: &str, script: &str) -> (TempDir, Fleet) {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("ssh");
    let nothing = serde_json::to_string(&Observation::default()).expect("JSON");
    let looks = format!("case \"$*\" in *\" node observe\"*) echo '{nothing}'; exit;; esac");
    let place = directory.path().display();
    write_program(&program, &format!("cd '{place}'\n{before}\n{looks}\n{script}"));
    let ssh = Ssh::new("root").with_program(program.to_string_lossy());
    (directory, Fleet::through(Remote::with_executable(ssh, "/bin/true".into())))
}

/// Another process writes the file: if this one did, a child that another
/// test starts meanwhile could still hold it open for writing, and the
/// program could not be executed (`ETXTBSY`).
#[allow(clippy::disallowed_methods, reason = "not a program of the system")]
fn write_program(path: &Path, script: &str) {
    let mut shell = std::process::Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut stdin = shell.stdin.take().expect("a pipe");
    write!(stdin, "#!/bin/sh\n{script}\n").expect("written");
    drop(stdin);
    assert!(shell.wait().expect("it ends").success());
}
