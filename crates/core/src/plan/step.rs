// SPDX-License-Identifier: Apache-2.0
//! The steps of a plan: everything that slurmha can do to a machine.
//!
//! Each step looks again before it acts and answers [`Outcome::Changed`] or
//! [`Outcome::Unchanged`], so that a run that died half-way is completed by
//! the next one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::people::Person;
use crate::config_file::{ConfigFile, Directory};
use crate::secret::{SecretFile, SecretId, SecretValue};
use crate::site::NodeName;

/// Order across machines: a stage begins when every machine has finished the
/// one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Users, packages, files that need no secret, secrets made by their keeper.
    Base,
    /// Secrets, and the files that hold them, on every machine that needs them.
    Secrets,
    /// Time, munge, the arbiter: what the rest stands on.
    Services,
    /// Corosync and Pacemaker on the controllers.
    Membership,
    /// DRBD metadata and connection on both controllers.
    Replication,
    /// First-time content of the replicated volumes, on one controller.
    Volumes,
    /// Pacemaker's configuration, and what it starts.
    Resources,
    /// slurmd on the compute nodes, and those who watch.
    Nodes,
}

impl Stage {
    /// The stage in words, as a progress line shows it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Base => "packages and files",
            Self::Secrets => "secrets",
            Self::Services => "time, munge, arbiter",
            Self::Membership => "Corosync and Pacemaker",
            Self::Replication => "DRBD",
            Self::Volumes => "volumes",
            Self::Resources => "cluster resources",
            Self::Nodes => "compute nodes",
        }
    }
}

/// One thing to do on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Step {
    /// Make agents and units call the binary that carries out the plan.
    UseBinary,
    /// Create a system group with a fixed id.
    CreateGroup(Group),
    /// Create a system user with a fixed id.
    CreateUser(User),
    /// Create a person's account, or make it what it shall be.
    SetPerson(Person),
    /// Let nobody in by an account that slurmha has made. It stays with its
    /// files, so that its id is given to nobody else.
    CloseAccount {
        /// Login name.
        name: String,
        /// The file with its keys, which goes.
        keys: PathBuf,
    },
    /// Install packages without letting any daemon start; without any, take
    /// away what a killed run has left behind to that end.
    InstallPackages {
        /// Package names.
        packages: Vec<String>,
    },
    /// Create a directory or correct its owner and mode.
    MakeDirectory(Directory),
    /// Write a file beside its place, validate, swap it in.
    WriteFile(ConfigFile),
    /// Make a secret on its keeper unless it exists.
    MakeSecret(SecretFile),
    /// Send a secret back through ssh for the machines that need it.
    ExportSecret(SecretFile),
    /// Place a secret that another machine or the administrator holds.
    PlaceSecret {
        /// Which and where.
        file: SecretFile,
        /// Filled in as the step is sent; never part of a plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<SecretValue>,
    },
    /// Make systemd read its unit files again.
    ReloadSystemd,
    /// Change whether a unit starts at boot, or cannot be started at all.
    SetUnitEnablement {
        /// Unit name with suffix.
        unit: String,
        /// What it shall be.
        enablement: Enablement,
    },
    /// Start a unit that is not running.
    StartUnit {
        /// Unit name with suffix.
        unit: String,
    },
    /// Restart a unit that runs with an older configuration.
    RestartUnit {
        /// Unit name with suffix.
        unit: String,
    },
    /// Stop a unit that must not run here.
    StopUnit {
        /// Unit name with suffix.
        unit: String,
    },
    /// Wait until these machines are members with quorum and Pacemaker
    /// counts them as online.
    AwaitMembership {
        /// The controllers.
        members: Vec<NodeName>,
    },
    /// Write DRBD metadata on blank devices. A device that carries anything
    /// but this resource's own metadata is refused.
    CreateDrbdMetadata(DrbdResource),
    /// Attach the devices and connect to the peer.
    BringDrbdUp(DrbdResource),
    /// Fill blank volumes for the first time: skip the pointless first sync,
    /// make file systems, initialise MariaDB, place the markers. Volumes
    /// that have our markers are left as they are.
    InitialiseVolumes(VolumeInit),
    /// Make the Pacemaker configuration what it shall be, as one change.
    LoadCib {
        /// The wanted `<configuration>` as XML.
        configuration: String,
    },
    /// Wait until every resource runs where the cluster wants it, and the
    /// scheduler answers.
    AwaitResources {
        /// Resource ids that must be started.
        resources: Vec<String>,
    },
    /// Make the cluster known to slurmdbd (`sacctmgr add cluster`) once.
    RegisterCluster {
        /// Slurm's `ClusterName`.
        cluster: String,
    },
    /// Restart a cluster resource through Pacemaker (`crm_resource
    /// --restart`), because its daemon runs with an older configuration.
    RestartResource {
        /// Resource id.
        resource: String,
    },
    /// Make the running Corosync read a changed corosync.conf
    /// (`corosync-cfgtool -R`) and keep the digest at
    /// [`crate::layout::COROSYNC_CONF_DIGEST`].
    ReloadCorosync {
        /// Digest of the corosync.conf that is to be in force.
        digest: crate::secret::Digest,
    },
    /// Make slurmctld read a changed slurm.conf (`scontrol reconfigure`) and
    /// keep the digest at [`crate::layout::SLURM_CONF_DIGEST`].
    ReconfigureSlurm {
        /// Digest of the slurm.conf that is to be in force.
        digest: crate::secret::Digest,
    },
}

