// SPDX-License-Identifier: Apache-2.0
//! The state of one machine, read in one exchange and changed by nothing.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config_file::{Access, ConfigFile};
use crate::secret::{Digest, SecretFile, SecretId};
use crate::slurm_conf::Places;

/// An answer, or the reason why there is none. Unknown is not down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    /// The answer.
    Known(T),
    /// It could not be told, and why.
    Unknown(String),
}

impl<T> Reading<T> {
    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Why there is no answer, if there is none.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(why) => Some(why),
        }
    }

    /// Another answer made from the answer.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(change(value)),
            Self::Unknown(why) => Reading::Unknown(why),
        }
    }
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self::Unknown(NOT_ASKED.to_owned())
    }
}

/// Why there is no answer where nobody has asked.
pub(crate) const NOT_ASKED: &str = "not asked";

/// What to look at. Everything that is asked costs time on the machine, so a
/// command asks only for what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveRequest {
    /// Packages whose version is wanted.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Users whose ids are wanted.
    #[serde(default)]
    pub users: Vec<String>,
    /// Groups whose ids are wanted.
    #[serde(default)]
    pub groups: Vec<String>,
    /// People whose accounts are wanted, beside all that slurmha has made.
    #[serde(default)]
    pub people: Option<crate::observe::PeopleRequest>,
    /// Directory of the homes, if it is wanted what is mounted there.
    #[serde(default)]
    pub homes: Option<PathBuf>,
    /// Files whose text is wanted.
    #[serde(default)]
    pub files: Vec<FileRequest>,
    /// Files whose digest is wanted.
    #[serde(default)]
    pub digests: Vec<PathBuf>,
    /// Directories whose owner and mode are wanted.
    #[serde(default)]
    pub directories: Vec<PathBuf>,
    /// Secrets whose digest is wanted.
    #[serde(default)]
    pub secrets: Vec<SecretFile>,
    /// systemd units whose state is wanted.
    #[serde(default)]
    pub units: Vec<String>,
    /// Block devices whose content is to be identified.
    #[serde(default)]
    pub devices: Vec<PathBuf>,
    /// Directories whose file system's space is wanted.
    #[serde(default)]
    pub spaces: Vec<PathBuf>,
    /// DRBD resource whose status is wanted.
    #[serde(default)]
    pub drbd_resource: Option<String>,
    /// Whether to ask for Pacemaker's status.
    #[serde(default)]
    pub cluster: bool,
    /// Whether to ask what somebody has moved by hand.
    #[serde(default)]
    pub preferences: bool,
    /// WireGuard interface whose peers are wanted.
    #[serde(default)]
    pub vpn_interface: Option<String>,
    /// Whether to ask for Corosync's quorum.
    #[serde(default)]
    pub quorum: bool,
    /// Whether to ask which settings are in force that only a failure needs.
    #[serde(default)]
    pub safeguards: bool,
    /// Whether to ask for Pacemaker's whole configuration.
    #[serde(default)]
    pub cib: bool,
    /// What Slurm's daemons and MariaDB are asked from there.
    #[serde(default)]
    pub slurm: SlurmQuestion,
    /// What slurm.conf shall name: jobs in what it has beside that are counted where
    /// slurmctld runs.
    #[serde(default)]
    pub wanted_places: Option<Places>,
    /// Whether programs may take several times as long as usual: for a machine that has
    /// just not answered in time.
    #[serde(default)]
    pub patient: bool,
    /// Whether to look at what only `check` needs: addresses, listening
    /// ports, kernel modules of every installed kernel, name resolution.
    #[serde(default)]
    pub preflight: Option<PreflightRequest>,
}

/// What Slurm's daemons and MariaDB are asked from a machine. Each question is a program
/// there and a request to a daemon, and of many equal answers one is used: four machines
/// that asked everything were most of what a look cost an emulated cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlurmQuestion {
    /// Nothing.
    #[default]
    Nothing,
    /// Whether slurmctld answers there, as it does to users.
    Ping,
    /// Everything where one of the daemons runs, and [`Self::Ping`] elsewhere.
    WhereItRuns,
    /// Everything: a sign of life of each daemon, jobs, nodes, and what waits.
    Everything,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRequest {
    /// Absolute path.
    pub path: PathBuf,
    /// How it shall be, if secrets may be in it.
    #[serde(default)]
    pub private: Option<PrivateText>,
}

