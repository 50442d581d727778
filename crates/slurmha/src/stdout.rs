// SPDX-License-Identifier: Apache-2.0
//! Results on standard output. A reader that wants no more, such as `head`,
//! is no failure.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

use crate::failure::Failure;

/// Writes a text.
pub fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// The same, for a command whose result it is.
pub fn print(text: &str) -> Result<(), Failure> {
    write(text).map_err(|error| Failure::remote(format!("the result was not printed: {error}")))
}

/// The same with a line end after it.
pub fn line(text: impl Display) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}
