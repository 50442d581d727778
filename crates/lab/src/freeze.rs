// SPDX-License-Identifier: Apache-2.0
//! A running lab to files, and back, as often as wanted.
//!
//! A frozen state is a directory with every machine's disks, which are never
//! written again, and its memory. Thawing puts empty disks on top of those.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::error::Error;
use crate::lab::{Lab, in_parallel};
use crate::machine::{Base, Machine, create_disk};
use crate::progress::Progress;
use crate::qmp::Monitor;
use crate::state::{Description, Paths, private_directory};
use crate::switch::protocol::Request;
use crate::{bmc, link, ports, ssh};

/// Writing all memories.
const SAVE_LIMIT: Duration = Duration::from_secs(80);
/// Reading all memories.
const LOAD_LIMIT: Duration = Duration::from_secs(60);
/// Setting a machine's clock over ssh.
const CLOCK_LIMIT: Duration = Duration::from_secs(60);

/// When the machines set their clocks, after they went on: by then everybody has been let in.
///
/// All at once, because slurmctld, with its clock set, asks the nodes at once, and munge lets nobody
/// in whose clock is more than five minutes off: with compute nodes set a second later, slurmctld took
/// one for lost (`down*`), and that lasts until it asks for registrations again, which takes minutes.
/// On a busy host a login has taken longer than six seconds.
const TOGETHER: Duration = Duration::from_secs(12);

/// What a machine does first after a thaw: its random numbers would repeat at every thaw, and
/// its clock stands where it was frozen. The randomness comes from the host on standard
/// input; the clock comes from the emulated hardware, which follows the host, so that all
/// machines agree about it, and about `at` (Unix seconds). Who logs in later does not wait.
fn after_thaw(at: u64) -> String {
    format!(
        "perl -e 'open my $r, \"+>\", \"/dev/urandom\" or die; \
         local $/; syswrite $r, scalar <STDIN>; ioctl($r, 0x5207, 0)' && \
         {{ for i in $(seq 100); do read -r now < /sys/class/rtc/rtc0/since_epoch; \
         [ \"$now\" -lt {at} ] || break; sleep 0.1; done; }} && \
         hwclock --hctosys --utc && date +%s.%N"
    )
}

/// A clock that is further behind was not set right.
///
/// A kernel whose clock is synchronised writes its time to the hardware every 11
/// minutes (`rtcsync`, chrony.conf(5)), and overdue after a thaw it does so
/// before anybody has logged in. Seen: one machine lived in the past by the age of
/// the frozen state, and chrony slowed the others' clocks down to meet it.
const BEHIND: f64 = 20.0;

/// Moves both clocks of a machine; by a difference, because a login takes time.
fn move_clocks(seconds: f64) -> String {
    format!("date --utc --set='+{seconds:.3} seconds' >/dev/null && hwclock --systohc --utc")
}

/// Sets machines right that have just been thawed.
fn wake(lab: &Lab, machines: &[&Machine], progress: &dyn Progress) -> Result<(), Error> {
    let noise = random_bytes()?;
    let first = after_thaw((time_here() + TOGETHER).as_secs());
    in_parallel(machines, |machine| {
        let run = |command: &str, input| {
            ssh::run(&lab.paths, machine.name(), command, input, CLOCK_LIMIT, progress)
        };
        let there = run(&first, Some(&noise))?;
        let here = time_here().as_secs_f64();
        match String::from_utf8_lossy(&there.stdout).trim().parse::<f64>() {
            Ok(there) if here - there > BEHIND => run(&move_clocks(here - there), None).map(drop),
            Ok(_) | Err(_) => Ok(()),
        }
    })
}

#[allow(clippy::disallowed_methods, reason = "the machines' clocks follow this host's")]
fn time_here() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A machine's part of a frozen state.
struct Frozen {
    directory: PathBuf,
}

impl Frozen {
    fn of(paths: &Paths, generation: u32, machine: &str) -> Self {
        Self { directory: paths.frozen(generation).join(machine) }
    }

    /// Absent if the machine was off.
    fn memory(&self) -> PathBuf {
        self.directory.join("memory")
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.qcow2"))
    }
}

/// Freezes a running lab. The caller holds the lab's lock.
pub(crate) fn freeze(lab: &mut Lab, progress: &dyn Progress) -> Result<(), Error> {
    if lab.description.is_frozen {
        return Ok(());
    }
    let previous = lab.description.frozen;
    let generation = next_generation(&lab.paths, previous)?;
    save_running(lab, generation, progress).inspect_err(|_| {
        // Memories that nothing leads to are gigabytes that nobody misses.
        let _ = fs::remove_dir_all(lab.paths.frozen(generation));
    })?;
    lab.description = frozen_at(&lab.description, generation);
    for machine in &Machine::all(&lab.paths, &lab.description) {
        complete(machine, &Frozen::of(&lab.paths, generation, machine.name()))?;
    }
    match previous {
        Some(previous) => forget_memory(lab, previous),
        None => Ok(()),
    }
}

