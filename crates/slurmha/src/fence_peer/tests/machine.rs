// SPDX-License-Identifier: Apache-2.0
//! ctl1, with a Pacemaker whose answers are given, and a clock that moves
//! when something waits.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::layout::FENCE_PEER_CALL;
use slurmha_host::{Command, CommandError, CommandOutput, Exit, FileError, Ids, Metadata, System};

/// What a program does.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    Text(&'static str),
    Status(i32),
    Hangs,
    /// This, after that many seconds.
    Slowly(&'static str, u64),
}

/// `<node_state>` of a peer that takes part, was lost, was fenced.
pub const MEMBER: Says = Says::Text(
    r#"<node_state in_ccm="true" crmd="online" join="member" expected="member"/><lrm/>"#,
);
pub const LOST: Says = Says::Text(
    r#"<node_state in_ccm="false" crmd="offline" join="down" expected="member"/><lrm/>"#,
);
pub const ERASED: Says =
    Says::Text(r#"<node_state in_ccm="false" crmd="offline" join="down" expected="down"/>"#);

/// The same, on a machine that is short of CPU time.
pub const ERASED_SLOWLY: Says = match ERASED {
    Says::Text(state) => Says::Slowly(state, 12),
    other => other,
};

/// It stopped DRBD and left.
pub const LEFT: Says = Says::Text(
    r#"<node_state in_ccm="false" crmd="offline" join="down" expected="down"/><lrm/>
       <lrm_rsc_op id="drbd_last_0" operation="stop" rc-code="0" op-status="0"/>"#,
);

const HISTORY: &str = r#"<pacemaker-result><list><fence_event action="off" target="ctl2"
    status="success" delegate="ctl1" completed="2026-11-25 07:51:19Z"/></list>
    <status code="0"/></pacemaker-result>"#;

pub struct Machine {
    state: Mutex<Says>,
    later: Mutex<Option<(Duration, Says)>>,
    history: Result<String, Says>,
    fence: Says,
    peer: Mutex<Says>,
    log: Says,
    promoted: &'static str,
    dies_when_marked: bool,
    marks: Mutex<Vec<String>>,
    drbd: Mutex<Option<String>>,
    /// At which looks nothing is read in /proc/drbd, and the one that is next.
    hidden: std::ops::Range<u32>,
    looks: Mutex<u32>,
    clock: Mutex<Duration>,
    ran: Mutex<Vec<String>>,
    notes: Mutex<Vec<String>>,
}

impl Machine {
    /// One whose CIB says this of ctl2, and whose fencer remembers a success.
    pub fn with(state: Says) -> Self {
        let machine = Self {
            state: Mutex::new(state),
            later: Mutex::default(),
            history: Ok(HISTORY.to_owned()),
            fence: Says::Text(""),
            peer: Mutex::new(Says::Text("")),
            log: Says::Text(""),
            promoted: "ctl1",
            dies_when_marked: false,
            marks: Mutex::default(),
            drbd: Mutex::default(),
            hidden: 0..0,
            looks: Mutex::default(),
            clock: Mutex::default(),
            ran: Mutex::default(),
            notes: Mutex::default(),
        };
        machine.connected("UpToDate/DUnknown", "UpToDate/DUnknown");
        machine
    }

    /// From then on the CIB says something else.
    pub fn later(&self, after: Duration, state: Says) {
        *self.later.lock().expect("a lock") = Some((after, state));
    }

    pub fn history(self, says: Says) -> Self {
        Self { history: Err(says), ..self }
    }

    pub fn history_with(self, from: &str, to: &str) -> Self {
        Self { history: Ok(HISTORY.replace(from, to)), ..self }
    }

    pub fn fence(self, fence: Says) -> Self {
        Self { fence, ..self }
    }

    pub fn log(self, log: Says) -> Self {
        Self { log, ..self }
    }

    pub fn peer_answers(self, says: Says) -> Self {
        Self { peer: Mutex::new(says), ..self }
    }

    pub fn promoted_on(self, promoted: &'static str) -> Self {
        Self { promoted, ..self }
    }

    /// It is primary, and its I/O is frozen.
    pub fn frozen(self) -> Self {
        let mut drbd = self.drbd.lock().expect("a lock");
        *drbd = drbd.take().map(|text| text.replace("ro:A/B", "ro:Primary/Unknown"));
        drop(drbd);
        self
    }

    /// From that look on DRBD's state cannot be read for twenty seconds' worth of looks.
    pub fn drbd_hides_after(self, looks: u32) -> Self {
        Self { hidden: looks..looks + 140, ..self }
    }

    pub fn dies_when_marked(self) -> Self {
        Self { dies_when_marked: true, ..self }
    }

    pub fn marked(self, node: &str) -> Self {
        self.marks.lock().expect("a lock").push(node.to_owned());
        self
    }

    pub fn connected(&self, first: &str, second: &str) {
        let text = format!(
            "version: 8.4.11 (api:1/proto:86-101)\n 0: cs:X ro:A/B ds:{first} C r-----\n \
             1: cs:X ro:A/B ds:{second} C r-----\n"
        );
        *self.drbd.lock().expect("a lock") = Some(text);
    }

    pub fn without_drbd(&self) {
        *self.drbd.lock().expect("a lock") = None;
    }

    pub fn marks(&self) -> Vec<String> {
        self.marks.lock().expect("a lock").clone()
    }

    pub fn ran(&self) -> Vec<String> {
        self.ran.lock().expect("a lock").clone()
    }

    /// Files that were written, with their content.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().expect("a lock").clone()
    }

    pub fn did(&self, start: &str) -> bool {
        self.ran().iter().any(|it| it.starts_with(start))
    }

    pub fn now_is(&self) -> Duration {
        *self.clock.lock().expect("a lock")
    }

    fn is_hidden(&self) -> bool {
        let mut looks = self.looks.lock().expect("a lock");
        *looks += 1;
        self.hidden.contains(&(*looks - 1))
    }

    fn current(&self) -> Says {
        match *self.later.lock().expect("a lock") {
            Some((after, state)) if self.now_is() >= after => state,
            _ => *self.state.lock().expect("a lock"),
        }
    }

    fn record(&self, state: &str) -> String {
        let marks: String = self
            .marks()
            .iter()
            .map(|node| format!("<rsc_location id=\"slurmha-outdated-{node}\"/>"))
            .collect();
        format!("<xpath-query><cib have-quorum=\"1\"/>{state}{marks}</xpath-query>")
    }

    fn crm_mon(&self) -> String {
        let node = self.promoted;
        format!(
            "<pacemaker-result><summary><current_dc present=\"false\"/>\
             <cluster_options stonith-enabled=\"true\" maintenance-mode=\"false\"/></summary>\
             <nodes/><resources><resource id=\"drbd\" resource_agent=\"x\" role=\"Promoted\" \
             managed=\"true\" failed=\"false\"><node name=\"{node}\"/></resource></resources>\
             </pacemaker-result>"
        )
    }

    fn cibadmin(&self, arguments: &[String]) -> (Says, String) {
        let has = |flag: &str| arguments.iter().any(|it| it == flag);
        let last = arguments.last().cloned().unwrap_or_default();
        let named = self.marks().iter().position(|node| last.contains(&format!("-{node}'")));
        if has("--local") {
            return match self.current() {
                Says::Text(state) => (Says::Text(""), self.record(state)),
                Says::Slowly(state, seconds) => (Says::Slowly("", seconds), self.record(state)),
                other => (other, String::new()),
            };
        }
        if has("--modify") {
            self.marks.lock().expect("a lock").push("ctl2".to_owned());
            self.marks.lock().expect("a lock").dedup();
            if self.dies_when_marked {
                *self.peer.lock().expect("a lock") = Says::Hangs;
            }
            return (Says::Text(""), String::new());
        }
        if has("--delete") {
            let at = named.expect("the mark is there");
            self.marks.lock().expect("a lock").remove(at);
            return (Says::Text(""), String::new());
        }
        let peer = *self.peer.lock().expect("a lock");
        match peer {
            Says::Text(_) if named.is_none() => (Says::Status(105), String::new()),
            other if has("--node") => (other, String::new()),
            _ => (Says::Text(""), String::new()),
        }
    }
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        self.ran.lock().expect("a lock").push(command.pasteable());
        let arguments = command.arguments();
        let (says, text) = match (command.program(), arguments[0].as_str()) {
            ("cibadmin", _) => self.cibadmin(&arguments),
            ("stonith_admin", "--history") => match &self.history {
                Ok(text) => (Says::Text(""), text.clone()),
                Err(says) => (*says, String::new()),
            },
            ("stonith_admin", "--fence") => (self.fence, String::new()),
            ("crm_mon", _) => (Says::Text(""), self.crm_mon()),
            ("logger", _) => (self.log, String::new()),
            ("drbdadm", "resume-io") => (Says::Text(""), String::new()),
            (program, _) => panic!("{program} was not expected"),
        };
        let status = match says {
            Says::Slowly(_, seconds) if Duration::from_secs(seconds) <= command.limit() => {
                self.sleep(Duration::from_secs(seconds));
                0
            }
            Says::Hangs | Says::Slowly(..) => {
                let after = command.limit();
                self.sleep(after);
                return Err(CommandError::TimedOut { command: command.pasteable(), after });
            }
            Says::Text(_) => 0,
            Says::Status(status) => status,
        };
        Ok(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(match path.to_str() {
            Some("/proc/drbd") if self.is_hidden() => None,
            Some("/proc/drbd") => {
                self.drbd.lock().expect("a lock").as_ref().map(|it| it.as_bytes().to_vec())
            }
            Some("/proc/sys/kernel/hostname") => Some(b"ctl1\n".to_vec()),
            _ => None,
        })
    }

    fn elapsed(&self) -> Duration {
        self.now_is()
    }

    fn sleep(&self, time: Duration) {
        *self.clock.lock().expect("a lock") += time;
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn metadata(&self, _: &Path) -> Result<Option<Metadata>, FileError> {
        Ok(None)
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        Ok(Some(path.to_owned()))
    }

    fn read_directory(&self, _: &Path) -> Result<Vec<String>, FileError> {
        Ok(Vec::new())
    }

    fn stage(&self, path: &Path, content: &[u8], _: Ids) -> Result<PathBuf, FileError> {
        let note = format!("{} {}", path.display(), String::from_utf8_lossy(content));
        self.notes.lock().expect("a lock").push(note);
        Ok(path.to_owned())
    }

    fn commit(&self, _: &Path, _: &Path) -> Result<(), FileError> {
        Ok(())
    }

    fn make_directory(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        assert!(path.starts_with("/run/slurmha"), "{}", path.display());
        Ok(())
    }

    fn set_access(&self, path: &Path, _: Ids) -> Result<(), FileError> {
        panic!("a handler changes nothing: {}", path.display())
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        assert_eq!(path, Path::new(FENCE_PEER_CALL), "a handler removes nothing else");
        Ok(true)
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        panic!("a handler removes nothing: {}", path.display())
    }

    fn rename(&self, path: &Path, _: &Path) -> Result<(), FileError> {
        panic!("a handler renames nothing: {}", path.display())
    }

    fn is_claimed(&self, _: &Path) -> Result<bool, FileError> {
        Ok(false)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        Ok(vec![0; count])
    }
}
