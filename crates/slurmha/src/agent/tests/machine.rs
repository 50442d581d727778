// SPDX-License-Identifier: Apache-2.0
//! A machine on which programs answer as told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_host::{
    Command, CommandError, CommandOutput, Exit, FileError, FileKind, Ids, Metadata, System,
};

use slurmha_core::layout::{LAST_STOP, RUNTIME_DIRECTORY, STATE_SAVE_LOCATION};
use slurmha_core::plan::VOLUME_MARKER;

use super::super::{Agent, Answer, Parameters, Status, act};

pub const LIMIT: Duration = Duration::from_secs(60);
pub const DAEMONS: [Agent; 3] = [Agent::Slurmctld, Agent::Slurmdbd, Agent::Mariadb];

/// DRBD's resource `slurm_data` with one volume.
#[derive(Clone, Copy)]
pub struct Drbd {
    /// Empty when it is down.
    pub role: &'static str,
    pub connection: &'static str,
    pub disk: &'static str,
    pub peer_disk: &'static str,
    /// At how many looks there is no disk yet.
    pub looks_without: u32,
    /// How often a change of the role or a `down` is still refused.
    pub refusals: u32,
    /// How long each of its programs takes; one that takes longer than it may is ended.
    pub takes: Duration,
    /// It says yes and does nothing.
    pub is_deaf: bool,
    /// `no`, or why its I/O is frozen.
    pub suspended: &'static str,
}

impl Drbd {
    pub const DOWN: Self = Self {
        role: "",
        connection: "Connected",
        disk: "UpToDate",
        peer_disk: "UpToDate",
        looks_without: 0,
        refusals: 0,
        takes: Duration::ZERO,
        is_deaf: false,
        suspended: "no",
    };

    fn run(&mut self, verb: &str) -> (i32, String) {
        let role = match verb {
            "adjust" if self.role.is_empty() => "Secondary",
            "primary" => "Primary",
            "secondary" => "Secondary",
            "down" => "",
            _ => return (0, String::new()),
        };
        if self.is_deaf {
            return (0, String::new());
        }
        if self.refusals > 0 {
            self.refusals -= 1;
            return (11, "State change failed: (-12) Device is held open by someone".to_owned());
        }
        self.role = role;
        (0, String::new())
    }

    /// drbdsetup answers 10 for a resource that is not up.
    fn status(&mut self) -> (i32, String) {
        let disk = if self.looks_without > 0 { "Diskless" } else { self.disk };
        self.looks_without = self.looks_without.saturating_sub(1);
        match self.role {
            "" => (10, String::new()),
            "garbled" => (0, "slurm_data".to_owned()),
            role => (
                0,
                format!(
                    "slurm_data role:{role} suspended:{}\n  volume:0 disk:{disk}\n  ctl2 \
                     connection:{} role:Unknown\n    volume:0 peer-disk:{}\n",
                    self.suspended, self.connection, self.peer_disk
                ),
            ),
        }
    }
}