/// What a lab remembers once that frozen state is there.
fn frozen_at(description: &Description, generation: u32) -> Description {
    Description { frozen: Some(generation), is_frozen: true, ..description.clone() }
}

/// Stops all machines that are on, saves their memories, and notes that the lab is
/// frozen; if any of that fails, they go on as if nothing had been asked for.
fn save_running(lab: &Lab, generation: u32, progress: &dyn Progress) -> Result<(), Error> {
    let machines = Machine::all(&lab.paths, &lab.description);
    for machine in &machines {
        private_directory(&Frozen::of(&lab.paths, generation, machine.name()).directory)?;
    }
    let running: Vec<&Machine> = machines.iter().filter(|machine| machine.is_on()).collect();
    let monitors = running.iter().map(|machine| machine.monitor());
    let mut monitors = monitors.collect::<Result<Vec<_>, _>>()?;
    progress.step(None, &format!("stopping {} machines", running.len()));
    let saved = stop_all(&mut monitors)
        .and_then(|()| save_all(&lab.paths, generation, &running, &mut monitors, progress))
        // With the memories the state is there; where a disk is not yet part of it, thawing
        // completes it. Told only at the end, an interruption would cost the lab.
        .and_then(|()| frozen_at(&lab.description, generation).save(&lab.paths));
    if saved.is_err() {
        for monitor in &mut monitors {
            let _ = monitor.go_on();
        }
    }
    saved
}

/// Makes a machine's disks part of a frozen state, those that are not yet.
fn complete(machine: &Machine, frozen: &Frozen) -> Result<(), Error> {
    machine.power_off()?;
    machine.disks().into_iter().try_for_each(|disk| {
        let from = machine.files().disk(disk);
        move_once(&from, &frozen.disk(disk)).map_err(Error::file("move", &from))
    })
}

/// What is there already is not replaced: what has its old name now is newer.
fn move_once(from: &Path, to: &Path) -> io::Result<()> {
    if fs::exists(to)? { Ok(()) } else { fs::rename(from, to) }
}