/// Whether a unit is started at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enablement {
    /// Starts at boot.
    Enabled,
    /// Starts only when somebody (such as Pacemaker) starts it.
    Disabled,
    /// Cannot be started.
    Masked,
    /// Can be started again; whether it is at boot stays as it was before.
    Unmasked,
}

/// A system group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Group name.
    pub name: String,
    /// Numeric id, equal on every machine.
    pub gid: u32,
}

/// A system user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// User name.
    pub name: String,
    /// Numeric id, equal on every machine.
    pub uid: u32,
    /// Primary group.
    pub group: String,
    /// Home directory; not created.
    pub home: PathBuf,
}

/// A DRBD resource as one controller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrbdResource {
    /// Resource name.
    pub name: String,
    /// Volumes in order of their number, from 0.
    pub volumes: Vec<DrbdVolume>,
}

/// One volume of a DRBD resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrbdVolume {
    /// The block device under it on this machine.
    pub backing_device: PathBuf,
    /// The replicated device, such as `/dev/drbd0`.
    pub device: PathBuf,
    /// Label of the file system on it.
    pub label: String,
    /// Where it is mounted on the active controller.
    pub mount_point: PathBuf,
    /// Mount options.
    pub mount_options: String,
}

/// How the replicated volumes are filled for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeInit {
    /// The resource; volume 0 is state, volume 1 is the database.
    pub resource: DrbdResource,
    /// The cluster's name, kept in the markers.
    pub cluster_name: String,
    /// Directories to make on the mounted volumes.
    pub directories: Vec<Directory>,
    /// MariaDB's data directory on the database volume.
    pub database_directory: PathBuf,
    /// The database and account that slurmdbd uses.
    pub database_name: String,
    /// MariaDB account, on localhost.
    pub database_user: String,
    /// The secret that is its password.
    pub database_password: SecretFile,
}

/// Name of the marker file at the root of each replicated volume. Agents
/// refuse to start a daemon on a mount point without it (an empty
/// directory where the volume should be would get a fresh, empty state).
pub const VOLUME_MARKER: &str = ".slurmha-volume";

/// What the marker file holds, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeMarker {
    /// Slurm's `ClusterName` of the cluster that the volume belongs to.
    pub cluster: String,
    /// The volume's file system label.
    pub volume: String,
}

/// Whether a step did anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The machine is different now.
    Changed,
    /// It was already as wanted.
    Unchanged,
}

