// SPDX-License-Identifier: Apache-2.0
//! The emulator's files, as the distribution has installed them.

use std::path::Path;

use axum::body::Bytes;
use slurmha_core::portal::xterm::{MODULES, STYLE, bundle, is_module};
use slurmha_host::system::FileKind;
use slurmha_host::{FileError, System};

/// What browsers are given.
pub struct Xterm {
    /// All modules as one.
    pub script: Bytes,
    /// Its style sheet.
    pub style: Bytes,
}

impl Xterm {
    /// Reads them.
    ///
    /// # Errors
    /// When they are not there.
    pub fn read(system: &dyn System) -> Result<Self, FileError> {
        let mut modules = Vec::new();
        collect(system, Path::new(MODULES), "", &mut modules)?;
        let modules = modules.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let style = read(system, Path::new(STYLE))?;
        Ok(Self { script: bundle(modules).into(), style: style.into() })
    }
}

fn collect(
    system: &dyn System,
    directory: &Path,
    within: &str,
    modules: &mut Vec<(String, String)>,
) -> Result<(), FileError> {
    for name in system.read_directory(directory)? {
        let (path, relative) = (directory.join(&name), format!("{within}{name}"));
        match system.metadata(&path)?.map(|found| found.kind) {
            Some(FileKind::Directory) => {
                collect(system, &path, &format!("{relative}/"), modules)?;
            }
            _ if is_module(&relative) => modules.push((relative, read(system, &path)?)),
            _ => {}
        }
    }
    Ok(())
}

fn read(system: &dyn System, path: &Path) -> Result<String, FileError> {
    let missing = || FileError::new("read", path, std::io::ErrorKind::NotFound);
    let bytes = system.read(path)?.ok_or_else(missing)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
