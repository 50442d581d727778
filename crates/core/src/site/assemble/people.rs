// SPDX-License-Identifier: Apache-2.0
//! `[[user]]`, `[[group]]`, `[homes]`, `[directory]` and `[limits]`.

use std::path::PathBuf;

use super::all;
use crate::site::fragments::{self as file, SiteFile, items};
use crate::site::model::{Homes, Limits, LocalGroup, LocalUser, NfsHomes, People};
use crate::site::spanned::Spanned;

/// Where Debian has them.
pub(in crate::site) const DEFAULT_HOMES: &str = "/home";
const DEFAULT_SHELL: &str = "/bin/bash";

/// Two people can still work when a third one has run away.
const DEFAULT_MEMORY_PERCENT: u32 = 50;

/// More than any editor, build or Python needs, and an end to a fork bomb.
const DEFAULT_TASKS: u32 = 4096;

pub(super) fn assemble(file: &SiteFile) -> Option<People> {
    Some(People {
        users: all(items(file.user.as_ref()), user)?,
        groups: all(items(file.group.as_ref()), group)?,
        homes: homes(file.homes.as_ref()),
        sssd_conf_file: match &file.directory {
            Some(directory) => Some(directory.sssd_conf_file.as_ref()?.0.clone()),
            None => None,
        },
    })
}

/// What one person may take, with what the file leaves out.
pub(super) fn limits(file: &SiteFile) -> Option<Limits> {
    let set = |key: fn(&file::Limits) -> &Option<Spanned<u64>>| {
        file.limits.as_ref().and_then(|limits| key(limits).as_ref()).map(|it| it.value)
    };
    let number = |value: u64| u32::try_from(value).ok();
    Some(Limits {
        memory_percent: set(|it| &it.memory_percent)
            .map_or(Some(DEFAULT_MEMORY_PERCENT), number)?,
        cpus: match set(|it| &it.cpus) {
            Some(cpus) => Some(number(cpus)?),
            None => None,
        },
        tasks: set(|it| &it.tasks).map_or(Some(DEFAULT_TASKS), number)?,
    })
}

fn user(user: &file::LocalUser) -> Option<LocalUser> {
    let uid = u32::try_from(user.uid.as_ref()?.value).ok()?;
    let shell = user.shell.as_ref().map_or(DEFAULT_SHELL, |shell| &shell.0);
    Some(LocalUser {
        name: user.name.as_ref()?.0.clone(),
        uid,
        gid: match &user.gid {
            Some(gid) => u32::try_from(gid.value).ok()?,
            None => uid,
        },
        groups: items(user.groups.as_ref()).iter().map(|group| group.0.clone()).collect(),
        full_name: user.full_name.as_ref().map(|name| name.0.clone()).unwrap_or_default(),
        ssh_keys: items(user.ssh_keys.as_ref()).iter().map(|key| key.0.clone()).collect(),
        shell: PathBuf::from(shell),
    })
}

fn group(group: &file::LocalGroup) -> Option<LocalGroup> {
    Some(LocalGroup {
        name: group.name.as_ref()?.0.clone(),
        gid: u32::try_from(group.gid.as_ref()?.value).ok()?,
    })
}

fn homes(homes: Option<&Spanned<file::Homes>>) -> Homes {
    let directory = homes.and_then(|homes| homes.mount.as_ref());
    let options = homes.and_then(|homes| homes.options.as_ref());
    let nfs = homes.and_then(|homes| homes.nfs.as_ref());
    Homes {
        directory: PathBuf::from(directory.map_or(DEFAULT_HOMES, |directory| &directory.0)),
        nfs: nfs.map(|export| NfsHomes {
            export: export.0.clone(),
            options: options.map(|options| options.0.clone()),
        }),
    }
}
