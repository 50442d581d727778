// SPDX-License-Identifier: Apache-2.0
//! The file that keeps events and failovers while the console does not run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use slurmha_core::console::{Line, Memory};

/// A file of that many lines is written anew, with those that are shown.
const MOST_LINES: usize = 2000;

/// The file that keeps events and failovers while the console does not run.
pub struct History {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl History {
    /// Opens the file in that directory; returns what was remembered, too.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn open(directory: &Path) -> io::Result<(Self, Memory)> {
        let path = directory.join("history.jsonl");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let memory = Memory::restore(&text);
        let (file, lines) = write_anew(&path, &memory)?;
        Ok((Self { path, file, lines }, memory))
    }

    /// Writes these lines down. What a full disk keeps it from is shown all
    /// the same, and said in the journal.
    pub fn append(&mut self, lines: &[Line], memory: &Memory) {
        if lines.is_empty() {
            return;
        }
        self.lines += lines.len();
        let written = if self.lines > MOST_LINES {
            write_anew(&self.path, memory).map(|(file, lines)| {
                (self.file, self.lines) = (file, lines);
            })
        } else {
            self.file.write_all(text(lines).as_bytes())
        };
        if let Err(error) = written {
            eprintln!("{} cannot be written: {error}", self.path.display());
        }
    }
}

/// Beside its place, and then renamed.
fn write_anew(path: &Path, memory: &Memory) -> io::Result<(File, usize)> {
    let lines = memory.lines();
    let new = path.with_extension("new");
    fs::write(&new, text(&lines))?;
    fs::rename(&new, path)?;
    Ok((OpenOptions::new().append(true).open(path)?, lines.len()))
}

fn text(lines: &[Line]) -> String {
    let lines = lines.iter().filter_map(|line| serde_json::to_string(line).ok());
    lines.map(|line| line + "\n").collect()
}
