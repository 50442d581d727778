// SPDX-License-Identifier: Apache-2.0
//! Machines to plan for: as they come from the distribution, and as the site
//! file wants them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use slurmha_core::desired::{MachineWants, Want, configuration, desired};
use slurmha_core::observe::{
    Account, ClusterNode, ClusterResource, ClusterStatus, DeviceContent, DeviceState, DrbdStatus,
    FileState, HomesState, Observation, PersonState, Reading, SecretState, UnitState,
};
use slurmha_core::render::cib::ACTIVE_RESOURCES;
use slurmha_core::render::hosts::Block;
use slurmha_core::secret::{Digest, SecretId};
use slurmha_core::site::{self, NodeName, Role, Site};

pub const SITE: &str = include_str!("../site/plain.toml");

pub type Observed = BTreeMap<NodeName, Observation>;

pub fn site() -> Site {
    site::parse("site.toml", SITE).expect("the lab's site file is valid").0
}

pub fn noon() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().expect("a time")
}

/// Machines as they come from the distribution: blank devices, no packages.
pub fn untouched() -> Observed {
    let blank = || DeviceState {
        size_bytes: Some(1 << 30),
        content: DeviceContent::Blank,
        mounted_at: Vec::new(),
    };
    site()
        .machines()
        .into_iter()
        .map(|machine| {
            let mut observation =
                Observation { hostname: machine.name.0.clone(), ..Default::default() };
            if machine.roles.contains(&Role::Controller) {
                observation.devices =
                    [("/dev/vdb".into(), blank()), ("/dev/vdc".into(), blank())].into();
            }
            (machine.name, observation)
        })
        .collect()
}

/// Machines on which everything is as wanted, daemons started after their
/// files were written.
pub fn as_wanted() -> Observed {
    as_wanted_by(SITE)
}

/// The same by another site file.
pub fn as_wanted_by(text: &str) -> Observed {
    let site = site::parse("site.toml", text).expect("a valid site file").0;
    all_satisfied(&site, &desired(&site, text))
}

pub fn all_satisfied(site: &Site, wants: &[MachineWants]) -> Observed {
    let names = Block::of(site);
    let machines = wants.iter();
    machines.map(|it| (it.machine.name.clone(), satisfied(site, &names, it))).collect()
}

fn satisfied(site: &Site, names: &Block, wants: &MachineWants) -> Observation {
    let hostname = wants.machine.name.0.clone();
    let mut observation = Observation { hostname, binary_in_use: true, ..Default::default() };
    for (_, want) in &wants.wants {
        satisfy(names, &mut observation, want);
    }
    if wants.machine.roles.contains(&Role::Controller) {
        form(site, &mut observation);
    }
    observation
}

fn satisfy(names: &Block, observation: &mut Observation, want: &Want) {
    match want {
        Want::Group(group) | Want::PeoplesGroup(group) => {
            observation.groups.insert(group.name.clone(), group.gid);
        }
        Want::User(user) => {
            let account = Account { uid: user.uid, gid: user.uid };
            observation.users.insert(user.name.clone(), account);
        }
        Want::People(people) => {
            for person in people {
                let state = PersonState {
                    uid: person.uid,
                    gid: person.gid,
                    groups: person.groups.clone(),
                    full_name: person.full_name.clone(),
                    home: person.home.clone(),
                    shell: person.shell.clone(),
                    is_open: true,
                    is_ours: true,
                    has_home: person.makes_home,
                    is_at_work: false,
                };
                observation.people.accounts.insert(person.name.clone(), state);
            }
        }
        Want::Packages(names) => {
            observation.packages.extend(names.iter().map(|n| (n.clone(), "1".to_owned())));
        }
        Want::Directory(directory) => {
            observation.directories.insert(directory.path.clone(), directory.access.clone());
        }
        Want::File(file) => {
            let state = FileState {
                access: file.access.clone(),
                text: Some(file.text.clone()),
                lacks: Vec::new(),
                modified: noon(),
            };
            observation.files.insert(file.path.clone(), state);
        }
        Want::Hosts => {
            let state = FileState {
                access: slurmha_core::config_file::Access::root(0o644),
                text: Some(names.merge("127.0.0.1\tlocalhost\n")),
                lacks: Vec::new(),
                modified: noon(),
            };
            observation.files.insert(PathBuf::from("/etc/hosts"), state);
        }
        Want::Secret(id) => {
            let location = id.location();
            let value: &[u8] =
                if matches!(id, SecretId::BmcPassword(_)) { b"bmc" } else { b"made" };
            let state = SecretState {
                path: location.path,
                access: location.access,
                digest: Digest::of(value),
                modified: noon(),
            };
            observation.secrets.insert(id.to_string(), state);
        }
        Want::Enablement { unit, enablement } => {
            let enabled = format!("{enablement:?}").to_lowercase();
            let entry =
                observation.units.entry(unit.clone()).or_insert_with(|| unit_state("inactive"));
            entry.enabled = enabled;
        }
        Want::Running { unit, .. } => {
            let entry =
                observation.units.entry(unit.clone()).or_insert_with(|| unit_state("active"));
            entry.active = "active".to_owned();
            entry.since = Some(noon() + SignedDuration::from_secs(60));
        }
        Want::MountInForce { unit, .. } => {
            let state = UnitState { since: Some(noon()), ..unit_state("active") };
            observation.units.insert(unit.clone(), state);
        }
        Want::Homes(place) => {
            let automounts = place.automount.iter().cloned().collect();
            let is_awaited = place.automount.is_some();
            let state = HomesState { is_awaited, automounts, ..HomesState::default() };
            observation.homes = Some(state);
        }
        Want::Leftover(_)
        | Want::NotRunning { .. }
        | Want::NotEnabled { .. }
        | Want::Retired { .. } => {}
    }
}

pub fn unit_state(active: &str) -> UnitState {
    UnitState {
        load: "loaded".to_owned(),
        active: active.to_owned(),
        sub: String::new(),
        enabled: "disabled".to_owned(),
        since: None,
    }
}

fn form(site: &Site, observation: &mut Observation) {
    let drbd = || DeviceState {
        size_bytes: Some(1 << 30),
        content: DeviceContent::Drbd { label: Some("slurmha-state".to_owned()) },
        mounted_at: Vec::new(),
    };
    observation.devices = [("/dev/vdb".into(), drbd()), ("/dev/vdc".into(), drbd())].into();
    observation.drbd = Reading::Known(DrbdStatus { up: true, ..Default::default() });
    observation.cib = Reading::Known(format!("<cib>{}</cib>", configuration(site)));
    let node =
        |name: &NodeName| ClusterNode { name: name.0.clone(), online: true, ..Default::default() };
    let resource = |id: &str| ClusterResource {
        id: id.to_owned(),
        role: "Started".to_owned(),
        node: Some("ctl1".to_owned()),
        ..Default::default()
    };
    observation.cluster = Reading::Known(ClusterStatus {
        nodes: site.controllers.iter().map(|c| node(&c.name)).collect(),
        resources: ACTIVE_RESOURCES.map(resource).to_vec(),
        ..Default::default()
    });
}
