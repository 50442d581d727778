// SPDX-License-Identifier: Apache-2.0
//! ssh and the exchanges through it, with a script in the place of ssh.

use std::io::Write as _;

use slurmha_core::config_file::{Access, Directory};
use slurmha_core::observe::ObserveRequest;
use slurmha_core::plan::Step;

use super::*;
use crate::remote::Remote;

const LIMIT: Duration = Duration::from_secs(20);

/// A directory with a program that stands in for ssh.
fn fake_ssh(script: &str) -> (TempDir, Ssh) {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("ssh");
    write_program(&program, script);
    (dir, Ssh::new("root").with_program(program.to_string_lossy()))
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
        .unwrap();
    write!(shell.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
    assert!(shell.wait().unwrap().success());
}

fn explain(script: &str) -> String {
    let (_dir, ssh) = fake_ssh(script);
    let error = ssh.run_command("ctl1", &["true"], b"", LIMIT).unwrap_err();
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

/// Messages of OpenSSH 9.2.
#[test]
fn the_words_of_ssh_are_understood() {
    let program = |text: &str| format!("echo '{text}' >&2; exit 255");
    let refused = "ssh: connect to host ctl1 port 22: Connection refused";
    insta::with_settings!({filters => vec![("/[^ ]*/ssh", "ssh")]}, {
        insta::assert_snapshot!(explain(&program(refused)), @r##"
ctl1 cannot be reached: ssh: connect to host ctl1 port 22: Connection refused
hint: ssh root@ctl1 true
"##);
        insta::assert_snapshot!(explain(&program("root@ctl1: Permission denied (publickey).")), @r##"
ctl1 denies the login: root@ctl1: Permission denied (publickey).
hint: ssh root@ctl1 true
"##);
        insta::assert_snapshot!(explain(&program("Host key verification failed.")), @r##"
the host key of ctl1 is not known yet
hint: compare the key and accept it: ssh root@ctl1 true
"##);
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.";
        insta::assert_snapshot!(explain(&program(changed)), @r##"
ctl1 shows another host key than the known one
hint: if the machine was installed anew: ssh-keygen -R ctl1; then ssh root@ctl1 true
"##);
        let lost = "echo '{}'; echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255";
        insta::assert_snapshot!(explain(lost), @r##"
the connection to ctl1 was lost: client_loop: send disconnect: Broken pipe
hint: run the same command again: it completes what is left
"##);
    });
}

#[test]
fn the_program_that_is_missing_here_is_named() {
    let ssh = Ssh::new("root").with_program("/nonexistent/ssh");
    let error = ssh.run_command("ctl1", &["true"], b"", LIMIT).unwrap_err();
    assert!(error.to_string().starts_with("cannot run ssh for ctl1"), "{error}");
}

#[test]
fn a_host_that_says_nothing_costs_no_more_than_its_time() {
    let (_dir, ssh) = fake_ssh("sleep 60");
    let limit = Duration::from_millis(300);
    let error = ssh.run_command("ctl1", &["true"], b"", limit).unwrap_err();
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error}");
}

/// A machine that is busy at first: its tries are counted, the third succeeds.
fn busy_at_first(words: &str) -> (TempDir, Ssh) {
    fake_ssh(&format!(
        "cd \"$(dirname \"$0\")\"; echo >>tries; test $(wc -l <tries) -ge 3 && exec echo here\n\
         echo '{words}' >&2; exit 255"
    ))
}

#[test]
fn a_machine_that_takes_the_connection_and_is_busy_is_asked_again() {
    let (_dir, ssh) = busy_at_first("Connection timed out during banner exchange");
    let ssh = ssh.with_greeting_timeout(LIMIT);
    let output = ssh.run_command("ctl1", &["true"], b"", LIMIT).unwrap();
    assert_eq!(output.text().trim(), "here");
}

#[test]
fn nobody_else_is_asked_twice() {
    let tries = |dir: &TempDir| std::fs::read_to_string(dir.path().join("tries")).unwrap().len();
    let (gone, ssh) = busy_at_first("ssh: connect to host ctl1 port 22: Connection timed out");
    let ssh = ssh.with_greeting_timeout(LIMIT);
    ssh.run_command("ctl1", &["true"], b"", LIMIT).unwrap_err();
    assert_eq!(tries(&gone), 1, "a machine that is gone");
    let (glanced_at, ssh) = busy_at_first("Connection timed out during banner exchange");
    ssh.run_command("ctl1", &["true"], b"", LIMIT).unwrap_err();
    assert_eq!(tries(&glanced_at), 1, "without patience");
}

#[test]
fn words_arrive_as_they_were_sent() {
    // The last argument is what the remote shell gets.
    let (_dir, ssh) = fake_ssh("for last; do :; done; exec sh -c \"$last\"");
    let words = ["printf", "%s|", "a b", "$HOME", "it's", ""];
    let output = ssh.run_command("ctl1", &words, b"", LIMIT).unwrap();
    assert_eq!(output.text(), "a b|$HOME|it's||");
}

/// A machine whose root is a directory: the script runs remote commands here.
struct Machine {
    dir: TempDir,
    remote: Remote,
}

impl Machine {
    fn new(node: &str) -> Self {
        Self::with_login("", node)
    }

    /// One whose login shell does this before each command.
    fn with_login(login: &str, node: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_string_lossy().into_owned();
        let script = format!(
            "echo x >>{root}/connections; for last; do :; done; PATH={root}/sbin:$PATH\n{login}\n\
             exec sh -c \"$(printf %s \"$last\" | sed 's:/var/lib/slurmha:{root}/lib:g; \
             s:/usr/local/sbin:{root}/sbin:g')\""
        );
        let program = dir.path().join("ssh");
        write_program(&program, &script);
        let executable = dir.path().join("slurmha");
        write_program(&executable, node);
        let ssh = Ssh::new("root").with_program(program.to_string_lossy());
        Self { remote: Remote::with_executable(ssh, executable), dir }
    }

    fn connections(&self) -> usize {
        let text = std::fs::read_to_string(self.dir.path().join("connections")).unwrap();
        text.lines().count()
    }

    fn apply(&self, steps: &[Step]) -> Result<usize, RemoteError> {
        let mut events = 0;
        self.remote.apply("ctl1", steps, &mut |_| events += 1, LIMIT).map(|()| events)
    }
}

fn steps() -> Vec<Step> {
    let directory = Directory { path: "/x".into(), access: Access::root(0o755) };
    vec![Step::MakeDirectory(directory), Step::ReloadSystemd]
}

/// A `slurmha node observe` that reads the request and answers.
fn observes() -> String {
    let observation = serde_json::to_string(&slurmha_core::observe::Observation {
        hostname: "ctl1".to_owned(),
        ..Default::default()
    });
    format!(
        "test \"$*\" = 'node observe' || exit 9\ncat >/dev/null\necho Welcome!\necho '{}'",
        observation.unwrap()
    )
}

#[test]
fn the_binary_is_sent_once_and_then_one_exchange_is_enough() {
    let machine = Machine::new(&observes());
    let observe = || machine.remote.observe("ctl1", &ObserveRequest::default(), LIMIT);
    assert_eq!(observe().unwrap().hostname, "ctl1");
    assert_eq!(machine.connections(), 3, "missing, upload, exchange");
    assert_eq!(observe().unwrap().hostname, "ctl1");
    assert_eq!(machine.connections(), 4);
    let link = std::fs::read_link(machine.dir.path().join("sbin/slurmha")).unwrap();
    assert!(link.to_string_lossy().contains("/lib/bin/slurmha-"), "{link:?}");
}

/// As of a .bashrc that greets, and sets the terminal's title.
const GREETING: &str = "echo 'Welcome to ctl1'; echo '{}'; printf '\\033]0;ctl1\\007'";

#[test]
fn a_login_shell_that_prints_hides_neither_the_missing_binary_nor_the_answer() {
    let machine = Machine::with_login(GREETING, &observes());
    let observed = machine.remote.observe("ctl1", &ObserveRequest::default(), LIMIT);
    assert_eq!(observed.unwrap().hostname, "ctl1");
    assert_eq!(machine.connections(), 3, "missing, upload, exchange");
    let done = "cat >/dev/null\nfor step in 0 1; do\n\
                echo \"{\\\"event\\\":\\\"done\\\",\\\"step\\\":$step,\\\"outcome\\\":\\\"changed\\\"}\"\ndone";
    assert_eq!(Machine::with_login(GREETING, done).apply(&steps()).unwrap(), 2);
}

#[test]
fn a_greeting_is_no_move_of_pacemakers() {
    let moves = "test \"$*\" = 'node simulate' || exit 9\ncat >/dev/null\n\
                 printf '%s\\n' '{\"moves\":\"  * Move vip\\n\"}'";
    let machine = Machine::with_login(GREETING, moves);
    let told = machine.remote.simulate("ctl1", "<configuration/>", LIMIT).unwrap();
    assert_eq!(told, "  * Move vip\n");
}

#[test]
fn what_was_printed_instead_of_an_answer_is_told() {
    let machine = Machine::new("cat >/dev/null; echo 'this account is closed'");
    let error = machine.remote.observe("ctl1", &ObserveRequest::default(), LIMIT).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ctl1: the answer of slurmha cannot be understood: there is none; the last that it \
         printed: this account is closed"
    );
}

#[test]
fn steps_are_reported_as_they_end() {
    let done = r#"echo '{"event":"started","step":0}'
        echo '{"event":"done","step":0,"outcome":"changed"}'
        echo '{"event":"started","step":1}'
        echo '{"event":"done","step":1,"outcome":"unchanged"}'"#;
    assert_eq!(Machine::new(done).apply(&steps()).unwrap(), 4);
}

#[test]
fn what_was_at_work_when_it_ended_is_named() {
    let say = |node: &str| {
        let error = Machine::new(node).apply(&steps()).unwrap_err();
        format!("{error}\nhint: {}", error.hint().unwrap_or_default())
    };
    let started = "echo '{\"event\":\"started\",\"step\":0}'";
    insta::assert_snapshot!(say(&format!("{started}; echo 'broken pipe' >&2; exit 255")), @r##"
the connection to ctl1 was lost: broken pipe (while `make directory /x` was at work on ctl1)
hint: run the same command again: it completes what is left
"##);
    insta::assert_snapshot!(say(&format!("{started}; echo 'thread main panicked' >&2; exit 101")), @r##"
ctl1: slurmha ended there with exit status 101: thread main panicked (while `make directory /x` was at work on ctl1)
hint: run the same command again: it completes what is left
"##);
    let failed = r#"echo '{"event":"failed","step":1,"message":"no","hint":"try","refused":true}'"#;
    insta::assert_snapshot!(say(failed), @r##"
ctl1: no
hint: try
"##);
    insta::assert_snapshot!(say("true"), @r##"
ctl1: the answer of slurmha cannot be understood: 0 of 2 steps were reported
hint:
"##);
    insta::assert_snapshot!(say("echo '{\"event\":'"), @r##"
ctl1: the answer of slurmha cannot be understood: EOF while parsing a value at line 1 column 9
hint:
"##);
    insta::assert_snapshot!(say("echo 'sudo: a password is required' >&2; exit 1"), @r##"
ctl1: sudo does not let us become root: sudo: a password is required
hint: let the user run `sudo -n true` on ctl1 without a password
"##);
}

#[test]
fn the_path_of_a_shared_connection_fits_into_a_socket_address() {
    let control = control_directory().unwrap();
    // `/` and %C (40), and what ssh appends while it binds (17).
    assert!(control.path().as_os_str().len() + 58 <= 107, "{control:?}");
}

#[test]
fn directories_of_ended_processes_are_removed() {
    let base = tempfile::tempdir().unwrap();
    let directory = |id: u32| base.path().join(format!("{CONTROL_PREFIX}{id}-abc"));
    // No process has an id above PID_MAX_LIMIT (2^22).
    let (gone, alive) = (directory(4_194_305), directory(std::process::id()));
    std::fs::create_dir(&gone).unwrap();
    std::fs::create_dir(&alive).unwrap();
    remove_left_over(base.path());
    assert!(!gone.exists() && alive.exists());
}
