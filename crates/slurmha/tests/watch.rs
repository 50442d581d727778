// SPDX-License-Identifier: Apache-2.0
//! `status --watch` on a real pseudo-terminal: whatever ends it, the terminal
//! is given back as it was. No machine is reached: ssh's way leads nowhere.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

const LAB_SITE: &str = include_str!("../../../examples/lab/site.toml");
/// What xterm and all that came after it do at `smcup` and `rmcup`.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
/// Far more than it takes; only a test that fails waits for so long.
const LIMIT: Duration = Duration::from_secs(300);

/// `slurmha status --watch` on a terminal of 80 columns and 24 rows.
struct Watch {
    child: Child,
    /// The side of whoever types and looks.
    person: Option<File>,
    /// The program's side, kept open to see what it is left like.
    terminal: OwnedFd,
    output: Option<Receiver<Vec<u8>>>,
    seen: String,
    _home: tempfile::TempDir,
}

impl Watch {
    #[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("site.toml"), LAB_SITE).expect("a site");
        let nowhere = "Host *\n  ProxyCommand false\n";
        std::fs::write(home.path().join("ssh_config"), nowhere).expect("a configuration");
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let person = openpt(flags).expect("a terminal");
        grantpt(&person).expect("it is ours");
        unlockpt(&person).expect("it is open");
        let terminal = ioctl_tiocgptpeer(&person, flags).expect("its other side");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&person, size).expect("it has a size");
        let side = || Stdio::from(terminal.try_clone().expect("one more"));
        let child = Command::new(env!("CARGO_BIN_EXE_slurmha"))
            .args(["status", "site.toml", "--watch", "--ssh-config", "ssh_config"])
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .current_dir(home.path())
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("slurmha starts");
        let person = File::from(person);
        let mut reader = person.try_clone().expect("one more");
        let (send, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes) {
                if count == 0 || send.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let (person, output) = (Some(person), Some(output));
        Self { child, person, terminal, output, seen: String::new(), _home: home }
    }

    /// Waits until this has been written.
    fn wait_for(&mut self, text: &str) {
        let began = Instant::now();
        while !self.seen.contains(text) {
            // The screen is drawn each second, so that something always comes.
            match self.output().recv_timeout(LIMIT.saturating_sub(began.elapsed())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} did not come: {:?}", self.seen)
                }
            }
        }
    }

    fn output(&self) -> &Receiver<Vec<u8>> {
        self.output.as_ref().expect("somebody looks")
    }

    fn type_in(&mut self, keys: &[u8]) {
        let person = self.person.as_mut().expect("somebody types");
        person.write_all(keys).expect("the terminal takes it");
    }

    /// Whether lines are read and echoed, as a shell wants it.
    fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.terminal).expect("its modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// It has drawn: unknown is what nobody could be asked about.
    fn drawn(mut self) -> Self {
        self.wait_for(ENTER);
        self.wait_for("unknown");
        assert!(!self.is_cooked(), "keys come one by one");
        self
    }

    fn left(mut self) {
        self.wait_for(LEAVE);
        self.ends();
        assert!(self.is_cooked(), "the terminal is as it was");
    }

    fn ends(&mut self) {
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            if let Some(status) = self.child.try_wait().expect("a child") {
                assert!(status.success(), "{status}: {:?}", self.seen);
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end: {:?}", self.seen);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn q_and_control_c_give_the_terminal_back() {
    for keys in [b"q", b"\x03", b"\x1b"] {
        let mut watch = Watch::start().drawn();
        watch.type_in(keys);
        watch.left();
    }
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let watch = Watch::start().drawn();
        kill_process(Pid::from_child(&watch.child), signal).expect("it is there");
        watch.left();
    }
}

/// The window was closed, or the connection to the machine was lost; a
/// program in no session of the terminal's gets no signal for that.
#[test]
fn a_terminal_that_is_gone_ends_it() {
    let mut watch = Watch::start().drawn();
    // Whoever reads along goes when the next screen comes.
    (watch.person, watch.output) = (None, None);
    watch.ends();
}

#[test]
fn the_help_comes_and_goes() {
    let mut watch = Watch::start().drawn();
    watch.type_in(b"?");
    // Only signs that were not there before are written.
    watch.wait_for("Ctrl-C");
    watch.type_in(b"?q");
    watch.left();
}
