// SPDX-License-Identifier: Apache-2.0
//! The record of a submission: a file for each token, in a directory that is the
//! user's.
//!
//! Lines are only ever added, and each is on the disk before what it announces. Whoever
//! works on a submission holds the file's lock (flock(2)), which ends with the process,
//! so that a second request for it sees that the first is under way.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use slurmha_core::portal::submission::{Line, Record, Token, recorded_contents};
use slurmha_host::System;

/// How long a record is of use: no form is older, and no job that was submitted in it
/// is looked for.
const KEPT_DAYS: i64 = 30;
/// How many records a user can have: a bound for whoever submits without end.
const MOST_RECORDS: usize = 20_000;
/// The longest record that is read, in bytes; a line has about 30.
const LONGEST: u64 = 64 * 1024;

/// A record that this process, and this thread of it, works on.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
    /// What stood in it.
    pub record: Record,
    /// What was sent last, if anything was.
    pub contents: Option<String>,
}

impl RecordFile {
    /// The record of a submission, made when there is none; `None` when somebody works
    /// on it.
    pub fn open(directory: &Path, token: &Token) -> io::Result<Option<Self>> {
        let path = directory.join(token.as_str());
        loop {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
                .open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // It may have been removed between the two calls; its lock keeps nobody away.
            if file.metadata()?.nlink() == 0 {
                continue;
            }
            let mut bytes = Vec::new();
            (&file).take(LONGEST).read_to_end(&mut bytes)?;
            let text = String::from_utf8_lossy(&bytes);
            let record = Record::parse(&text);
            let contents = recorded_contents(&text);
            // What was being written when the machine died must not swallow a new line.
            if !text.is_empty() && !text.ends_with('\n') {
                (&file).write_all(b"\n")?;
            }
            return Ok(Some(Self { path, file, record, contents }));
        }
    }

    /// Adds a line; it is on the disk when this returns.
    pub fn add(&mut self, line: Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.file.sync_all()?;
        // The name in the directory as well (fsync(2)).
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        File::open(directory)?.sync_all()
    }

    /// Removes the record: the submission is known to have become nothing.
    pub fn forget(self) -> io::Result<()> {
        remove_file(&self.path)
    }
}

/// Whether there is room for another record.
pub fn is_full(system: &dyn System, directory: &Path) -> bool {
    system.read_directory(directory).is_ok_and(|names| names.len() >= MOST_RECORDS)
}

/// Removes what is older than [`KEPT_DAYS`]. What cannot be removed is tried again at
/// the next sign-in.
pub fn sweep(system: &dyn System, directory: &Path) {
    let oldest = system.now().as_second() - KEPT_DAYS * 24 * 3600;
    for name in system.read_directory(directory).unwrap_or_default() {
        let path = directory.join(name);
        let metadata = system.metadata(&path).ok().flatten();
        if metadata.is_some_and(|metadata| metadata.modified.as_second() < oldest) {
            let _ = system.remove_file(&path);
        }
    }
}
