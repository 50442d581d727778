// SPDX-License-Identifier: Apache-2.0
//! A piece of what a job has written, read as the user.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use slurmha_core::portal::piece::piece;
use slurmha_core::portal::protocol::{LONGEST_PIECE, Piece, Refusal};

/// The piece of a file that begins at `from`.
///
/// Whatever stands there, this does not hang, unless a file server does: a pipe or device
/// is opened without waiting, and not read. Links are followed, because the process may
/// read only what its user may.
pub fn read(path: &str, from: u64) -> Result<Piece, Refusal> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if is_absent(&error) => {
            return Ok(Piece { from, text: String::new(), next: from, size: None });
        }
        Err(error) => return Err(unreadable(path, &error.to_string())),
    };
    let metadata = file.metadata().map_err(|error| unreadable(path, &error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable(path, "it is no file, so that nothing is kept there"));
    }
    let bytes = read_piece(file, from).map_err(|error| unreadable(path, &error.to_string()))?;
    // It may have grown since.
    let size = match bytes.len() as u64 {
        0 => metadata.len(),
        length => metadata.len().max(from.saturating_add(length)),
    };
    Ok(piece(&bytes, from, size))
}

fn read_piece(mut file: File, from: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(LONGEST_PIECE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &str, why: &str) -> Refusal {
    Refusal::No(format!("{path} cannot be read here: {why}"))
}