/// The text that a file shall have in which secrets may be, also those of an
/// earlier site file. By it the machine sees which of them are there, and takes
/// them out of what it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateText {
    /// With placeholders.
    pub text: String,
    /// The secrets whose placeholders are in it.
    pub secrets: Vec<SecretFile>,
}

impl FileRequest {
    /// A file in which no secret can be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), private: None }
    }

    /// The file that shall be like this one.
    pub fn of(file: &ConfigFile) -> Self {
        let private = || PrivateText {
            text: file.text.clone(),
            secrets: file.secrets.iter().map(SecretId::location).collect(),
        };
        Self { path: file.path.clone(), private: file.may_hold_secrets().then(private) }
    }
}

/// What `check` asks on top.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightRequest {
    /// An address that must not answer yet (the VIP), and is asked by ARP
    /// or ping.
    pub unused_address: Option<Ipv4Addr>,
    /// How long to watch whether the machine stands still.
    #[serde(default)]
    pub stalls: Option<Duration>,
    /// Small files of package repositories, which the machine shall fetch in the way
    /// in which it fetches packages.
    #[serde(default)]
    pub fetch: Vec<String>,
}

/// The answer to an [`ObserveRequest`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// `uname -n`.
    pub hostname: String,
    /// `ID` of os-release, such as `debian`.
    pub os_id: String,
    /// `VERSION_ID` of os-release, such as `12`.
    pub os_version: String,
    /// The running kernel.
    pub kernel: String,
    /// The machine's clock as it answered.
    pub clock: Option<Timestamp>,
    /// The asker's clock when the answer had come; the machine does not tell it.
    #[serde(skip)]
    pub heard: Option<Timestamp>,
    /// Whether agents and units call the binary that gave this answer.
    #[serde(default)]
    pub binary_in_use: bool,
    /// Installed version of each asked package; absent when not installed.
    pub packages: BTreeMap<String, String>,
    /// Ids of each asked user that exists.
    pub users: BTreeMap<String, Account>,
    /// Id of each asked group that exists.
    pub groups: BTreeMap<String, u32>,
    /// Accounts of people, if they were asked for.
    #[serde(default)]
    pub people: crate::observe::People,
    /// What is where homes shall be; `None` when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homes: Option<crate::observe::HomesState>,
    /// Each asked file that exists.
    pub files: BTreeMap<PathBuf, FileState>,
    /// Digest of each asked file that exists and can be read.
    #[serde(default)]
    pub digests: BTreeMap<PathBuf, Digest>,
    /// Each asked directory that exists.
    pub directories: BTreeMap<PathBuf, Access>,
    /// Each asked secret that exists.
    pub secrets: BTreeMap<String, SecretState>,
    /// Each asked unit.
    pub units: BTreeMap<String, UnitState>,
    /// Each asked block device.
    pub devices: BTreeMap<PathBuf, DeviceState>,
    /// The space of each asked directory's file system, where it could be told.
    #[serde(default)]
    pub spaces: BTreeMap<PathBuf, Space>,
    /// `drbdadm status`, for the asked resource; empty list when it is down.
    pub drbd: Reading<crate::observe::DrbdStatus>,
    /// `corosync-quorumtool -s`.
    pub quorum: Reading<crate::observe::QuorumStatus>,
    /// Settings that only a failure needs, if they were asked for.
    #[serde(default)]
    pub safeguards: Option<Safeguards>,
    /// `crm_mon --output-as=xml`.
    pub cluster: Reading<crate::observe::ClusterStatus>,
    /// What somebody has moved by hand; `None` when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Reading<Vec<crate::observe::Preference>>>,
    /// `cibadmin --query`.
    pub cib: Reading<String>,
    /// The control plane's daemons, each asked with a real request.
    pub slurm: Reading<crate::observe::SlurmStatus>,
    /// Jobs in what slurm.conf shall no longer have; not asked where nothing goes.
    #[serde(default)]
    pub ending_jobs: Reading<crate::observe::EndingJobs>,
    /// `wg show INTERFACE dump`, without its secrets.
    #[serde(default)]
    pub vpn: Reading<crate::observe::VpnState>,
    /// What only `check` asks for.
    pub preflight: Option<Preflight>,
}

