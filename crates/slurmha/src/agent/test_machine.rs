// SPDX-License-Identifier: Apache-2.0
//! A controller in memory: files, one daemon's process, Pacemaker's answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_host::{
    Command, CommandError, CommandOutput, Exit, FileError, FileKind, Ids, Metadata, System,
};

use super::Daemon;

/// What happens on the machine when a program runs.
type Reaction = Box<dyn Fn(&TestMachine, &Command) + Sync>;

/// A program that the machine has besides: what it answers, when it is one.
type Program = Box<dyn Fn(&Command) -> Option<CommandOutput> + Sync>;

/// What a world does with a program and its arguments: exit status and standard
/// output, or nothing when the machine's own is asked.
type Act<W> = fn(&mut W, &str, &[&str]) -> Option<(i32, String)>;

pub struct TestMachine {
    files: Mutex<BTreeMap<PathBuf, String>>,
    clock: Mutex<Duration>,
    date: Mutex<Timestamp>,
    ran: Mutex<Vec<String>>,
    /// `maintenance-mode`.
    pub maintenance: bool,
    /// crm_mon and crm_resource fail.
    pub pacemaker_is_silent: bool,
    /// Called for each program and, with `sleep`, for each pause.
    pub react: Reaction,
    /// Asked before the machine's own programs.
    pub program: Program,
}

impl TestMachine {
    /// Somebody listens at slurmctld's port, in the form of proc_net_tcp.
    pub fn listen_as_slurmctld(&self) {
        let line = "0: 00000000:1AA1 00000000:0000 0A 00000000:00000000 00:00000000\n";
        self.put("/proc/net/tcp", line);
    }

    /// Its wall clock stands at the epoch until somebody sets it.
    pub fn set_date(&self, date: Timestamp) {
        *self.date.lock().expect("a lock") = date;
    }

    /// On which nothing runs.
    pub fn new() -> Self {
        let machine = Self {
            files: Mutex::default(),
            clock: Mutex::default(),
            date: Mutex::default(),
            ran: Mutex::default(),
            maintenance: false,
            pacemaker_is_silent: false,
            react: Box::new(|_, _| {}),
            program: Box::new(|_| None),
        };
        machine.put("/proc/sys/kernel/hostname", "ctl1\n");
        machine
    }

    /// The same with something else about it.
    pub fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut machine = Self::new();
        change(&mut machine);
        machine
    }

    /// With programs that look at a world and change it, as `act` says.
    pub fn in_world<W: Send + 'static>(world: W, act: Act<W>) -> (Self, Arc<Mutex<W>>) {
        let world = Arc::new(Mutex::new(world));
        let inside = Arc::clone(&world);
        let program = move |command: &Command| {
            let words = command.arguments();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut world = inside.lock().expect("a lock");
            let (status, said) = act(&mut world, command.program(), &words)?;
            Some(CommandOutput::new(command, Exit::Status(status), said.into(), Vec::new()))
        };
        (Self::with(|machine| machine.program = Box::new(program)), world)
    }

    /// Puts a file in place.
    pub fn put(&self, path: impl Into<PathBuf>, text: &str) {
        self.files.lock().expect("a lock").insert(path.into(), text.to_owned());
    }

    /// The daemon's process, as it is from now on.
    pub fn run_process(&self, daemon: Daemon, state: char, ticks: u64) {
        let stat = format!("812 (x) {state} 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 9 0 44 0\n");
        self.put(list(daemon), "812\n");
        self.put("/proc/812/stat", &stat);
        self.put("/proc/812/comm", daemon.program());
    }

    /// The daemon ends.
    pub fn end_process(&self, daemon: Daemon) {
        self.files.lock().expect("a lock").remove(&list(daemon));
    }

    /// Content of a file, empty when there is none.
    pub fn text(&self, path: &str) -> String {
        self.files.lock().expect("a lock").get(Path::new(path)).cloned().unwrap_or_default()
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        self.files.lock().expect("a lock").remove(Path::new(path));
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.lock().expect("a lock").contains_key(Path::new(path))
    }

    /// Programs that ran and begin with this, in their order.
    pub fn ran(&self, start: &str) -> Vec<String> {
        let ran = self.ran.lock().expect("a lock");
        ran.iter().filter(|command| command.starts_with(start)).cloned().collect()
    }

    fn show(&self, command: &Command) -> String {
        let files = self.files.lock().expect("a lock");
        let runs = files.keys().any(|path| {
            let unit = path.parent().filter(|_| path.ends_with("cgroup.procs"));
            let unit = unit.and_then(Path::file_name).and_then(|name| name.to_str());
            unit.is_some_and(|unit| command.arguments().iter().any(|it| it == unit))
        });
        let active = if runs { "active" } else { "inactive" };
        format!("Id=x.service\nLoadState=loaded\nActiveState={active}\n")
    }

    fn answer(&self, command: &Command) -> (i32, String) {
        match command.program() {
            "crm_mon" | "crm_resource" if self.pacemaker_is_silent => (102, String::new()),
            "crm_mon" => (0, crm_mon(self.maintenance)),
            "systemctl" if command.arguments().first().is_some_and(|verb| verb == "show") => {
                (0, self.show(command))
            }
            "crm_resource" | "systemctl" | "sleep" | "attrd_updater" => (0, String::new()),
            "scontrol" => (0, "Slurmctld(primary) at ctl1,ctl2 is UP\n".to_owned()),
            "journalctl" => (0, "1796034776.9 daemon[1]: its last words\n".to_owned()),
            program => panic!("{program} was not expected"),
        }
    }
}

