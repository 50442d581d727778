// SPDX-License-Identifier: Apache-2.0
//! [`Local`] against harmless programs and temporary directories.

use std::time::{Duration, Instant};

use super::*;
use crate::command::Exit;
use crate::system::write_atomically;

fn me(mode: u32) -> Ids {
    Ids { uid: rustix::process::getuid().as_raw(), gid: rustix::process::getgid().as_raw(), mode }
}

#[test]
fn output_status_and_signal_are_told_apart() {
    let local = Local::new();
    let echo = local.run(&Command::new("echo").arg("a  b")).unwrap();
    assert_eq!(echo.text(), "a  b\n");
    assert_eq!(local.run(&Command::new("false")).unwrap().exit, Exit::Status(1));
    let killed = local.run(&Command::new("sh").args(["-c", "kill -9 $$"])).unwrap();
    assert_eq!(killed.exit, Exit::Signal(9));
    assert!(local.run(&Command::new("true")).unwrap().success().is_ok());
    let missing = local.run(&Command::new("no-such-program"));
    assert!(matches!(missing, Err(CommandError::NotFound { .. })));
}

#[test]
fn the_environment_is_ours() {
    let output = Local::new().run(&Command::new("env").env("A", "1")).unwrap();
    let mut lines: Vec<String> = output.text().lines().map(str::to_owned).collect();
    lines.sort();
    let path = format!("PATH={}", crate::command::SEARCH_PATH);
    assert_eq!(lines, ["A=1", "HOME=/root", "LC_ALL=C", &path]);
}

#[test]
fn large_input_and_output_do_not_block_each_other() {
    let input = vec![b'x'; 1 << 20];
    let output = Local::new().run(&Command::new("cat").stdin(input.clone())).unwrap();
    assert_eq!(output.stdout, input);
}

#[test]
fn a_time_limit_ends_the_whole_process_group() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("mark");
    let script = format!("(sleep 1; touch {}) & sleep 60", mark.display());
    let command = Command::new("sh").args(["-c", &script]).timeout(Duration::from_millis(200));
    let begin = Instant::now();
    let result = Local::new().run(&command);
    assert!(
        matches!(result, Err(CommandError::TimedOut { .. })),
        "{result:?}",
        result = result.err()
    );
    assert!(begin.elapsed() < Duration::from_secs(5));
    thread::sleep(Duration::from_millis(1200));
    assert!(!mark.exists(), "the grandchild survived");
}

#[test]
fn a_background_child_that_keeps_the_pipe_delays_nothing() {
    let begin = Instant::now();
    let command = Command::new("sh").args(["-c", "sleep 5 & echo done"]);
    assert_eq!(Local::new().run(&command).unwrap().text(), "done\n");
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_file_is_replaced_whole_and_a_link_is_not_followed() {
    let local = Local::new();
    let dir = tempfile::tempdir().unwrap();
    let (path, target) = (dir.path().join("conf"), dir.path().join("target"));
    fs::write(&target, "theirs").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    write_atomically(&local, &path, b"ours", me(0o640)).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    assert_eq!(local.read(&path).unwrap().unwrap(), b"ours");
    let metadata = local.metadata(&path).unwrap().unwrap();
    assert_eq!((metadata.kind, metadata.ids.mode), (FileKind::File, 0o640));
    assert_eq!(local.read_directory(dir.path()).unwrap(), ["conf", "target"]);
}

#[test]
fn a_link_gets_no_new_owner_or_mode() {
    let local = Local::new();
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let error = local.set_access(&link, me(0o777)).unwrap_err().to_string();
    assert!(error.ends_with("it is a symbolic link"), "{error}");
}

#[test]
fn what_is_absent_is_not_an_error() {
    let local = Local::new();
    let dir = tempfile::tempdir().unwrap();
    let nothing = dir.path().join("a/b");
    assert_eq!(local.read(&nothing).unwrap(), None);
    assert_eq!(local.metadata(&nothing).unwrap(), None);
    assert_eq!(local.resolve(&nothing).unwrap(), None);
    assert!(local.read_directory(&nothing).unwrap().is_empty());
    assert!(!local.remove_file(&nothing).unwrap());
    assert_eq!(local.random(1024).unwrap().len(), 1024);
}

#[test]
fn the_space_of_a_file_system_is_told() {
    let here = tempfile::tempdir().unwrap();
    let space = Local::new().space(here.path()).unwrap();
    assert!(space.total > 0 && space.available <= space.total, "{space:?}");
    assert_eq!(Local::new().space(&here.path().join("absent")), None);
}
