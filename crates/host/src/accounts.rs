// SPDX-License-Identifier: Apache-2.0
//! Users and groups, read from passwd(5) and group(5).
//!
//! The binary is statically linked, so the C library's look-ups (which load
//! NSS modules) are not available; system accounts are in the files anyway.

use std::collections::BTreeMap;
use std::path::Path;

use slurmha_core::config_file::Access;
use slurmha_core::observe::Account;
use thiserror::Error;

use crate::system::{FileError, Ids, Metadata, System};

/// The users and groups of a machine.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// Users by name.
    pub users: BTreeMap<String, Account>,
    /// Group ids by name.
    pub groups: BTreeMap<String, u32>,
}

/// An account that a step needs and the machine lacks.
#[derive(Debug, Error)]
pub enum AccountError {
    /// No such user.
    #[error("there is no user `{0}` on this machine")]
    NoUser(String),
    /// No such group.
    #[error("there is no group `{0}` on this machine")]
    NoGroup(String),
}

impl Accounts {
    /// Reads `/etc/passwd` and `/etc/group`.
    pub fn load(system: &dyn System) -> Result<Self, FileError> {
        let text = |path: &str| {
            let bytes = system.read(Path::new(path))?.unwrap_or_default();
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Self { users: users(&text("/etc/passwd")?), groups: groups(&text("/etc/group")?) })
    }

    /// Owner and permissions by name; a number where there is no name.
    pub fn access_of(&self, metadata: &Metadata) -> Access {
        let Ids { uid, gid, mode } = metadata.ids;
        let owner = self.users.iter().find(|(_, user)| user.uid == uid);
        let group = self.groups.iter().find(|(_, group)| **group == gid);
        Access {
            owner: owner.map_or_else(|| uid.to_string(), |(name, _)| name.clone()),
            group: group.map_or_else(|| gid.to_string(), |(name, _)| name.clone()),
            mode,
        }
    }

    /// The ids behind the names.
    pub fn ids_of(&self, access: &Access) -> Result<Ids, AccountError> {
        let user = self.users.get(&access.owner);
        let user = user.ok_or_else(|| AccountError::NoUser(access.owner.clone()))?;
        let group = self.groups.get(&access.group);
        let gid = *group.ok_or_else(|| AccountError::NoGroup(access.group.clone()))?;
        Ok(Ids { uid: user.uid, gid, mode: access.mode })
    }

    /// Name of the user with this id.
    pub fn user_with_id(&self, uid: u32) -> Option<&str> {
        self.users.iter().find(|(_, user)| user.uid == uid).map(|(name, _)| name.as_str())
    }

    /// Name of the group with this id.
    pub fn group_with_id(&self, gid: u32) -> Option<&str> {
        self.groups.iter().find(|(_, id)| **id == gid).map(|(name, _)| name.as_str())
    }
}

fn users(passwd: &str) -> BTreeMap<String, Account> {
    fields(passwd)
        .filter_map(|field| {
            let uid = field.get(2)?.parse().ok()?;
            let gid = field.get(3)?.parse().ok()?;
            Some(((*field.first()?).to_owned(), Account { uid, gid }))
        })
        .collect()
}

fn groups(group: &str) -> BTreeMap<String, u32> {
    fields(group)
        .filter_map(|field| Some(((*field.first()?).to_owned(), field.get(2)?.parse().ok()?)))
        .collect()
}

fn fields(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_read_and_broken_lines_skipped() {
        let found = users("root:x:0:0:root:/root:/bin/bash\n+::::::\nslurm:x:64030:64030::/:\n");
        assert_eq!(found["slurm"], Account { uid: 64030, gid: 64030 });
        assert_eq!(found.len(), 2);
        assert_eq!(groups("root:x:0:\nmunge:x:111:\n")["munge"], 111);
    }
}