fn list(daemon: Daemon) -> PathBuf {
    format!("/sys/fs/cgroup/system.slice/{}/cgroup.procs", daemon.unit()).into()
}

/// All three daemons started on ctl1; the form of Pacemaker 2.1.5.
fn crm_mon(maintenance: bool) -> String {
    let managed = !maintenance;
    let node = |name: &str| {
        format!(
            r#"<node name="{name}" id="1" online="true" standby="false" standby_onfail="false"
            maintenance="false" pending="false" unclean="false"/>"#
        )
    };
    let resource = |id: &str| {
        format!(
            r#"<resource id="{id}" resource_agent="ocf:slurmha:{id}" role="Started" active="true"
            orphaned="false" blocked="false" managed="{managed}" failed="false"
            failure_ignored="false" nodes_running_on="1"><node name="ctl1" id="1"
            cached="true"/></resource>"#
        )
    };
    let resources = ["slurmctld", "slurmdbd", "mariadb"].map(resource).concat();
    format!(
        r#"<pacemaker-result api-version="2.25"><summary>
        <current_dc present="true" version="2.1.5" name="ctl1" id="1" with_quorum="true"/>
        <cluster_options stonith-enabled="true" maintenance-mode="{maintenance}"/></summary>
        <nodes>{}{}</nodes><resources>{resources}</resources>
        <status code="0" message="OK"/></pacemaker-result>"#,
        node("ctl1"),
        node("ctl2"),
    )
}

impl System for TestMachine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        self.ran.lock().expect("a lock").push(command.pasteable());
        if let Some(output) = (self.program)(command) {
            (self.react)(self, command);
            return Ok(output);
        }
        let (status, text) = self.answer(command);
        (self.react)(self, command);
        Ok(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.files.lock().expect("a lock").get(path).map(|text| text.clone().into_bytes()))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        Ok(self.files.lock().expect("a lock").contains_key(path).then_some(Metadata {
            kind: FileKind::File,
            ids: Ids::root(0o644),
            size: 0,
            modified: Timestamp::UNIX_EPOCH,
            device: (0, 0),
        }))
    }

    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let files = self.files.lock().expect("a lock");
        let entry = |file: &PathBuf| Some(file.strip_prefix(path).ok()?.iter().next()?.to_owned());
        Ok(files.keys().filter_map(entry).map(|name| name.to_string_lossy().into()).collect())
    }

    fn stage(&self, path: &Path, content: &[u8], _: Ids) -> Result<PathBuf, FileError> {
        self.put(path, &String::from_utf8_lossy(content));
        Ok(path.to_owned())
    }

    fn commit(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn make_directory(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        self.put(path, "");
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        Ok(self.files.lock().expect("a lock").remove(path).is_some())
    }

    fn elapsed(&self) -> Duration {
        *self.clock.lock().expect("a lock")
    }

    fn sleep(&self, time: Duration) {
        *self.clock.lock().expect("a lock") += time;
        (self.react)(self, &Command::new("sleep"));
    }

    fn now(&self) -> Timestamp {
        *self.date.lock().expect("a lock")
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(Some(path.to_owned()))
    }

    fn set_access(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        panic!("nothing changes {}", path.display())
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        self.files.lock().expect("a lock").retain(|file, _| !file.starts_with(path));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let mut files = self.files.lock().expect("a lock");
        let inside = files.keys().filter(|file| file.starts_with(from)).cloned();
        for file in inside.collect::<Vec<_>>() {
            let text = files.remove(&file).unwrap_or_default();
            let rest = file.strip_prefix(from).expect("it is inside");
            files.insert(if rest.as_os_str().is_empty() { to.into() } else { to.join(rest) }, text);
        }
        Ok(())
    }

    fn is_claimed(&self, _: &Path) -> Result<bool, FileError> {
        Ok(false)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        Ok(vec![0; count])
    }
}
