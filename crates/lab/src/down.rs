// SPDX-License-Identifier: Apache-2.0
//! `lab down`: nothing of a lab stays, whatever state it is in.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::image;
use crate::process;
use crate::progress::Progress;
use crate::qemu;
use crate::state::Paths;

/// How long a killed process may take to go.
const KILL_LIMIT: Duration = Duration::from_secs(30);

/// Ends every process of the lab and removes its files; the image stays in
/// the cache, but no build of it that was killed. Needs no description, so it
/// also removes what a crash left.
pub fn down(name: &str, progress: &dyn Progress) -> Result<(), Error> {
    let paths = Paths::of(name)?;
    if !paths.state.exists() && processes(&paths).is_empty() && !paths.sockets().exists() {
        return Err(Error::NoLab { name: name.to_owned(), directory: paths.state });
    }
    let _held = if paths.state.exists() { Some(paths.acquire()?) } else { None };
    progress.step(None, "switching everything off");
    remove(&paths)?;
    image::forget_unfinished(progress)
}

/// The same for who holds the lab's lock.
pub(crate) fn remove(paths: &Paths) -> Result<(), Error> {
    // A BMC could switch a machine on meanwhile: go on until none is left.
    loop {
        let processes = processes(paths);
        if processes.is_empty() {
            break;
        }
        for pid in processes {
            process::kill(
                pid,
                "part of the lab",
                |arguments| is_ours(paths, arguments),
                KILL_LIMIT,
            )?;
        }
    }
    remove_directory(&paths.sockets())?;
    remove_directory(&paths.state)?;
    // The directories above, if this was the last lab; other files keep them.
    for parent in paths.state.ancestors().skip(1).take(2) {
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(())
}

/// Every process of the lab.
fn processes(paths: &Paths) -> Vec<u32> {
    process::find(|arguments| is_ours(paths, arguments))
}

/// Whether a process is part of the lab: one of its programs, with a file of
/// the lab among its arguments. A pager over a log is not.
fn is_ours(paths: &Paths, arguments: &[String]) -> bool {
    let Some((program, rest)) = arguments.split_first() else { return false };
    if Path::new(program) == paths.helper() {
        return true;
    }
    let name = program.rsplit('/').next().unwrap_or_default();
    let inside = format!("{}/", paths.state.display());
    [qemu::PROGRAM, "ipmi_sim"].contains(&name)
        && rest.iter().any(|argument| argument.starts_with(&inside))
}

fn remove_directory(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_of_this_lab_are_ours() {
        let paths = Paths::at(Path::new("/s/lab/t")).unwrap();
        let ours =
            |text: &str| is_ours(&paths, &text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(ours("/usr/bin/qemu-system-x86_64 -pidfile /s/lab/t/machines/ctl1/qemu.pid"));
        assert!(ours("ipmi_sim -c /s/lab/t/machines/ctl1/bmc/lan.conf"));
        assert!(ours("/s/lab/t/bin/slurmha lab switch --state /s/lab/t"));
        assert!(!ours("qemu-system-x86_64 -pidfile /s/lab/t2/machines/ctl1/qemu.pid"));
        assert!(!ours("less /s/lab/t/switch.log"));
        assert!(!ours("/usr/bin/slurmha lab down"));
        assert!(!ours(""));
    }
}
