// SPDX-License-Identifier: Apache-2.0
//! Who has an account, where homes are, and what one person may take.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::secret::SecretId;

/// Who has an account, and where homes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct People {
    /// Accounts that the site file describes.
    pub users: Vec<LocalUser>,
    /// Groups that it describes.
    pub groups: Vec<LocalGroup>,
    /// Where homes are.
    pub homes: Homes,
    /// File on the administrator's machine that becomes sssd.conf; `None`
    /// when no directory is asked.
    pub sssd_conf_file: Option<PathBuf>,
}

/// A person with an account of the same ids on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocalUser {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of the primary group: a [`LocalGroup`]'s, or that of a group with
    /// the person's own name.
    pub gid: u32,
    /// Names of further groups, all of them [`LocalGroup`]s.
    pub groups: Vec<String>,
    /// Name of the person; may be empty.
    pub full_name: String,
    /// Public keys, lines of `authorized_keys`.
    pub ssh_keys: Vec<String>,
    /// Login shell on login and compute nodes.
    pub shell: PathBuf,
}

/// A group that several people belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocalGroup {
    /// Its name.
    pub name: String,
    /// Its id.
    pub gid: u32,
}

/// Where homes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Homes {
    /// The directory that they are in.
    pub directory: PathBuf,
    /// The export that is mounted there; `None` when each machine has homes of
    /// its own.
    pub nfs: Option<NfsHomes>,
}

/// An NFS export that holds the homes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NfsHomes {
    /// `server:/path`.
    pub export: String,
    /// Options beside ours, separated by commas.
    pub options: Option<String>,
}

/// What one person may take of a login node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Percent of the machine's memory.
    pub memory_percent: u32,
    /// Processors; `None` when all that others do not want.
    pub cpus: Option<u32>,
    /// Processes and threads.
    pub tasks: u32,
}

impl LocalUser {
    /// The home directory.
    pub fn home(&self, homes: &Homes) -> PathBuf {
        homes.directory.join(&self.name)
    }
}

impl People {
    /// The name of a user's primary group.
    pub fn primary_group<'a>(&'a self, user: &'a LocalUser) -> &'a str {
        let shared = self.groups.iter().find(|group| group.gid == user.gid);
        shared.map_or(&user.name, |group| &group.name)
    }

    /// The secret that the directory's settings are, with the file that holds it.
    pub(super) fn given_secret(&self) -> Option<(SecretId, &Path)> {
        Some((SecretId::DirectoryConf, self.sssd_conf_file.as_deref()?))
    }
}
