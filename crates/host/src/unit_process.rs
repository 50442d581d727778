// SPDX-License-Identifier: Apache-2.0
//! Processes of a systemd unit, from files alone: a look each second must
//! not cost a process of its own.

use std::path::{Path, PathBuf};

use slurmha_core::watch::{Process, main_process, waiting_connections};

use crate::system::{FileError, System};

/// `No such process`: it ended between two looks (proc(5)).
const ESRCH: i32 = 3;
/// `No such device`: its control group was removed between two looks.
const ENODEV: i32 = 19;

/// The main process of a service; `None` when nothing of it runs.
pub fn of_unit(system: &dyn System, unit: &str) -> Result<Option<Process>, FileError> {
    let mut processes = Vec::new();
    for pid in members(system, unit)? {
        processes.extend(stat(system, format!("/proc/{pid}/stat"))?);
    }
    Ok(main_process(&processes).copied())
}

/// The process of a service that runs a program of that name; for a service
/// whose main process can be younger than the others.
pub fn named(system: &dyn System, unit: &str, name: &str) -> Result<Option<Process>, FileError> {
    for pid in members(system, unit)? {
        let comm = read(system, format!("/proc/{pid}/comm").as_ref())?;
        if comm.is_some_and(|comm| comm.trim_end() == name) {
            return stat(system, format!("/proc/{pid}/stat"));
        }
    }
    Ok(None)
}

/// Numbers of a service's processes.
fn members(system: &dyn System, unit: &str) -> Result<Vec<String>, FileError> {
    // The unified hierarchy, cgroups(7), which systemd 252 uses.
    let list = PathBuf::from(format!("/sys/fs/cgroup/system.slice/{unit}/cgroup.procs"));
    Ok(read(system, &list)?.unwrap_or_default().lines().map(str::to_owned).collect())
}

/// Whether a thread of the process waits for a disk (state D). What cannot
/// be read counts as waiting: nothing is done to such a process.
pub fn waits_for_disk(system: &dyn System, pid: u32) -> bool {
    let directory = format!("/proc/{pid}/task");
    let Ok(threads) = system.read_directory(Path::new(&directory)) else { return true };
    let waits = |thread: &String| match stat(system, format!("{directory}/{thread}/stat")) {
        Ok(thread) => thread.is_some_and(|thread| thread.state == 'D'),
        Err(_) => true,
    };
    threads.iter().any(waits)
}

/// Connections to a local TCP port that nobody has accepted; `None` when
/// nothing listens there.
pub fn waiting_at(system: &dyn System, port: u16) -> Option<u32> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| waiting_connections(&read(system, path.as_ref()).ok()??, port))
        .reduce(u32::saturating_add)
}

fn stat(system: &dyn System, path: String) -> Result<Option<Process>, FileError> {
    Ok(read(system, path.as_ref())?.as_deref().and_then(Process::parse))
}

fn read(system: &dyn System, path: &Path) -> Result<Option<String>, FileError> {
    match system.read(path) {
        Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if matches!(error.source.raw_os_error(), Some(ESRCH | ENODEV)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ids, Local, Simulated};

    fn machine() -> Simulated {
        let machine = Simulated::new("ctl1", "ctl2");
        let put =
            |path: &str, text: &str| machine.put_file(path, text.as_bytes(), Ids::root(0o444));
        let stat = |pid: u32, parent: u32, state: char| {
            format!("{pid} (slurmctld) {state} {parent} 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 9 0 44 0\n")
        };
        put("/sys/fs/cgroup/system.slice/slurmctld.service/cgroup.procs", "813\n812\n999\n");
        put("/proc/812/stat", &stat(812, 1, 'S'));
        put("/proc/813/stat", &stat(813, 812, 'S'));
        put("/proc/812/task/812/stat", &stat(812, 1, 'S'));
        put("/proc/812/task/820/stat", &stat(820, 1, 'D'));
        put("/proc/813/task/813/stat", &stat(813, 1, 'S'));
        machine
    }

    #[test]
    fn the_main_process_is_found_and_one_that_has_just_ended_is_left_out() {
        let process = of_unit(&machine(), "slurmctld.service").expect("readable").expect("runs");
        assert_eq!((process.pid, process.ticks, process.began), (812, 9, 44));
        assert_eq!(of_unit(&machine(), "mariadb.service").expect("readable"), None);
    }

    #[test]
    fn one_thread_that_waits_for_a_disk_is_enough() {
        assert!(waits_for_disk(&machine(), 812));
        assert!(!waits_for_disk(&machine(), 813));
    }

    #[test]
    fn this_process_is_found_in_the_real_proc() {
        let path = format!("/proc/{}/stat", std::process::id());
        let process = stat(&Local::new(), path).expect("readable").expect("this process runs");
        assert_eq!(process.pid, std::process::id());
        let gone = stat(&Local::new(), "/proc/4194305/stat".to_owned()).expect("readable");
        assert_eq!(gone, None, "no process has an id above the kernel's limit");
    }

    #[test]
    fn a_real_listener_that_accepts_nothing_shows_its_queue() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        assert_eq!(waiting_at(&Local::new(), address.port()), Some(0));
        let _client = std::net::TcpStream::connect(address).expect("a connection");
        assert_eq!(waiting_at(&Local::new(), address.port()), Some(1));
        listener.accept().expect("the connection is accepted");
        assert_eq!(waiting_at(&Local::new(), address.port()), Some(0));
    }
}
