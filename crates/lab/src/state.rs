// SPDX-License-Identifier: Apache-2.0
//! A lab's directory: where everything is, and what the lab remembers.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::accel::Accelerator;
use crate::error::Error;
use crate::topology::Topology;

/// Longest path of a Unix socket: `sun_path` holds 108 bytes with the zero.
const SOCKET_PATH_MAX: usize = 107;
/// Longest name that the lab gives to a socket, with the separator.
const SOCKET_NAME_MAX: usize = 16;

/// Where a lab keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The lab's name.
    pub name: String,
    /// The lab's directory; `lab down` removes it with everything in it.
    pub state: PathBuf,
}

impl Paths {
    /// The directory of the lab of that name; it need not exist.
    pub fn of(name: &str) -> Result<Self, Error> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(fine) {
            return Err(Error::Name { name: name.to_owned() });
        }
        let state =
            base_directory("XDG_STATE_HOME", ".local/state")?.join("slurmha/lab").join(name);
        Ok(Self { name: name.to_owned(), state })
    }

    /// The lab that lives in that directory, for programs that are told it.
    pub fn at(state: &Path) -> Result<Self, Error> {
        let name = state.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, state: state.to_owned() })
    }

    /// What the lab remembers.
    pub fn description(&self) -> PathBuf {
        self.state.join("lab.json")
    }

    /// Locked by every command that changes the lab.
    pub fn lock(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// The ssh configuration with an entry per machine.
    pub fn ssh_config(&self) -> PathBuf {
        self.state.join("ssh_config")
    }

    /// Keys and known hosts.
    pub fn ssh(&self) -> PathBuf {
        self.state.join("ssh")
    }

    /// The password of every BMC.
    pub fn bmc_password(&self) -> PathBuf {
        self.state.join("bmc_password")
    }

    /// The lab's own copy of this program: a rebuilt or removed original must
    /// not take the machines' power buttons away.
    pub fn helper(&self) -> PathBuf {
        self.state.join("bin/slurmha")
    }

    /// The site file that goes with this lab.
    pub fn site(&self) -> PathBuf {
        self.state.join("site.toml")
    }

    /// What the switch says.
    pub fn switch_log(&self) -> PathBuf {
        self.state.join("switch.log")
    }

    /// One machine's files.
    pub fn machine(&self, machine: &str) -> MachinePaths {
        MachinePaths { directory: self.state.join("machines").join(machine) }
    }

    /// The frozen state of that number.
    pub fn frozen(&self, generation: u32) -> PathBuf {
        self.state.join("frozen").join(generation.to_string())
    }

    /// Where the sockets are: inside the lab's directory if their paths fit
    /// into a socket address, under /tmp otherwise.
    pub fn sockets(&self) -> PathBuf {
        let inside = self.state.join("run");
        if inside.as_os_str().len() + SOCKET_NAME_MAX <= SOCKET_PATH_MAX {
            return inside;
        }
        let digest = Sha256::digest(self.state.as_os_str().as_encoded_bytes());
        let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        PathBuf::from("/tmp").join(format!("slurmha-{short}"))
    }

    /// The switch's control socket.
    pub fn switch_socket(&self) -> PathBuf {
        self.sockets().join("control")
    }

    /// One end of a network cable: `m` is the machine's, `s` the switch's.
    pub fn cable(&self, machine: usize, network: &str, end: char) -> PathBuf {
        let letter = network.chars().next().unwrap_or('x');
        self.sockets().join(format!("{machine}{letter}.{end}"))
    }

    /// QEMU's monitor of the machine of that number.
    pub fn monitor(&self, machine: usize) -> PathBuf {
        self.sockets().join(format!("{machine}.qmp"))
    }

    /// Creates the directories that every lab has.
    pub fn create(&self) -> Result<(), Error> {
        for directory in [self.state.clone(), self.ssh(), self.state.join("bin")] {
            private_directory(&directory)?;
        }
        self.create_sockets()
    }

    /// The sockets' directory may be gone after a restart of the host.
    pub fn create_sockets(&self) -> Result<(), Error> {
        let directory = self.sockets();
        private_directory(&directory)?;
        let owner =
            |path: &Path| fs::metadata(path).map(|m| std::os::unix::fs::MetadataExt::uid(&m));
        let (ours, theirs) = (owner(&self.state), owner(&directory));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => Ok(()),
            _ => Err(Error::File {
                doing: "trust",
                path: directory,
                source: io::Error::other("it belongs to another user"),
            }),
        }
    }

    /// Takes the lab for a change; released when dropped, also by a crash.
    pub fn acquire(&self) -> Result<File, Error> {
        let path = self.lock();
        lock(&path, false)?.ok_or(Error::Busy { lock: path })
    }
}

/// One machine's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachinePaths {
    /// Their directory.
    pub directory: PathBuf,
}

impl MachinePaths {
    /// A disk; `root` or a name from the topology.
    pub fn disk(&self, disk: &str) -> PathBuf {
        self.directory.join(format!("{disk}.qcow2"))
    }

    /// Everything the machine wrote to its serial port.
    pub fn console(&self) -> PathBuf {
        self.directory.join("console.log")
    }

