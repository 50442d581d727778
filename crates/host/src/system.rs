// SPDX-License-Identifier: Apache-2.0
//! What one machine can do for us: the seam between steps and the world.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::Space;
use thiserror::Error;

use crate::command::{Command, CommandError, CommandOutput};

/// A machine: its programs, files, devices and clock.
///
/// Everything that observes or changes a machine goes through this trait, so
/// that it can be tried against [`crate::Simulated`].
pub trait System: Sync {
    /// Runs a program to its end. A status other than 0 is not an error here.
    fn run(&self, command: &Command) -> Result<CommandOutput, CommandError>;

    /// Content of a file, through symbolic links; `None` when there is none.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError>;

    /// The first bytes of a file, at most `limit`; `None` when there is none.
    fn read_start(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        let mut bytes = self.read(path)?;
        if let Some(bytes) = &mut bytes {
            bytes.truncate(limit);
        }
        Ok(bytes)
    }

    /// What is at a path itself, not behind a symbolic link there.
    fn metadata(&self, path: &Path) -> Result<Option<Metadata>, FileError>;

    /// The path with all symbolic links followed; `None` when it leads nowhere.
    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, FileError>;

    /// Names of a directory's entries, sorted; empty when there is none.
    fn read_directory(&self, path: &Path) -> Result<Vec<String>, FileError>;

    /// Writes a file beside `path`, with its owner and mode set and its
    /// content on the disk, and returns where it is.
    fn stage(&self, path: &Path, content: &[u8], ids: Ids) -> Result<PathBuf, FileError>;

    /// Swaps a staged file in, and puts the directory entry on the disk. What
    /// was at `path` (also a symbolic link) is replaced.
    fn commit(&self, staged: &Path, path: &Path) -> Result<(), FileError>;

    /// Makes one directory; its parent must exist.
    fn make_directory(&self, path: &Path, ids: Ids) -> Result<(), FileError>;

    /// Sets owner, group and permission bits. Refuses symbolic links.
    fn set_access(&self, path: &Path, ids: Ids) -> Result<(), FileError>;

    /// Removes a file; says whether there was one.
    fn remove_file(&self, path: &Path) -> Result<bool, FileError>;

    /// Removes a directory with everything in it.
    fn remove_tree(&self, path: &Path) -> Result<(), FileError>;

    /// Renames a file or directory inside one file system.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Whether somebody (a mount, DRBD, LVM, md, swap) holds a block device:
    /// opening it with `O_EXCL` answers `EBUSY` (open(2)).
    fn is_claimed(&self, device: &Path) -> Result<bool, FileError>;

    /// Space of the file system that holds a path; `None` when that cannot be
    /// told.
    fn space(&self, _path: &Path) -> Option<Space> {
        None
    }

    /// Whether an address answers an ICMP echo within this time.
    ///
    /// # Errors
    /// When nothing could be sent: there is no route, the interface is down, or this process
    /// may not.
    fn answers_echo(&self, _address: Ipv4Addr, _limit: Duration) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Bytes from the kernel's random generator.
    fn random(&self, count: usize) -> Result<Vec<u8>, FileError>;

    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// A clock that only goes forward, from an arbitrary start.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, time: Duration);
}

/// Numeric owner and permission bits of something to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
}

impl Ids {
    /// Owned by root with the given permission bits.
    pub const fn root(mode: u32) -> Self {
        Self { uid: 0, gid: 0, mode }
    }
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Which sort of thing.
    pub kind: FileKind,
    /// Owner and permission bits.
    pub ids: Ids,
    /// Length in bytes; 0 for devices.
    pub size: u64,
    /// When the content last changed.
    pub modified: Timestamp,
    /// Major and minor number of a device node; otherwise 0, 0.
    pub device: (u32, u32),
}

/// Sorts of things at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Block device node.
    BlockDevice,
    /// Socket, pipe, character device.
    Other,
}

/// A file operation that failed.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", .path.display())]
pub struct FileError {
    /// What was tried, such as `write`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl FileError {
    /// Wraps the system's reason.
    pub fn new(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self { action, path: path.to_owned(), source: source.into() }
    }
}

/// Content of a small text file with white space cut off at both ends; `None`
/// when it is absent or unreadable. For `/proc` and `/sys`.
pub fn read_trimmed(system: &dyn System, path: impl AsRef<Path>) -> Option<String> {
    let bytes = system.read(path.as_ref()).ok().flatten()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Name of a staged file: hidden, so that include directories skip it, and
/// always the same, so that what a killed run left behind is replaced.
pub fn staging_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.slurmha-new"))
}

/// Writes a file in one go: nobody sees it half-written or with a wrong
/// owner or mode.
pub fn write_atomically(
    system: &dyn System,
    path: &Path,
    content: &[u8],
    ids: Ids,
) -> Result<(), FileError> {
    let staged = system.stage(path, content, ids)?;
    system.commit(&staged, path).inspect_err(|_| {
        // The first error is the one that matters.
        let _ = system.remove_file(&staged);
    })
}
