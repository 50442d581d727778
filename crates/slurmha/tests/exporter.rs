// SPDX-License-Identifier: Apache-2.0
//! The exporter as a service: a machine that has nothing of a cluster still
//! answers, says so, and ends when it is told to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The laboratory's site with this machine in the place of ctl1.
fn site() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let text = include_str!("../../../examples/lab/site.toml").replace("ctl1", own.trim());
    std::fs::write(directory.path().join("site.toml"), text).expect("a file is written");
    directory
}

#[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
fn exporter(directory: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_slurmha"))
        .args(["exporter", "--site", "site.toml"])
        .args(arguments)
        .env_clear()
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("slurmha starts")
}

/// Exit status, stdout and stderr.
fn end_of(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn scrape(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A port that is free, as far as anybody can know.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address")
}

#[test]
fn one_round_is_printed() {
    let site = site();
    let (status, stdout, stderr) = end_of(exporter(site.path(), &["--once"]));
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains("slurmha_collector_up{collector=\"pacemaker\"} 0.0\n"), "{stdout}");
    assert!(stdout.contains("slurmha_pacemaker_quorate NaN\n"), "{stdout}");
    assert!(stderr.contains("pacemaker cannot be read: "), "{stderr}");
}

#[test]
fn it_answers_until_it_is_told_to_end() {
    let site = site();
    let address = free_address();
    let child = exporter(site.path(), &["--listen", &address.to_string()]);
    let answers = (0..300).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        scrape(address)
    });
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("it is there");
    let (status, stdout, stderr) = end_of(child);
    let answer = answers.unwrap_or_else(|| panic!("no answer: {stderr}"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\nslurmha_build_info{"), "{answer}");
    assert_eq!((status, stdout.as_str()), (Some(0), ""), "{stderr}");
}

#[test]
fn another_site_file_is_a_reason_to_end() {
    let site = site();
    let address = free_address();
    let child = exporter(site.path(), &["--listen", &address.to_string()]);
    let answered = (0..300).any(|_| {
        thread::sleep(Duration::from_millis(100));
        scrape(address).is_some()
    });
    std::fs::remove_file(site.path().join("site.toml")).expect("it is there");
    let (status, _, stderr) = end_of(child);
    assert!(answered, "{stderr}");
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("site.toml has been replaced"), "{stderr}");
}

#[test]
fn a_port_that_is_taken() {
    let site = site();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (status, _, stderr) = end_of(exporter(site.path(), &["--listen", &address]));
    assert_eq!(status, Some(4), "{stderr}");
    let said = stderr.replace(&address, "ADDRESS");
    let said = said.replace(&taken.local_addr().expect("it").port().to_string(), "PORT");
    insta::assert_snapshot!(said);
}

/// 192.0.2.1 is for documentation and nobody's (RFC 5737).
#[test]
fn an_address_that_is_not_here() {
    let site = site();
    let (status, _, stderr) = end_of(exporter(site.path(), &["--listen", "192.0.2.1:9817"]));
    assert_eq!(status, Some(4), "{stderr}");
    insta::assert_snapshot!(stderr);
}
