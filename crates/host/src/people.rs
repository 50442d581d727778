// SPDX-License-Identifier: Apache-2.0
//! Accounts of people, read from their files.
//!
//! Not through NSS: what a directory knows is none of slurmha's accounts, and
//! the static binary cannot load NSS modules.

use std::collections::BTreeSet;
use std::path::Path;

use slurmha_core::observe::{People, PeopleRequest, parse_people, parse_process_owners};

use crate::system::{FileError, FileKind, System, read_trimmed};

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
    note_who_is_at_work(system, &mut people, request);
    Ok(people)
}

/// Of all processes only where a home shall move, which is seldom.
fn note_who_is_at_work(system: &dyn System, people: &mut People, request: &PeopleRequest) {
    let moves = |name: &String, home: &Path| request.places.get(name).is_some_and(|it| it != home);
    let mut moving =
        people.accounts.iter_mut().filter(|(name, it)| moves(name, &it.home)).peekable();
    if moving.peek().is_none() {
        return;
    }
    let owners = process_owners(system);
    moving.for_each(|(_, state)| state.is_at_work = owners.contains(&state.uid));
}

/// Everybody who has a process. One that has ended meanwhile is nobody's.
fn process_owners(system: &dyn System) -> BTreeSet<u32> {
    let entries = system.read_directory(Path::new("/proc")).unwrap_or_default();
    let processes = entries.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let statuses = processes.filter_map(|pid| read_trimmed(system, format!("/proc/{pid}/status")));
    statuses.flat_map(|status| parse_process_owners(&status)).collect()
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
    use crate::simulated::Simulated;
    use crate::system::Ids;

    #[test]
    fn who_works_is_looked_for_where_a_home_shall_move() {
        let machine = Simulated::new("cn1", "");
        let line = |name: &str, uid: u32| format!("{name}:x:{uid}:{uid}::/home/{name}:/bin/sh\n");
        let passwd = line("anna", 20_001) + &line("bob", 20_002);
        machine.put_file("/etc/passwd", passwd.as_bytes(), Ids::root(0o644));
        let status = b"Name:\tbash\nUid:\t20001\t20001\t20001\t20001\n";
        machine.put_file("/proc/77/status", status, Ids::root(0o444));
        let at_work = |anna: &str, bob: &str| {
            let places = [("anna".to_owned(), anna.into()), ("bob".to_owned(), bob.into())];
            let names = ["anna".to_owned(), "bob".to_owned()].into();
            let request = PeopleRequest { names, places: places.into(), ..Default::default() };
            let seen = load(&machine, &request).unwrap().accounts.into_iter();
            seen.filter(|(_, it)| it.is_at_work).map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(at_work("/new/anna", "/new/bob"), ["anna"]);
        assert_eq!(at_work("/home/anna", "/new/bob"), [""; 0], "she may stay where she is");
    }

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