impl Observation {
    /// State of a secret on this machine.
    pub fn secret(&self, id: &SecretId) -> Option<&SecretState> {
        self.secrets.get(&id.to_string())
    }
}

/// What a controller has in force, whatever its files say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safeguards {
    /// Options of the file system on the state volume, as the kernel tells
    /// them; `None` where it is not mounted.
    pub state_options: Reading<Option<Vec<String>>>,
    /// DRBD's policy `fencing` (drbd.conf(5)); the weakest one where its
    /// volumes have different ones.
    pub drbd_fencing: Reading<String>,
    /// Corosync's `quorum.device.timeout` in milliseconds.
    pub qdevice_timeout_ms: Reading<u64>,
}

/// Space of a file system, in bytes; statvfs(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What is left for everybody but root.
    pub available: u64,
}

/// A user's numeric ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

/// A file that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Owner and permissions.
    pub access: Access,
    /// Content with secrets replaced by placeholders; absent when it is not
    /// UTF-8 or larger than 1 MiB, or does not hold its secrets.
    pub text: Option<String>,
    /// Secrets of which it does not hold the present value where it shall: it
    /// may hold an older one, which nobody could take out of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<SecretId>,
    /// When it was last written.
    pub modified: Timestamp,
}

/// A secret that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretState {
    /// Absolute path.
    pub path: PathBuf,
    /// Owner and permissions.
    pub access: Access,
    /// Digest of its value.
    pub digest: Digest,
    /// When it was last written.
    pub modified: Timestamp,
}

/// `systemctl show` of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// `LoadState`: `loaded`, `not-found`, `masked`.
    pub load: String,
    /// `ActiveState`: `active`, `inactive`, `failed`, ...
    pub active: String,
    /// `SubState`: what `active` is in detail, such as `running`, `auto-restart`; empty when it
    /// was not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sub: String,
    /// `UnitFileState`: `enabled`, `disabled`, `masked`, `static`, ...; empty
    /// when there is no unit file.
    pub enabled: String,
    /// `ActiveEnterTimestamp`, when it became active; of a mount
    /// `InactiveExitTimestamp`, when it was mounted.
    pub since: Option<Timestamp>,
}

/// A block device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    /// Size in bytes; absent when there is no such block device.
    pub size_bytes: Option<u64>,
    /// What `blkid --probe` and `drbdmeta` find on it.
    pub content: DeviceContent,
    /// Where it, or something on it, is mounted.
    pub mounted_at: Vec<PathBuf>,
}

/// What a block device carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum DeviceContent {
    /// Nothing that any known signature names.
    Blank,
    /// DRBD metadata, with the label of the file system inside if there is one.
    Drbd {
        /// File system label.
        label: Option<String>,
    },
    /// Something else: never touched.
    Foreign {
        /// What `blkid` calls it, such as `ext4` or `LVM2_member`.
        signature: String,
        /// Its label.
        label: Option<String>,
    },
    /// Could not be read.
    Unknown {
        /// Why.
        why: String,
    },
}

/// What only `check` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// Every IPv4 address of the machine.
    pub addresses: Reading<Vec<Ipv4Addr>>,
    /// TCP ports on which something listens, with the program's name if known.
    pub listening: Reading<BTreeMap<u16, String>>,
    /// For each installed kernel, whether it has the drbd module.
    pub drbd_module: BTreeMap<String, bool>,
    /// How names resolve from /etc/hosts, without slurmha's own block there: `apply`
    /// writes that one anew.
    pub hosts: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Whether the address that should be unused answered.
    pub unused_address_answers: Reading<bool>,
    /// Versions of Slurm packages that apt would install, by package.
    pub candidates: Reading<BTreeMap<String, String>>,
    /// The longest time for which a most urgent process was not run; absent
    /// when it was not asked for.
    #[serde(default)]
    pub worst_stall: Option<Reading<Duration>>,
    /// What came of each file that the machine should fetch.
    #[serde(default)]
    pub fetched: BTreeMap<String, Fetched>,
}

/// What came of fetching a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetched {
    /// It came.
    Yes,
    /// It did not, and why.
    No(String),
    /// It could not be tried, and why.
    Unknown(String),
}