/// What `slurmha node apply` reports while it works, one JSON line each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum StepEvent {
    /// A step begins.
    Started {
        /// Its index in the list that was sent.
        step: usize,
    },
    /// Something worth showing inside a long step.
    Progress {
        /// Its index in the list that was sent.
        step: usize,
        /// One line.
        text: String,
    },
    /// A step has ended well.
    Done {
        /// Its index in the list that was sent.
        step: usize,
        /// Whether it did anything.
        outcome: Outcome,
    },
    /// A secret that was asked for; only ever inside ssh.
    Secret {
        /// Which.
        id: SecretId,
        /// Its value.
        value: SecretValue,
    },
    /// A step failed; the rest of the list was not begun.
    Failed {
        /// Its index in the list that was sent.
        step: usize,
        /// What failed, where, why.
        message: String,
        /// What to type next, when there is something.
        hint: Option<String>,
        /// True when the step was refused for safety rather than tried.
        refused: bool,
    },
}

impl Step {
    /// The step in one line, as a plan shows it. Holds no secret.
    pub fn summary(&self) -> String {
        match self {
            Self::UseBinary => "use this version of slurmha".to_owned(),
            Self::CreateGroup(group) => format!("create group {} ({})", group.name, group.gid),
            Self::CreateUser(user) => format!("create user {} ({})", user.name, user.uid),
            Self::SetPerson(person) => format!("account {} ({})", person.name, person.uid),
            Self::CloseAccount { name, .. } => format!("close account {name}"),
            Self::InstallPackages { packages } if packages.is_empty() => {
                "let packages start their daemons again".to_owned()
            }
            Self::InstallPackages { packages } => format!("install {}", packages.join(" ")),
            Self::MakeDirectory(directory) => {
                format!("make directory {}", directory.path.display())
            }
            Self::WriteFile(file) => format!("write {}", file.path.display()),
            Self::MakeSecret(file) => format!("make secret {}", file.id),
            Self::ExportSecret(file) => format!("hand out secret {}", file.id),
            Self::PlaceSecret { file, .. } => {
                format!("place secret {} at {}", file.id, file.path.display())
            }
            Self::ReloadSystemd => "reload systemd's unit files".to_owned(),
            Self::SetUnitEnablement { unit, enablement } => match enablement {
                Enablement::Enabled => format!("enable {unit}"),
                Enablement::Disabled => format!("disable {unit}"),
                Enablement::Masked => format!("mask {unit}"),
                Enablement::Unmasked => format!("unmask {unit}"),
            },
            Self::StartUnit { unit } => format!("start {unit}"),
            Self::RestartUnit { unit } => format!("restart {unit}"),
            Self::StopUnit { unit } => format!("stop {unit}"),
            Self::AwaitMembership { members } => {
                let names: Vec<&str> = members.iter().map(NodeName::as_str).collect();
                format!("wait for membership of {}", names.join(" and "))
            }
            Self::CreateDrbdMetadata(resource) => {
                format!("create DRBD metadata for {}", resource.name)
            }
            Self::BringDrbdUp(resource) => format!("bring up DRBD resource {}", resource.name),
            Self::InitialiseVolumes(init) => {
                format!("fill the blank volumes of {}", init.resource.name)
            }
            Self::LoadCib { .. } => "change the Pacemaker configuration".to_owned(),
            Self::AwaitResources { resources } => {
                format!("wait for {} cluster resources", resources.len())
            }
            Self::RegisterCluster { cluster } => format!("register {cluster} with slurmdbd"),
            Self::RestartResource { resource } => format!("restart resource {resource}"),
            Self::ReloadCorosync { .. } => "reload corosync.conf".to_owned(),
            Self::ReconfigureSlurm { .. } => "scontrol reconfigure".to_owned(),
        }
    }

    /// Whether the step only waits or reads, so that a plan made of such
    /// steps alone changes nothing.
    pub fn is_passive(&self) -> bool {
        matches!(
            self,
            Self::AwaitMembership { .. } | Self::AwaitResources { .. } | Self::ExportSecret(_)
        )
    }
}
