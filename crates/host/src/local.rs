// SPDX-License-Identifier: Apache-2.0
//! The machine that this process runs on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid, chownat, major, minor, open};
use rustix::rand::{GetRandomFlags, getrandom};
use slurmha_core::observe::Space;

use crate::child;
use crate::clock;
use crate::command::{Command, CommandError, CommandOutput};
use crate::echo;
use crate::system::{FileError, FileKind, Ids, Metadata, System, staging_path};

/// The machine that this process runs on.
#[derive(Debug)]
pub struct Local {
    started: Instant,
    /// By how much the wall clock was ahead of the one that nobody sets, when
    /// its steps are not to be told.
    lead: Option<Duration>,
}

impl Local {
    /// Access to this machine.
    pub fn new() -> Self {
        Self { started: Instant::now(), lead: None }
    }

    /// The same, with a [`now`](System::now) that goes on as it began: whoever
    /// sets the wall clock meanwhile, right or wrong, does not change it.
    pub fn steady() -> Self {
        Self { lead: Some(clock::lead()), ..Self::new() }
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl System for Local {
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError> {
        child::run(command, false, &mut |_| true)
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        absent_is_none(fs::read(path)).map_err(|e| FileError::new("read", path, e))
    }

    fn read_start(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        let error = |e| FileError::new("read", path, e);
        let Some(file) = absent_is_none(File::open(path)).map_err(error)? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(limit);
        file.take(limit as u64).read_to_end(&mut bytes).map_err(error)?;
        Ok(Some(bytes))
    }

    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let found = absent_is_none(fs::symlink_metadata(path))
            .map_err(|e| FileError::new("look at", path, e))?;
        found.map(|metadata| describe(&metadata, path)).transpose()
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        absent_is_none(fs::canonicalize(path)).map_err(|e| FileError::new("resolve", path, e))
    }

    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let error = |e| FileError::new("list", path, e);
        let Some(entries) = absent_is_none(fs::read_dir(path)).map_err(error)? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(error)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn stage(&self, path: &Path, content: &[u8], ids: Ids) -> Result<PathBuf, FileError> {
        let staged = staging_path(path);
        self.remove_file(&staged)?;
        write_synced(&staged, content, ids).map_err(|e| {
            // A half-written file is of no use; the write error is the news.
            let _ = fs::remove_file(&staged);
            FileError::new("write", &staged, e)
        })?;
        Ok(staged)
    }

    fn commit(&self, staged: &Path, path: &Path) -> Result<(), FileError> {
        self.rename(staged, path)
    }

    fn make_directory(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        // Closed to everyone else until the owner is right.
        let made = fs::DirBuilder::new().mode(0o700).create(path);
        made.map_err(|e| FileError::new("make directory", path, e))?;
        self.set_access(path, ids)?;
        sync_parent(path)
    }

    fn set_access(&self, path: &Path, ids: Ids) -> Result<(), FileError> {
        set_access(path, ids).map_err(|e| FileError::new("set the access of", path, e))
    }

    fn remove_file(&self, path: &Path) -> Result<bool, FileError> {
        absent_is_none(fs::remove_file(path))
            .map(|removed| removed.is_some())
            .map_err(|e| FileError::new("remove", path, e))
    }

    fn remove_tree(&self, path: &Path) -> Result<(), FileError> {
        absent_is_none(fs::remove_dir_all(path))
            .map(|_| ())
            .map_err(|e| FileError::new("remove", path, e))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        fs::rename(from, to).map_err(|e| FileError::new("replace", to, e))?;
        sync_parent(to)
    }

    fn is_claimed(&self, device: &Path) -> Result<bool, FileError> {
        match open(device, OFlags::RDONLY | OFlags::EXCL | OFlags::CLOEXEC, Mode::empty()) {
            Ok(_) => Ok(false),
            Err(rustix::io::Errno::BUSY) => Ok(true),
            Err(error) => Err(FileError::new("open", device, error)),
        }
    }

    fn space(&self, path: &Path) -> Option<Space> {
        let told = rustix::fs::statvfs(path).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        Some(Space { total: bytes(told.f_blocks), available: bytes(told.f_bavail) })
    }

    fn answers_echo(&self, address: Ipv4Addr, limit: Duration) -> io::Result<bool> {
        echo::answers(address, limit)
    }

    fn random(&self, count: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = vec![0; count];
        let mut filled = 0;
        while filled < count {
            filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())
                .map_err(|e| FileError::new("get random bytes from", Path::new("the kernel"), e))?;
        }
        Ok(bytes)
    }

    #[allow(clippy::disallowed_methods, reason = "this is where a machine tells its time")]
    fn now(&self) -> Timestamp {
        let steady = self.lead.and_then(|lead| clock::at(lead).ok());
        steady.unwrap_or_else(Timestamp::now)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn describe(metadata: &fs::Metadata, path: &Path) -> Result<Metadata, FileError> {
    let file_type = metadata.file_type();
    let kind = if file_type.is_file() {
        FileKind::File
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_symlink() {
        FileKind::Symlink
    } else if file_type.is_block_device() {
        FileKind::BlockDevice
    } else {
        FileKind::Other
    };
    let modified = metadata.modified().map_err(|e| FileError::new("look at", path, e))?;
    Ok(Metadata {
        kind,
        ids: Ids { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 },
        size: metadata.len(),
        // A date that jiff cannot hold is no reason to refuse the rest.
        modified: Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH),
        device: (major(metadata.rdev()), minor(metadata.rdev())),
    })
}

/// Creates a file that only root can read until owner and mode are final.
fn write_synced(path: &Path, content: &[u8], ids: Ids) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    rustix::fs::fchown(&file, Some(Uid::from_raw(ids.uid)), Some(Gid::from_raw(ids.gid)))?;
    // After fchown, which clears set-id bits.
    file.set_permissions(fs::Permissions::from_mode(ids.mode))?;
    file.sync_all()
}

fn set_access(path: &Path, ids: Ids) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(ids.uid), Gid::from_raw(ids.gid));
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    fs::set_permissions(path, fs::Permissions::from_mode(ids.mode))
}

/// Puts a directory entry on the disk: without it a rename can be undone by a
/// power cut (fsync(2)).
fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let synced = File::open(parent).and_then(|directory| directory.sync_all());
    synced.map_err(|e| FileError::new("sync", parent, e))
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