/// The disks of an older frozen state are under the newer ones; its memory is
/// of no more use.
fn forget_memory(lab: &Lab, generation: u32) -> Result<(), Error> {
    for machine in lab.machines() {
        let memory = Frozen::of(&lab.paths, generation, &machine.name).memory();
        match fs::remove_file(&memory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("remove", &memory)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Goes on from the newest frozen state. The caller holds the lab's lock.
pub(crate) fn thaw(lab: &mut Lab, progress: &dyn Progress) -> Result<(), Error> {
    let Some(generation) = lab.description.frozen else {
        return Err(Error::NotFrozen { lab: lab.paths.name.clone() });
    };
    lab.paths.create_sockets()?;
    // Until it is done, a lab is better called frozen than half running.
    lab.description.is_frozen = true;
    lab.description.save(&lab.paths)?;
    ports::renew(lab, progress)?;
    link::start(&lab.paths)?;
    link::ask(&lab.paths, &Request::Reset)?;
    let machines = Machine::all(&lab.paths, &lab.description);
    for index in 0..machines.len() {
        bmc::start(&lab.paths, &lab.description, index)?;
    }
    progress.step(None, &format!("thawing {} machines", machines.len()));
    in_parallel(&machines, |machine| {
        load(machine, &Frozen::of(&lab.paths, generation, machine.name()))
    })?;
    let running: Vec<&Machine> = machines.iter().filter(|machine| machine.is_on()).collect();
    continue_all(&running)?;
    progress.step(None, "setting the clocks");
    wake(lab, &running, progress)?;
    lab.description.is_frozen = false;
    lab.description.save(&lab.paths)
}

/// Lets all machines go on, back to back, so that nobody misses anybody for
/// long.
fn continue_all(machines: &[&Machine]) -> Result<(), Error> {
    let monitors = machines.iter().map(|machine| machine.monitor());
    let mut monitors = monitors.collect::<Result<Vec<_>, _>>()?;
    for monitor in &mut monitors {
        monitor.wait_for_incoming(LOAD_LIMIT)?;
    }
    for monitor in &mut monitors {
        monitor.send("cont", Value::Null)?;
    }
    monitors.iter_mut().try_for_each(|monitor| monitor.answer("cont").map(drop))
}

/// Stops all machines, within a millisecond of each other.
fn stop_all(monitors: &mut [Monitor]) -> Result<(), Error> {
    for monitor in &mut *monitors {
        monitor.send("stop", Value::Null)?;
    }
    monitors.iter_mut().try_for_each(|monitor| monitor.answer("stop").map(drop))
}

/// Writes the memories of all machines at the same time.
fn save_all(
    paths: &Paths,
    generation: u32,
    machines: &[&Machine],
    monitors: &mut [Monitor],
    progress: &dyn Progress,
) -> Result<(), Error> {
    let deadline = Instant::now() + SAVE_LIMIT;
    let mut files = machines.iter().map(|m| Frozen::of(paths, generation, m.name()).memory());
    progress.step(None, "saving their memories");
    std::thread::scope(|scope| {
        let threads: Vec<_> = monitors
            .iter_mut()
            .filter_map(|monitor| Some((monitor, files.next()?)))
            .map(|(monitor, file)| {
                let left = deadline.saturating_duration_since(Instant::now());
                scope.spawn(move || monitor.save_memory(&file, left))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Puts one machine back to where it was, stopped.
fn load(machine: &Machine, frozen: &Frozen) -> Result<(), Error> {
    complete(machine, frozen)?;
    for disk in machine.disks() {
        create_disk(&machine.files().disk(disk), Base::Qcow2(frozen.disk(disk)))?;
    }
    let memory = frozen.memory();
    if memory.exists() { machine.start_incoming(memory) } else { Ok(()) }
}

/// One more than the newest frozen state. What is above that is of freezes that were
/// killed, and goes: a disk becomes part of a frozen state only when the lab
/// remembers it.
fn next_generation(paths: &Paths, newest: Option<u32>) -> Result<u32, Error> {
    let next = newest.map_or(1, |number| number + 1);
    let directory = paths.state.join("frozen");
    private_directory(&directory)?;
    let entries = fs::read_dir(&directory).map_err(Error::file("read", &directory))?;
    let taken = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    for leftover in taken.filter(|number| *number >= next) {
        let path = paths.frozen(leftover);
        fs::remove_dir_all(&path).map_err(Error::file("remove", &path))?;
    }
    Ok(next)
}

/// Randomness for the thawed machines; the same for all does no harm, because
/// each mixes it with what it has.
fn random_bytes() -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let path = Path::new("/dev/urandom");
    let mut bytes = vec![0; 64];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(Error::file("read", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::{pretend, unbooted};
    use crate::progress::Silent;

    #[test]
    fn a_freeze_that_cannot_be_noted_lets_the_machines_go_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut lab = unbooted(directory.path());
        let machine = pretend(&lab, 0, "postmigrate");
        // No file can take the place of a directory.
        fs::create_dir(lab.paths.description()).expect("created");
        let error = freeze(&mut lab, &Silent).expect_err("it cannot be noted");
        assert!(matches!(error, Error::File { doing: "write", .. }), "{error}");
        assert_eq!(machine.told().last().map(String::as_str), Some("cont"));
        assert!(!lab.paths.frozen(1).exists());
        assert_eq!((lab.description.frozen, lab.description.is_frozen), (None, false));
    }

    #[test]
    fn what_killed_freezes_have_left_goes_at_the_next() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = unbooted(directory.path()).paths;
        for generation in [1, 2, 9] {
            private_directory(&paths.frozen(generation).join("ctl1")).expect("created");
        }
        assert_eq!(next_generation(&paths, Some(1)).expect("readable"), 2);
        let left = [1, 2, 9].map(|generation| paths.frozen(generation).exists());
        assert_eq!(left, [true, false, false], "1 is what the disks lie on");
        assert_eq!(next_generation(&paths, None).expect("readable"), 1);
        assert!(!paths.frozen(1).exists());
    }

    /// What an interrupted freeze has not moved, thawing does; of what it has moved the
    /// state is the one that was frozen.
    #[test]
    fn a_disk_becomes_part_of_a_frozen_state_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let [from, to] = ["root.qcow2", "frozen.qcow2"].map(|name| directory.path().join(name));
        let put = |path: &Path, text: &str| fs::write(path, text).expect("written");
        put(&from, "as it was frozen");
        move_once(&from, &to).expect("moved");
        assert!(!from.exists());
        put(&from, "what was written later");
        move_once(&from, &to).expect("nothing to do");
        assert_eq!(fs::read_to_string(&to).expect("read"), "as it was frozen");
        assert!(from.exists());
        let none = [&from, &to].map(|path| path.with_extension("none"));
        assert!(move_once(&none[0], &none[1]).is_err());
    }
}
