// SPDX-License-Identifier: Apache-2.0
//! Takes all space of a file system, without leaving a file.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, FallocateFlags, Mode, OFlags, fallocate, openat};
use rustix::io::Errno;

/// What is asked for first, in bytes; halved as long as it is too much.
const LARGEST: u64 = 1 << 30;
/// Less is never given: a block of ext4.
const SMALLEST: u64 = 4096;

/// A file without a name that has all the space. As root it also has the
/// blocks that are kept for root.
pub struct Filler {
    file: OwnedFd,
    size: u64,
}

impl Filler {
    /// Fills the file system of that directory.
    ///
    /// # Errors
    /// When it knows no files without a name, or not even one byte could be
    /// taken for another reason than that none is left.
    pub fn new(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = openat(CWD, directory, flags, Mode::RUSR | Mode::WUSR)?;
        let mut filler = Self { file, size: 0 };
        filler.grow()?;
        Ok(filler)
    }

    /// Takes what has become free since.
    pub fn top_up(&mut self) {
        // There is nobody to tell; the next time it may succeed.
        let _ = self.grow();
    }

    fn grow(&mut self) -> io::Result<()> {
        let mut step = LARGEST;
        while step >= SMALLEST {
            match fallocate(&self.file, FallocateFlags::empty(), self.size, step) {
                Ok(()) => self.size += step,
                Err(Errno::NOSPC) => step /= 2,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
