// SPDX-License-Identifier: Apache-2.0
//! People on the machines that have to know them: those where they log in,
//! those where their jobs run, and the controllers, because slurmctld turns
//! user ids into names. Where they have nothing to do any more, they are closed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::everywhere::directory;
use super::{Want, enabled, packages, running};
use crate::config_file::{Access, ConfigFile};
use crate::layout::{SSSD_NAMES_ONLY_FILE, USER_KEYS, USERS_GROUP, USERS_GROUP_ID};
use crate::observe::PeopleRequest;
use crate::plan::{Enablement, Group, HomesPlace, Person, Stage};
use crate::render::{homes, people as files};
use crate::secret::SecretId;
use crate::site::{LocalUser, Machine, Role, Site};

/// Debian's shell for accounts that do not log in.
const NO_SHELL: &str = "/usr/sbin/nologin";

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    if !knows_people(machine) {
        return vec![(Stage::Base, Want::People(Vec::new()))];
    }
    let mut wants = Vec::new();
    if let Some(place) = homes_place(site, machine) {
        wants.push((Stage::Base, Want::Homes(place)));
        wants.extend(home_mount(site));
    }
    wants.extend(accounts(site, machine).into_iter().map(|want| (Stage::Base, want)));
    wants.extend(directory_wants(site, machine));
    wants
}

/// The people of the site file as they shall be on a machine.
pub(crate) fn people_on(site: &Site, machine: &Machine) -> Vec<Person> {
    if !knows_people(machine) {
        return Vec::new();
    }
    site.people.users.iter().map(|user| person(site, machine, user)).collect()
}

/// Where people's homes are on a machine; a controller has none.
pub(crate) fn homes_place(site: &Site, machine: &Machine) -> Option<HomesPlace> {
    let has_homes = knows_people(machine) && !machine.roles.contains(&Role::Controller);
    let homes = &site.people.homes;
    has_homes.then(|| HomesPlace {
        directory: homes.directory.clone(),
        automount: homes::render(homes).map(|units| units.automount_name()),
    })
}

fn knows_people(machine: &Machine) -> bool {
    let knows = [Role::Controller, Role::Login, Role::Compute];
    knows.iter().any(|role| machine.roles.contains(role))
}

/// What has to be seen for these people.
pub(super) fn request(people: &[Person]) -> PeopleRequest {
    PeopleRequest {
        names: people.iter().map(|person| person.name.clone()).collect(),
        uids: people.iter().map(|person| person.uid).collect(),
        gids: people.iter().map(|person| person.gid).collect(),
        homes: people.iter().filter(|it| it.makes_home).map(|it| it.home.clone()).collect(),
        places: people.iter().map(|it| (it.name.clone(), it.home.clone())).collect(),
    }
}

fn accounts(site: &Site, machine: &Machine) -> Vec<Want> {
    let people = &site.people;
    let mut wants = Vec::new();
    if !people.users.is_empty() {
        wants.push(group(USERS_GROUP, USERS_GROUP_ID));
    }
    wants.extend(people.groups.iter().map(|it| group(&it.name, it.gid)));
    let own = people.users.iter().filter(|user| people.primary_group(user) == user.name);
    wants.extend(own.map(|user| group(&user.name, user.gid)));
    wants.push(Want::People(people_on(site, machine)));
    if machine.roles.contains(&Role::Login) {
        wants.push(directory(USER_KEYS, 0o755));
        wants.extend(people.users.iter().map(|user| Want::File(files::keys(user))));
    }
    wants
}

fn group(name: &str, gid: u32) -> Want {
    Want::PeoplesGroup(Group { name: name.to_owned(), gid })
}

