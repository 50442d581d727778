// SPDX-License-Identifier: Apache-2.0
//! A machine whose programs say what a test wants, and a session on it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{getgid, getuid};
use serde_json::{Value, json};
use slurmha_host::program::slurm_user::Submitter;
use slurmha_host::{
    Command, CommandError, CommandOutput, Exit, FileError, Ids, Local, Metadata, System,
};

use crate::portal::session::line::Connection;
use crate::portal::session::serve::{Session, serve};
use crate::portal::session::user::User;

/// What the tokens of this machine's forms begin with.
const MARK: &str = "AbCd";

/// Status, stdout and stderr of a program.
pub type Answer = (i32, &'static str, &'static str);
type Programs = dyn Fn(&Command) -> Answer + Send + Sync;

/// Files are another machine's; programs are a function.
pub struct Machine {
    files: Box<dyn System + Send>,
    programs: Box<Programs>,
    /// What was run, in order.
    pub ran: Arc<Mutex<Vec<Command>>>,
}

impl Machine {
    pub fn new(
        files: impl System + Send + 'static,
        programs: impl Fn(&Command) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self { files: Box::new(files), programs: Box::new(programs), ran: Arc::default() }
    }

    /// The programs that were run.
    pub fn programs(&self) -> Vec<String> {
        names(&self.ran)
    }
}

/// What was run, by the program that is behind env(1).
pub fn names(ran: &Mutex<Vec<Command>>) -> Vec<String> {
    let name = |command: &Command| match command.program() {
        "env" => "sbatch".to_owned(),
        program => program.to_owned(),
    };
    ran.lock().unwrap().iter().map(name).collect()
}

impl System for Machine {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        self.ran.lock().unwrap().push(command.clone());
        let (status, stdout, stderr) = (self.programs)(command);
        Ok(CommandOutput::new(command, Exit::Status(status), stdout.into(), stderr.into()))
    }

    fn sleep(&self, _: Duration) {}

    fn now(&self) -> Timestamp {
        self.files.now()
    }

    fn elapsed(&self) -> Duration {
        self.files.elapsed()
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        self.files.read(path)
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.files.metadata(path)
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        self.files.resolve(path)
    }

    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError> {
        self.files.read_directory(path)
    }

    fn stage(&self, path: &Path, content: &[u8], ids: Ids) -> Result<PathBuf, FileError> {
        self.files.stage(path, content, ids)
    }

    fn commit(&self, staged: &Path, path: &Path) -> Result<(), FileError> {
        self.files.commit(staged, path)
    }

    fn make_directory(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        self.files.make_directory(path, ids)
    }

    fn set_access(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        self.files.set_access(path, ids)
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        self.files.remove_file(path)
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        self.files.remove_tree(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.files.rename(from, to)
    }

    fn is_claimed(&self, device: &Path) -> Result<bool, FileError> {
        self.files.is_claimed(device)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        self.files.random(count)
    }
}

/// The front's end of a session on such a machine, with real files.
pub struct Front {
    stream: BufReader<UnixStream>,
    /// Where the records are.
    pub state: tempfile::TempDir,
    /// What was run, in order.
    pub ran: Arc<Mutex<Vec<Command>>>,
    session: JoinHandle<std::io::Result<()>>,
}

impl Front {
    pub fn new(programs: impl Fn(&Command) -> Answer + Send + Sync + 'static) -> Self {
        let state = tempfile::tempdir().unwrap();
        let machine = Machine::new(Local::new(), programs);
        let ran = Arc::clone(&machine.ran);
        let submitter = Submitter {
            name: "anna".to_owned(),
            home: "/home/anna".to_owned(),
            shell: "/bin/bash".to_owned(),
        };
        let user = User { uid: getuid().as_raw(), gid: getgid().as_raw(), submitter };
        let (here, there) = UnixStream::pair().unwrap();
        here.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mark = MARK.to_owned();
        let session = Session::new(machine, user, state.path().to_owned(), mark);
        let connection = Connection::new(there).unwrap();
        let session = thread::spawn(move || serve(connection, session));
        Self { stream: BufReader::new(here), state, ran, session }
    }

    /// Sends a request.
    pub fn send(&mut self, number: u64, request: &Value) {
        let line = json!({ "number": number, "request": request });
        writeln!(self.stream.get_mut(), "{line}").unwrap();
    }

    /// Sends anything else.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next answer.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What is answered to a request.
    pub fn ask(&mut self, request: &Value) -> Value {
        self.send(7, request);
        let mut answered = self.next();
        assert_eq!(answered["number"], 7);
        answered["answer"].take()
    }

    /// The programs that were run.
    pub fn programs(&self) -> Vec<String> {
        names(&self.ran)
    }

    /// The front goes away.
    pub fn end(self) -> std::io::Result<()> {
        drop(self.stream);
        self.session.join().unwrap()
    }
}
