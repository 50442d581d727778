// SPDX-License-Identifier: Apache-2.0
//! Why a step did not end well.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::accounts::AccountError;
use crate::command::CommandError;
use crate::program::AskError;
use crate::system::FileError;

/// A step that failed, or was refused.
#[derive(Debug, Error)]
pub enum StepError {
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A user or group is missing.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// DRBD's status could not be told.
    #[error("cannot tell the state of DRBD: {0}")]
    Drbd(#[from] AskError),
    /// Going on could destroy something.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A secret is needed that the machine does not have.
    #[error("the secret {id} is not on this machine: there is no {}", .path.display())]
    NoSecret {
        /// Which.
        id: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A secret was to be placed and its value was not sent.
    #[error("the value of the secret {0} was not sent along")]
    NoValue(String),
    /// A secret exists and cannot be right.
    #[error("{} holds {found} bytes, too few for a {id}", .path.display())]
    ShortSecret {
        /// Which.
        id: String,
        /// Where.
        path: PathBuf,
        /// Its length.
        found: usize,
    },
    /// A secret that stands in a configuration file is not text.
    #[error("the secret {0} is not text and cannot be part of a configuration file")]
    BinarySecret(String),
    /// A file's own program does not accept it.
    #[error("the new {} was not put in place, because it was not accepted: {source}", .path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// The validator's answer.
        source: CommandError,
    },
    /// Something else is where a directory should be.
    #[error("{} exists and is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// A unit that was started does not run.
    #[error("{unit} was started and is {active}{}", .last_words.as_deref().map(|text| format!("; its last words: {text}")).unwrap_or_default())]
    NotRunning {
        /// Which.
        unit: String,
        /// systemd's `ActiveState`.
        active: String,
        /// The end of its journal.
        last_words: Option<String>,
    },
    /// systemd does not know a unit.
    #[error("systemd does not know {0}")]
    NoUnit(String),
    /// A unit has no `[Install]` section.
    #[error("{0} cannot be enabled: its unit file has no [Install] section")]
    StaticUnit(String),
    /// Something did not come in time.
    #[error("waited {} s in vain: {missing}", .after.as_secs())]
    TooSlow {
        /// What was still missing.
        missing: String,
        /// How long.
        after: Duration,
        /// What to look at.
        hint: String,
    },
    /// A part of the cluster said no for good.
    #[error("{message}")]
    Hopeless {
        /// What was seen.
        message: String,
        /// What to look at.
        hint: String,
    },
    /// The merged CIB could not be computed.
    #[error("the Pacemaker configuration cannot be merged: {0}")]
    Merge(String),
    /// The CIB changed at every attempt.
    #[error("the Pacemaker configuration was changed by somebody else at each of {0} attempts")]
    Contended(u32),
    /// The way back failed as well.
    #[error("{first}; and then, on the way back: {then}")]
    AndThen {
        /// What went wrong.
        first: Box<StepError>,
        /// What could not be undone.
        then: Box<StepError>,
    },
    /// Nobody listens any more.
    #[error("the connection that asked for this is gone")]
    Abandoned,
}

/// A step that was not tried, because it could destroy something.
#[derive(Debug, Error)]
pub enum Refusal {
    /// A group has another id.
    #[error("the group {name} exists with id {found} instead of {wanted}")]
    OtherGroupId {
        /// Its name.
        name: String,
        /// Its id.
        found: u32,
        /// The wanted one.
        wanted: u32,
    },
    /// A group id is taken.
    #[error("the group id {gid} that {name} needs belongs to {holder}")]
    GroupIdTaken {
        /// The wanted name.
        name: String,
        /// The id.
        gid: u32,
        /// Who has it.
        holder: String,
    },
    /// A user has another id.
    #[error("the user {name} exists with id {found} instead of {wanted}")]
    OtherUserId {
        /// Its name.
        name: String,
        /// Its id.
        found: u32,
        /// The wanted one.
        wanted: u32,
    },
    /// A user id is taken.
    #[error("the user id {uid} that {name} needs belongs to {holder}")]
    UserIdTaken {
        /// The wanted name.
        name: String,
        /// The id.
        uid: u32,
        /// Who has it.
        holder: String,
    },
    /// Somebody's home shall move while they work.
    #[error(
        "the home of {name} cannot move from {} to {}: {name} has processes here",
        .from.display(), .to.display()
    )]
    AtWork {
        /// Who.
        name: String,
        /// The present home.
        from: PathBuf,
        /// The wanted one.
        to: PathBuf,
    },
    /// A device is not blank.
    #[error("{} is not blank, it carries {found}; nothing was written", .device.display())]
    NotBlank {
        /// Which.
        device: PathBuf,
        /// What is on it.
        found: String,
    },
    /// A device is in use.
    #[error("{} is in use ({by}); nothing was written", .device.display())]
    InUse {
        /// Which.
        device: PathBuf,
        /// Who uses it.
        by: String,
    },
    /// It could not be told what a device carries.
    #[error("it cannot be told what {} carries ({why}); nothing was written", .device.display())]
    Unreadable {
        /// Which.
        device: PathBuf,
        /// Why.
        why: String,
    },
    /// DRBD's two sides disagree about whose data is good.
    #[error("DRBD resource {resource} stands alone: its sides may have different data")]
    StandAlone {
        /// Which.
        resource: String,
    },
    /// Fresh DRBD metadata around an existing file system.
    #[error(
        "volume {volume} of {resource} has fresh DRBD metadata around {found}: \
         only a person can know which side has the data"
    )]
    DataUnderFreshMetadata {
        /// The resource.
        resource: String,
        /// Volume number.
        volume: usize,
        /// What blkid finds inside.
        found: String,
    },
    /// The peer has the volumes in use, and not through Pacemaker.
    #[error("the peer holds {resource} as Primary, and Pacemaker does not manage it")]
    PeerIsPrimary {
        /// The resource.
        resource: String,
    },
    /// A volume belongs to another cluster.
    #[error("{} belongs to the cluster {found}, not to {wanted}", .device.display())]
    OtherCluster {
        /// Which.
        device: PathBuf,
        /// The marker's cluster.
        found: String,
        /// This cluster.
        wanted: String,
    },
    /// A volume's marker makes no sense.
    #[error("the marker on {} is not one of slurmha's: {why}", .device.display())]
    StrangeMarker {
        /// Which.
        device: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A volume without marker has files that slurmha did not make.
    #[error("{} has no marker and holds files that slurmha did not make: {names}", .device.display())]
    StrangeFiles {
        /// Which.
        device: PathBuf,
        /// Some of them.
        names: String,
    },
    /// Something else is mounted where a volume belongs.
    #[error("{} is mounted on {}", .found.display(), .mount_point.display())]
    MountPointTaken {
        /// Where.
        mount_point: PathBuf,
        /// What is there.
        found: PathBuf,
    },
    /// A secret that only the administrator can provide.
    #[error("the secret {0} is not made by slurmha: it comes from a file of yours")]
    GivenSecret(String),
    /// A secret that is a machine's own was asked for.
    #[error("the secret {0} is this machine's own and does not leave it")]
    SecretStays(String),
}

