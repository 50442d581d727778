// SPDX-License-Identifier: Apache-2.0
//! What every machine has: names, time, munge, equal ids.

use super::{Want, enabled, packages, running};
use crate::config_file::{Access, ConfigFile, Directory};
use crate::layout::{LOCAL_STATE, MUNGE_ID, SITE_FILE, SLURM_ID};
use crate::plan::{Group, Stage, User};
use crate::render::chrony;
use crate::secret::{SECRETS_DIRECTORY, SecretId};
use crate::site::{Machine, Role, Site};

pub(super) fn wants(site: &Site, machine: &Machine, site_text: &str) -> Vec<(Stage, Want)> {
    let chrony = chrony::render(site, machine);
    let munge_key = SecretId::MungeKey.location();
    let mut wants = vec![];
    if machine.takes_part_in_slurm() {
        wants.extend(account("munge", MUNGE_ID, "/nonexistent"));
        wants.extend(account("slurm", SLURM_ID, "/nonexistent"));
        wants.push(packages(&["munge"]));
    }
    wants.push(packages(&["chrony"]));
    wants.push(directory("/etc/slurmha", 0o755));
    wants.push(directory(SECRETS_DIRECTORY, 0o700));
    wants.push(directory(LOCAL_STATE, 0o755));
    wants.push(Want::Hosts);
    wants.push(Want::File(chrony.clone()));
    if machine.roles.contains(&Role::Controller) {
        wants.push(Want::File(
            ConfigFile::new(SITE_FILE, site_text).with_access(Access::root(0o644)),
        ));
    }
    let mut staged: Vec<(Stage, Want)> = wants.into_iter().map(|w| (Stage::Base, w)).collect();
    let chrony_path = chrony.path.to_string_lossy().into_owned();
    let munge_path = munge_key.path.to_string_lossy().into_owned();
    let chrony = [enabled("chrony.service"), running("chrony.service", &[&chrony_path])];
    staged.extend(chrony.map(|want| (Stage::Services, want)));
    if machine.takes_part_in_slurm() {
        let munge = [enabled("munge.service"), running("munge.service", &[&munge_path])];
        staged.push((Stage::Secrets, Want::Secret(SecretId::MungeKey)));
        staged.extend(munge.map(|want| (Stage::Services, want)));
    }
    staged
}

/// A system account with a fixed id, made before the package that would
/// otherwise choose one: ids that differ between machines break munge's and
/// Slurm's idea of who somebody is.
pub(super) fn account(name: &str, id: u32, home: &str) -> [Want; 2] {
    [
        Want::Group(Group { name: name.to_owned(), gid: id }),
        Want::User(User {
            name: name.to_owned(),
            uid: id,
            group: name.to_owned(),
            home: home.into(),
        }),
    ]
}

pub(super) fn directory(path: &str, mode: u32) -> Want {
    Want::Directory(Directory { path: path.into(), access: Access::root(mode) })
}
