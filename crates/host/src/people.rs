// SPDX-License-Identifier: Apache-2.0
//! Accounts of people, read from their files.
//!
//! Not through NSS: what a directory knows is none of slurmha's accounts, and
//! the static binary cannot load NSS modules.

use std::path::Path;

use slurmha_core::observe::{People, PeopleRequest, parse_people};

use crate::system::{FileError, FileKind, System};

/// The accounts of people on this machine.
///
/// # Errors
///
/// A file that exists and cannot be read: without shadow(5), a closed account
/// would be taken for an open one.
pub fn load(system: &dyn System, request: &PeopleRequest) -> Result<People, FileError> {
    let text = |path: &str| {
        let bytes = system.read(Path::new(path))?.unwrap_or_default();
        Ok::<_, FileError>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (passwd, group) = (text("/etc/passwd")?, text("/etc/group")?);
    let mut people = parse_people(&passwd, &group, &text("/etc/shadow")?, request);
    for state in people.accounts.values_mut() {
        // Only one that is made here is asked for; looking at another would
        // wait for its server.
        state.has_home = request.homes.contains(&state.home) && is_directory(system, &state.home);
    }
    Ok(people)
}

/// Also through a link: an administrator may have moved somebody to another disk.
fn is_directory(system: &dyn System, path: &Path) -> bool {
    let real = system.resolve(path).ok().flatten();
    let found = system.metadata(real.as_deref().unwrap_or(path)).ok().flatten();
    found.is_some_and(|found| found.kind == FileKind::Directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::local::Local;

    #[test]
    fn a_home_that_has_moved_to_another_disk_is_one() {
        let machine = Local::new();
        let disk = tempfile::tempdir().unwrap();
        let (moved, home) = (disk.path().join("data"), disk.path().join("anna"));
        symlink(&moved, &home).unwrap();
        assert!(!is_directory(&machine, &home), "a link that leads nowhere");
        std::fs::create_dir(&moved).unwrap();
        assert!(is_directory(&machine, &home) && is_directory(&machine, &moved));
    }
}