/// A machine on which one unit is in one state, and programs answer as told.
pub struct Machine {
    pub active: Mutex<&'static str>,
    pub mounted: bool,
    pub has_cache: bool,
    pub start: Result<&'static str, i32>,
    pub stop: &'static str,
    pub kill: &'static str,
    pub answers: bool,
    pub systemd_hangs: bool,
    /// An earlier hold has not ended.
    pub reservation_lasts: bool,
    pub clock: Mutex<Duration>,
    pub ran: Mutex<Vec<String>>,
    /// When the program that was given the most time would have been ended.
    pub latest_end: Mutex<Duration>,
    /// Files that are there from the beginning or were written.
    pub files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    /// Launches under way: one less at each question.
    pub launches: Mutex<u64>,
    /// What `sinfo --list-reasons` says the next time.
    pub drained: Mutex<&'static str>,
    /// What is mounted on `/srv/v`: the device and `rw` or `ro`.
    pub volume: Mutex<Option<(String, &'static str)>>,
    /// How often an unmount still says that the volume is busy.
    pub busy: Mutex<u32>,
    pub drbd: Mutex<Drbd>,
    /// No address can be deleted.
    pub address_stays: bool,
    /// Lines of `ip -oneline -4 address show`.
    pub addresses: Mutex<Vec<String>>,
}

impl Machine {
    pub fn with(active: &'static str) -> Self {
        Self {
            active: Mutex::new(active),
            mounted: true,
            has_cache: true,
            start: Ok("active"),
            stop: "inactive",
            kill: "failed",
            answers: true,
            systemd_hangs: false,
            reservation_lasts: false,
            clock: Mutex::new(Duration::ZERO),
            ran: Mutex::new(Vec::new()),
            latest_end: Mutex::new(Duration::ZERO),
            files: Mutex::new(BTreeMap::new()),
            launches: Mutex::new(2),
            drained: Mutex::new(""),
            volume: Mutex::new(None),
            busy: Mutex::new(0),
            drbd: Mutex::new(Drbd::DOWN),
            address_stays: false,
            addresses: Mutex::new(vec![
                "2: eth0    inet 10.1.0.11/24 scope global eth0".to_owned(),
            ]),
        }
    }

    /// One whose volume a slurmctld ran on; the note says how it ended.
    pub fn after(note: &str) -> Self {
        let machine = Self::with("inactive");
        let mut table = b"\0\0\0\x11PROTOCOL_VERSION\0".to_vec();
        table.extend([0; 10]);
        table.extend(50u32.to_be_bytes());
        machine.put(&Path::new(STATE_SAVE_LOCATION).join("job_state"), &table);
        machine.put(Path::new(LAST_STOP), note.as_bytes());
        machine
    }

    pub fn put(&self, path: &Path, content: &[u8]) {
        self.files.lock().expect("a lock").insert(path.to_owned(), content.to_vec());
    }