impl StepError {
    /// Whether the step was not tried.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::AndThen { first, .. } => first.is_refusal(),
            _ => false,
        }
    }

    /// What to type next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::TooSlow { hint, .. } | Self::Hopeless { hint, .. } => Some(hint.clone()),
            Self::NotRunning { unit, .. } => Some(format!("journalctl --unit {unit} --lines 50")),
            Self::NoSecret { id, .. } => {
                Some(format!("place the secret {id} before the file that holds it"))
            }
            Self::ShortSecret { path, .. } => {
                Some(format!("remove {} to have a new one made", path.display()))
            }
            Self::Command(CommandError::NotFound { program }) => {
                Some(format!("install the package that provides {program}"))
            }
            Self::AndThen { first, .. } => first.hint(),
            _ => None,
        }
    }
}

impl Refusal {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::OtherGroupId { name, wanted, .. } => format!(
                "if nothing else depends on it: groupmod --gid {wanted} {name}, \
                 then correct the files that have the old id"
            ),
            Self::OtherUserId { name, wanted, .. } => format!(
                "if nothing else depends on it: usermod --uid {wanted} {name}, \
                 then correct the files that have the old id"
            ),
            Self::GroupIdTaken { gid, .. } => format!("getent group {gid}"),
            Self::UserIdTaken { uid, .. } => format!("getent passwd {uid}"),
            Self::AtWork { name, .. } => format!(
                "when their jobs have ended: loginctl terminate-user {name}; then apply again"
            ),
            Self::NotBlank { device, .. } => format!(
                "look first: blkid --probe {0}; if its content may be lost: wipefs --all {0}",
                device.display()
            ),
            Self::InUse { device, .. } => format!("lsblk {}", device.display()),
            Self::Unreadable { device, .. } => format!("blkid --probe {}", device.display()),
            Self::StandAlone { .. } => {
                "`slurmha runbook SlurmhaDrbdStandAlone` says how to see whose data is good, and \
                 what to type then"
                    .to_owned()
            }
            Self::DataUnderFreshMetadata { resource, .. } => {
                format!("on the side that has the data: drbdadm primary --force {resource}")
            }
            Self::PeerIsPrimary { resource } => {
                format!("on the peer: unmount its volumes, then drbdadm secondary {resource}")
            }
            Self::OtherCluster { .. } | Self::StrangeMarker { .. } | Self::StrangeFiles { .. } => {
                "name other devices in the site file, or blank these yourself".to_owned()
            }
            Self::MountPointTaken { mount_point, .. } => {
                format!("umount {}", mount_point.display())
            }
            Self::GivenSecret(_) | Self::SecretStays(_) => return None,
        };
        Some(hint)
    }
}

#[cfg(test)]
mod tests {
    use slurmha_core::runbook::{Found, find};

    use super::*;

    /// A wrong step costs one side's data there.
    #[test]
    fn a_split_brain_leads_to_its_runbook() {
        let refusal = Refusal::StandAlone { resource: "slurm_data".to_owned() };
        let hint = StepError::Refused(refusal).hint().expect("a hint");
        let (_, rest) = hint.split_once("`slurmha runbook ").expect("a command");
        let name = rest.split('`').next().unwrap_or_default();
        let found = find(name).expect("a runbook");
        assert!(matches!(found, Found::Alert(_, alert) if alert.name == name), "{found:?}");
    }
}