/// On a controller nobody but its administrators has a shell.
fn person(site: &Site, machine: &Machine, user: &LocalUser) -> Person {
    let people = &site.people;
    let is_controller = machine.roles.contains(&Role::Controller);
    let mut groups: BTreeSet<String> = user.groups.iter().cloned().collect();
    let others = people.groups.iter().map(|group| group.name.clone());
    let not_groups = others.filter(|name| !groups.contains(name)).collect();
    groups.insert(USERS_GROUP.to_owned());
    Person {
        name: user.name.clone(),
        uid: user.uid,
        group: people.primary_group(user).to_owned(),
        gid: user.gid,
        groups,
        not_groups,
        full_name: user.full_name.clone(),
        home: user.home(&people.homes),
        makes_home: !is_controller && people.homes.nfs.is_none(),
        shell: if is_controller { PathBuf::from(NO_SHELL) } else { user.shell.clone() },
    }
}

/// The automount alone is enabled and started: neither a boot nor `apply`
/// waits for a server that is away. It comes before the accounts: whose home moves finds it.
fn home_mount(site: &Site) -> Vec<(Stage, Want)> {
    let Some(units) = homes::render(&site.people.homes) else { return Vec::new() };
    let (automount, reads) = (units.automount_name(), units.automount.path.clone());
    let in_force = Want::MountInForce { unit: units.mount_name(), file: units.mount.path.clone() };
    let mut wants = vec![
        (Stage::Base, packages(&["nfs-common"])),
        (Stage::Base, Want::File(units.mount)),
        (Stage::Base, Want::File(units.automount)),
        (Stage::Base, enabled(&automount)),
    ];
    wants.push((Stage::Base, Want::Running { unit: automount, reads: vec![reads] }));
    wants.push((Stage::Base, in_force));
    wants
}

/// What asks a directory whether a password is right.
const SSSD_PAM_SOCKETS: [&str; 2] = ["sssd-pam.socket", "sssd-pam-priv.socket"];

/// SSSD, with the site's own settings. On a controller it tells names and lets
/// nobody in: `sssd-common` brings PAM's module along, which asks a part of
/// SSSD that is not started there.
fn directory_wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    if site.people.sssd_conf_file.is_none() {
        return Vec::new();
    }
    let conf = SecretId::DirectoryConf;
    let path = conf.location().path.to_string_lossy().into_owned();
    let reads = [path.as_str(), SSSD_NAMES_ONLY_FILE];
    let names = ["sssd-ldap", "sssd-krb5", "sssd-tools", "libnss-sss", "libpam-sss"];
    let mut wants = vec![(Stage::Base, packages(&names)), (Stage::Secrets, Want::Secret(conf))];
    let for_whom =
        if machine.roles.contains(&Role::Controller) { names_only() } else { everybody() };
    wants.extend(for_whom.into_iter().map(|want| (Stage::Base, want)));
    let service = [enabled("sssd.service"), running("sssd.service", &reads)];
    wants.extend(service.map(|want| (Stage::Services, want)));
    wants
}

fn names_only() -> Vec<Want> {
    let mut wants = vec![Want::File(snippet("[sssd]\nservices = nss\n"))];
    for unit in SSSD_PAM_SOCKETS.map(str::to_owned) {
        let masked = Want::Enablement { unit: unit.clone(), enablement: Enablement::Masked };
        wants.extend([masked, Want::NotRunning { unit }]);
    }
    wants
}

/// The machine may have been a controller. Not disabled: sssd.service wants the sockets by
/// links of the package's, which a mask has left alone.
fn everybody() -> Vec<Want> {
    let mut wants = vec![Want::Leftover(snippet("# No controller: sssd.conf says it all.\n"))];
    wants.extend(
        SSSD_PAM_SOCKETS.map(|unit| Want::Enablement {
            unit: unit.to_owned(),
            enablement: Enablement::Unmasked,
        }),
    );
    wants
}

/// sssd.conf(5), "CONFIGURATION SNIPPETS FROM INCLUDE DIRECTORY": a snippet
/// overrides sssd.conf, and must belong to root alone like that.
fn snippet(text: &str) -> ConfigFile {
    let text = format!("{}{text}", crate::render::header("#"));
    ConfigFile::new(SSSD_NAMES_ONLY_FILE, text).with_access(Access::root(0o600))
}