    pub fn file(&self, path: &str) -> Option<String> {
        let files = self.files.lock().expect("a lock");
        files.get(Path::new(path)).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub fn ran(&self) -> String {
        self.ran.lock().expect("a lock").join("\n")
    }

    pub fn status(&self, daemon: Agent, action: &str) -> Status {
        self.act(daemon, action).status
    }

    pub fn act(&self, daemon: Agent, action: &str) -> Answer {
        act(self, daemon, action, &Parameters::default(), LIMIT)
    }

    /// Not of a unit that does something else.
    fn is_of_running_daemon(&self, list: &Path) -> bool {
        let is_daemon = ["slurmctld", "slurmdbd", "mariadb"]
            .iter()
            .any(|name| list.starts_with(format!("{name}.service")));
        is_daemon && !matches!(*self.active.lock().expect("a lock"), "inactive" | "failed")
    }

    fn unmount(&self) -> (i32, String) {
        let mut busy = self.busy.lock().expect("a lock");
        if *busy > 0 {
            *busy -= 1;
            return (32, "target is busy".to_owned());
        }
        *self.volume.lock().expect("a lock") = None;
        (0, String::new())
    }

    fn mountinfo(&self) -> Vec<u8> {
        let volume = self.volume.lock().expect("a lock");
        let line = volume.as_ref().map(|(device, access)| {
            format!("36 35 147:0 / /srv/v rw,noatime - ext4 {device} {access}\n")
        });
        line.unwrap_or_default().into_bytes()
    }

    /// DRBD's programs and Pacemaker's may be slow, and get two seconds to end.
    fn take_time(&self, command: &Command) -> Result<(), CommandError> {
        if !matches!(command.program(), "drbdadm" | "drbdsetup" | "attrd_updater") {
            return Ok(());
        }
        let takes = self.drbd.lock().expect("a lock").takes;
        let after = command.limit();
        if takes <= after {
            self.sleep(takes);
            return Ok(());
        }
        self.sleep(after + Duration::from_secs(2));
        Err(CommandError::TimedOut { command: command.pasteable(), after })
    }

    fn output(command: &Command, status: i32, text: &str) -> CommandOutput {
        CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new())
    }
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        self.ran.lock().expect("a lock").push(command.pasteable());
        let mut latest = self.latest_end.lock().expect("a lock");
        *latest = (*latest).max(self.elapsed() + command.limit());
        self.take_time(command)?;
        let arguments = command.arguments();
        let mut active = self.active.lock().expect("a lock");
        let (status, text) = match (command.program(), arguments.first().map(String::as_str)) {
            ("systemctl", _) if self.systemd_hangs => {
                let command = command.pasteable();
                return Err(CommandError::TimedOut { command, after: LIMIT });
            }
            ("systemctl", Some("show")) => (
                0,
                format!(
                    "Id=x.service\nLoadState=loaded\nActiveState={active}\nUnitFileState=disabled\n\
                     ActiveEnterTimestamp=\nNeedDaemonReload=no\n"
                ),
            ),
            ("systemctl", Some("start")) => match self.start {
                Ok(state) => {
                    *active = state;
                    (0, String::new())
                }
                Err(status) => (status, String::new()),
            },
            ("systemctl", Some("stop")) => {
                *active = self.stop;
                (0, String::new())
            }
            ("systemctl", Some("kill")) => {
                *active = self.kill;
                (0, String::new())
            }
            ("scontrol", Some("create")) if self.reservation_lasts => (1, String::new()),
            ("scontrol", Some("create" | "delete" | "update" | "release" | "reconfigure")) => {
                (0, String::new())
            }
            ("sinfo", _) if arguments.iter().any(|it| it == "--list-reasons") => {
                (0, std::mem::take(&mut *self.drained.lock().expect("a lock")).to_owned())
            }
            ("squeue", _) => (0, "7|launch failed requeued held\n8|Priority\n".to_owned()),
            ("sdiag", _) => {
                let mut launches = self.launches.lock().expect("a lock");
                let text = format!("Agent queue size: 0\nAgent count: {}\n", *launches);
                *launches = launches.saturating_sub(1);
                (0, text)
            }
            ("sinfo", _) => (0, "cn1 idle\ncn2 mixed\n".to_owned()),
            ("journalctl", Some("--sync")) => (0, String::new()),
            ("journalctl", _) if arguments.iter().any(|it| it.starts_with("--since")) => {
                (0, "error: Registered PENDING JobId=7 StepId=7.batch on node cn1\n".to_owned())
            }
            ("scontrol", _) if self.answers => {
                (0, "Slurmctld(primary) at ctl1,ctl2 is UP\n".to_owned())
            }
            ("scontrol", _) => (1, "Slurmctld(primary) at ctl1,ctl2 is DOWN\n".to_owned()),
            ("mariadb", _) => (i32::from(!self.answers), "1\n".to_owned()),
            ("mount", _) => {
                let device = arguments[arguments.len() - 2].clone();
                *self.volume.lock().expect("a lock") = Some((device, "rw"));
                (0, String::new())
            }
            ("umount", _) => self.unmount(),
            ("ip", Some("-oneline")) => (0, self.addresses.lock().expect("a lock").join("\n")),
            ("ip", Some("address")) if self.address_stays => (2, String::new()),
            ("ip", Some("address")) => {
                let (verb, address) = (arguments[1].as_str(), &arguments[2]);
                let line = format!("2: eth0    inet {address} scope global secondary eth0");
                let mut addresses = self.addresses.lock().expect("a lock");
                match verb {
                    "add" => addresses.push(line),
                    _ => addresses.retain(|it| {
                        !(it.contains(&format!(": {} ", arguments[4]))
                            && it.contains(&format!("inet {address} ")))
                    }),
                }
                (0, String::new())
            }
            ("drbdadm", Some(verb)) => self.drbd.lock().expect("a lock").run(verb),
            ("drbdsetup", _) => self.drbd.lock().expect("a lock").status(),
            ("attrd_updater", _) => (0, String::new()),
            ("slurmctld", Some("-V")) => (0, "slurm-wlm 22.05.8\n".to_owned()),
            ("kill", _) => (0, String::new()),
            (program, _) if program.ends_with("send_arp") => (0, String::new()),
            ("systemd-run", _) => (0, String::new()),
            ("journalctl", _) => (0, "1796034776.9 daemon[1]: its last words\n".to_owned()),
            (program, _) => panic!("{program} was not expected"),
        };
        Ok(Self::output(command, status, &text))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        if let Some(content) = self.files.lock().expect("a lock").get(path) {
            return Ok(Some(content.clone()));
        }
        if path == Path::new("/proc/self/mountinfo") {
            return Ok(Some(self.mountinfo()));
        }
        if let Ok(unit) = path.strip_prefix("/sys/fs/cgroup/system.slice") {
            return Ok(self.is_of_running_daemon(unit).then(|| b"812\n".to_vec()));
        }
        if path == Path::new("/proc/812/stat") {
            return Ok(Some(b"812 (x) S 1 1 1 0 -1 0 0 0 0 0 1 0 0 0 20 0 9 0 44 0\n".to_vec()));
        }
        // Ports 6817 and 6819 in the form of proc_net_tcp.
        let line = "0: 00000000:1AA1 00000000:0000 0A 00000000:00000000 00:00000000\n\
            1: 00000000:1AA3 00000000:0000 0A 00000000:00000000 00:00000000\n";
        let listens = self.answers && path == Path::new("/proc/net/tcp");
        Ok(listens.then(|| line.as_bytes().to_vec()))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let is_cache = path.ends_with("last_tres") && self.has_cache;
        let is_directory = path == Path::new("/srv/v");
        let exists = self.mounted && (is_cache || is_directory || path.ends_with(VOLUME_MARKER));
        let size = self.files.lock().expect("a lock").get(path).map(Vec::len);
        let size = size.or(exists.then_some(1));
        Ok(size.map(|size| Metadata {
            kind: FileKind::File,
            ids: Ids::root(0o644),
            size: size as u64,
            modified: Timestamp::UNIX_EPOCH,
            device: (0, 0),
        }))
    }

