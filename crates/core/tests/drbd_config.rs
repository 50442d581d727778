// SPDX-License-Identifier: Apache-2.0
//! The generated resource file, read by drbdadm itself, and the way from the
//! kernel's call to the handler's exit status.
//!
//! `drbdadm` hands over to this program when the loaded module is 8.4; on a
//! machine without any module it has to be called by name.

use std::path::Path;
use std::process::{Command, Output};

use slurmha_core::layout::BINARY;
use slurmha_core::render::drbd;
use slurmha_core::site;

const SITE: &str = include_str!("../../../examples/lab/site.toml");
const DRBDADM: &str = "/usr/lib/drbd/drbdadm-84";

/// The file as on ctl1, whose name and address are made this machine's.
fn file() -> String {
    let site = site::parse("site.toml", SITE).expect("the lab's site file is valid").0;
    let files: String = drbd::render(&site).iter().map(|file| file.text.as_str()).collect();
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let own = own.trim();
    files.replace("on ctl1 ", &format!("on {own} ")).replace("10.77.1.11", "127.0.0.1")
}

#[allow(clippy::disallowed_methods, reason = "DRBD's own tool is asked")]
fn drbdadm(file: &str, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("drbd.conf");
    std::fs::write(&path, file).expect("the file is written");
    Command::new(DRBDADM)
        .arg("-c")
        .arg(&path)
        .args(arguments)
        // As the kernel calls it (drbd_nl.c, `setup_khelper_env`).
        .env("DRBD_PEER_AF", "ipv4")
        .env("DRBD_PEER_ADDRESS", "10.77.1.12")
        .output()
        .unwrap_or_else(|error| panic!("{DRBDADM}: {error}; install drbd-utils"))
}

/// The file with another program in the handler's place.
fn with_handler(program: &str) -> String {
    file().replace(&format!("{BINARY} fence-peer"), program)
}

#[test]
fn drbdadm_reads_the_file() {
    let output = drbdadm(&file(), &["dump"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!("\"{BINARY} fence-peer\"")), "{text}");
    assert!(text.contains(&format!("\"{BINARY} unfence-peer\"")), "{text}");
}

#[test]
fn the_handler_is_told_who_lost_whom_and_its_status_is_the_answer() {
    let program = r"echo $DRBD_RESOURCE $DRBD_PEER >&2; exit 7";
    let output = drbdadm(&with_handler(program), &["fence-peer", "slurm_data"]);
    assert_eq!(output.status.code(), Some(7));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("slurm_data ctl2"), "{said}");
}

#[test]
fn a_missing_binary_is_not_fenced() {
    let missing = "/nonexistent/slurmha fence-peer";
    assert!(!Path::new("/nonexistent/slurmha").exists());
    let output = drbdadm(&with_handler(missing), &["fence-peer", "slurm_data"]);
    // None of the codes that DRBD understands (3 to 7).
    assert_eq!(output.status.code(), Some(127));
}