    /// The pid of the machine's QEMU.
    pub fn pid(&self) -> PathBuf {
        self.directory.join("qemu.pid")
    }

    /// The archive that the machine unpacks at its first boot.
    pub fn identity(&self) -> PathBuf {
        self.directory.join("identity.tar")
    }

    /// Held while the machine's power changes.
    pub fn power_lock(&self) -> PathBuf {
        self.directory.join("power.lock")
    }

    /// The BMC's directory.
    pub fn bmc(&self) -> PathBuf {
        self.directory.join("bmc")
    }
}

/// What a lab remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Told apart from a lab of the same name that was removed.
    pub id: String,
    /// The machines and networks.
    pub topology: Topology,
    /// The image's directory.
    pub image: PathBuf,
    /// How the machines are executed.
    pub accelerator: Accelerator,
    /// Per machine, in the order of the topology.
    pub ports: Vec<Ports>,
    /// Whether every machine has been seen up once.
    pub complete: bool,
    /// Number of the newest frozen state, if there is one.
    pub frozen: Option<u32>,
    /// Whether the machines are frozen now.
    pub is_frozen: bool,
}

/// Ports on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// TCP, to the machine's ssh.
    pub ssh: u16,
    /// UDP, the machine's BMC.
    pub bmc: u16,
}

impl Description {
    /// Reads a lab's memory; `None` if the lab does not exist or never got
    /// this far.
    pub fn load(paths: &Paths) -> Result<Option<Self>, Error> {
        let path = paths.description();
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| Error::Description { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("read", &path)(error)),
        }
    }

    /// Writes a lab's memory.
    pub fn save(&self, paths: &Paths) -> Result<(), Error> {
        let path = paths.description();
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| Error::Description { path: path.clone(), source })?;
        write_file(&path, &text, 0o600)
    }

    /// A machine's number in the lab.
    pub fn index(&self, machine: &str) -> Result<usize, Error> {
        let machines = &self.topology.machines;
        machines.iter().position(|m| m.name == machine).ok_or_else(|| Error::NoMachine {
            name: machine.to_owned(),
            known: machines.iter().map(|m| m.name.clone()).collect(),
        })
    }
}

/// `$XDG_...` or its default below the home directory.
pub(crate) fn base_directory(variable: &str, default: &str) -> Result<PathBuf, Error> {
    let absolute =
        |value: std::ffi::OsString| Some(PathBuf::from(value)).filter(|p| p.is_absolute());
    if let Some(path) = std::env::var_os(variable).and_then(absolute) {
        return Ok(path);
    }
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    home.map(|home| home.join(default)).ok_or_else(|| Error::System {
        doing: format!("find a place for the lab (neither {variable} nor HOME is set)"),
        source: io::ErrorKind::NotFound.into(),
    })
}

/// Creates a directory for its owner only; an existing one is fine.
pub(crate) fn private_directory(path: &Path) -> Result<(), Error> {
    let result = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    result.map_err(Error::file("create", path))
}

/// Replaces a file as a whole.
pub(crate) fn write_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let write = || {
        let options =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside);
        options?.write_all(bytes)?;
        fs::rename(&beside, path)
    };
    write().map_err(Error::file("write", path))
}

/// Locks a file, creating it; `None` if it is held and `wait` is false.
pub(crate) fn lock(path: &Path, wait: bool) -> Result<Option<File>, Error> {
    let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = open.map_err(Error::file("open", path))?;
    if wait {
        file.lock().map_err(Error::file("lock", path))?;
        return Ok(Some(file));
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::file("lock", path)(error)),
    }
}

/// Random bytes as hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> Result<String, Error> {
    use std::io::Read;
    let path = Path::new("/dev/urandom");
    let mut buffer = vec![0; bytes];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut buffer));
    read.map_err(Error::file("read", path))?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_stay_inside_the_lab_while_their_paths_fit() {
        let short = Paths::at(Path::new("/home/a/.local/state/slurmha/lab/default")).unwrap();
        assert_eq!(short.sockets(), short.state.join("run"));
        let long = Paths::at(&Path::new("/").join("d".repeat(100)).join("default")).unwrap();
        assert!(long.sockets().starts_with("/tmp"), "{:?}", long.sockets());
        for paths in [short, long] {
            let cable = paths.cable(999, "replication", 'm');
            assert!(cable.as_os_str().len() <= SOCKET_PATH_MAX, "{cable:?}");
            assert!(paths.monitor(99_999).as_os_str().len() <= SOCKET_PATH_MAX);
        }
    }

    #[test]
    fn two_long_directories_do_not_share_their_sockets() {
        let at =
            |letter: &str| Paths::at(&Path::new("/").join(letter.repeat(120))).unwrap().sockets();
        assert_ne!(at("a"), at("b"));
    }

    #[test]
    fn names_that_could_leave_the_directory_are_refused() {
        for name in ["", "..", "a/b", "A", "a b", &"x".repeat(33)] {
            assert!(matches!(Paths::of(name), Err(Error::Name { .. })), "{name:?}");
        }
    }

    #[test]
    fn a_held_lock_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = lock(&path, false).unwrap();
        assert!(held.is_some());
        assert!(lock(&path, false).unwrap().is_none());
        drop(held);
        assert!(lock(&path, false).unwrap().is_some());
    }
}