    fn elapsed(&self) -> Duration {
        *self.clock.lock().expect("a lock")
    }

    fn sleep(&self, time: Duration) {
        *self.clock.lock().expect("a lock") += time;
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    /// Process 77 has a file open on the volume, 78 has not.
    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(Some(match path.to_str() {
            Some("/proc/77/fd/4") => "/srv/v/a/file".into(),
            _ => path.to_owned(),
        }))
    }

    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let names: &[&str] = match path.to_str() {
            Some("/proc") => &["77", "78", "self", "version"],
            Some("/proc/77/fd" | "/proc/78/fd") => &["0", "4"],
            _ => &[],
        };
        Ok(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn stage(&self, path: &Path, content: &[u8], _: Ids) -> Result<PathBuf, FileError> {
        let on_volume = !path.starts_with(RUNTIME_DIRECTORY);
        assert!(self.mounted || !on_volume, "{} is not on the volume", path.display());
        self.put(path, content);
        Ok(path.to_owned())
    }

    fn commit(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn make_directory(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        assert_eq!(path, Path::new(RUNTIME_DIRECTORY));
        Ok(())
    }

    fn set_access(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        panic!("an agent changes nothing: {}", path.display())
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        assert!(path.starts_with(RUNTIME_DIRECTORY), "{}", path.display());
        Ok(self.files.lock().expect("a lock").remove(path).is_some())
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        panic!("an agent removes nothing: {}", path.display())
    }

    fn rename(&self, path: &Path, _: &Path) -> Result<(), FileError> {
        panic!("an agent renames nothing: {}", path.display())
    }

    fn is_claimed(&self, _: &Path) -> Result<bool, FileError> {
        Ok(false)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        Ok(vec![0; count])
    }
}
