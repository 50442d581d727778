// SPDX-License-Identifier: Apache-2.0
//! What is wanted on each machine, from the site alone.
//!
//! A [`Want`] says how something shall be, never how to get there; that is
//! the plan's business once the machine has been looked at.

mod arbiter;
mod compute;
mod console;
mod controller;
mod everywhere;
mod login;
mod monitoring;
mod ondemand;
mod pages;
mod people;
mod portal;
mod repository;
mod vpn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config_file::{ConfigFile, Directory};
use crate::observe::{FileRequest, ObserveRequest};
use crate::plan::{Enablement, Group, HomesPlace, Person, Stage, User};
use crate::render::{cib, hosts};
use crate::secret::SecretId;
use crate::site::{Machine, Role, Site};
use crate::slurm_conf::Places;
use crate::{layout, plan};

pub(crate) use people::{homes_place, people_on};

/// One thing as it shall be on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A system group.
    Group(Group),
    /// A group of people, whose id is the same on every machine.
    PeoplesGroup(Group),
    /// A system user.
    User(User),
    /// People's accounts; others that slurmha has made are closed.
    People(Vec<Person>),
    /// Where homes are: nothing is done for it, it tells what stands in the way of the
    /// mount, and what is left of an earlier one.
    Homes(HomesPlace),
    /// Installed packages.
    Packages(Vec<String>),
    /// A directory.
    Directory(Directory),
    /// A file that is slurmha's as a whole.
    File(ConfigFile),
    /// A file that an earlier role has left behind: where it is, it says this.
    Leftover(ConfigFile),
    /// slurmha's block in /etc/hosts.
    Hosts,
    /// A secret.
    Secret(SecretId),
    /// Whether a unit starts at boot.
    Enablement {
        /// Unit name with suffix.
        unit: String,
        /// What it shall be.
        enablement: Enablement,
    },
    /// A unit that runs with the present content of the files it reads.
    Running {
        /// Unit name with suffix.
        unit: String,
        /// A newer one of these means a restart.
        reads: Vec<PathBuf>,
    },
    /// A mount that, once it is there, is as its file says. Nothing is done for
    /// it: people work there, so the plan says what to type.
    MountInForce {
        /// Unit name with suffix.
        unit: String,
        /// Its file.
        file: PathBuf,
    },
    /// A unit of an earlier site file that must not start at boot any more;
    /// most machines have never had it.
    NotEnabled {
        /// Unit name with suffix.
        unit: String,
    },
    /// A unit that must not run.
    NotRunning {
        /// Unit name with suffix.
        unit: String,
    },
    /// A unit of the distribution that slurmha has set up and has no use for
    /// any more: it neither runs nor starts at boot. Without slurmha's own file
    /// for it, it is somebody else's.
    Retired {
        /// Unit name with suffix.
        unit: String,
        /// The file that is there where slurmha has set it up.
        ours: PathBuf,
    },
}

/// Everything that is wanted on one machine, in the order in which it is
/// brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineWants {
    /// The machine.
    pub machine: Machine,
    /// The wants with their stage; within a stage, in this order.
    pub wants: Vec<(Stage, Want)>,
}

/// What is wanted on every machine of the site.
///
/// `site_text` is the site file as it was read; the controllers keep a copy
/// so that `slurmha status` works on them.
pub fn desired(site: &Site, site_text: &str) -> Vec<MachineWants> {
    let wants = |machine: Machine| {
        let mut wants = Vec::new();
        if machine.roles.contains(&Role::Controller) {
            wants.extend(controller::before_packages(site, &machine.name));
        }
        wants.extend(everywhere::wants(site, &machine, site_text));
        wants.extend(repository::wants(site, &machine));
        wants.extend(monitoring::exporters(site, &machine));
        wants.extend(monitoring::no_host(&machine));
        wants.extend(vpn::no_gateway(&machine));
        wants.extend(arbiter::no_arbiter(&machine));
        wants.extend(console::wants(site, &machine, site_text));
        wants.extend(people::wants(site, &machine));
        wants.extend(portal::wants(site, &machine));
        wants.extend(pages::wants(site, &machine));
        wants.extend(ondemand::wants(site, &machine));
        for role in &machine.roles {
            wants.extend(match role {
                Role::Controller => controller::wants(site),
                Role::Arbiter => arbiter::wants(),
                Role::Login => login::wants(site, &machine),
                Role::Compute => compute::wants(site),
                Role::Monitoring => monitoring::wants(site, &machine),
                Role::Gateway => vpn::wants(site, &machine),
            });
        }
        // Stable: within a stage the order above stays.
        wants.sort_by_key(|(stage, _)| *stage);
        MachineWants { machine, wants: install_once(wants) }
    };
    site.machines().into_iter().map(wants).collect()
}

/// All packages of a stage at the place of the first: one run of the package
/// manager instead of one for each role, and every package's directories are
/// there before any file is written.
fn install_once(wants: Vec<(Stage, Want)>) -> Vec<(Stage, Want)> {
    let mut first: BTreeMap<Stage, usize> = BTreeMap::new();
    let mut merged: Vec<(Stage, Want)> = Vec::new();
    for (stage, want) in wants {
        let earlier = first.get(&stage).and_then(|index| merged.get_mut(*index));
        match (want, earlier) {
            (Want::Packages(names), Some((_, Want::Packages(all)))) => all.extend(names),
            (want, _) => {
                if matches!(want, Want::Packages(_)) {
                    first.insert(stage, merged.len());
                }
                merged.push((stage, want));
            }
        }
    }
    merged
}

impl MachineWants {
    /// What has to be looked at on the machine to plan for these wants.
    pub fn request(&self, site: &Site) -> ObserveRequest {
        let mut request = ObserveRequest::default();
        for (_, want) in &self.wants {
            ask(&mut request, want);
        }
        if let Some(controller) = site.controller(&self.machine.name) {
            request.devices =
                vec![controller.state_device.clone(), controller.database_device.clone()];
            request.drbd_resource = Some(layout::DRBD_RESOURCE.to_owned());
            request.cluster = true;
            request.cib = true;
            request.units.extend(plan::MANAGED_UNITS.map(str::to_owned));
            request.wanted_places = self.slurm_conf().map(Places::of);
            for stamp in [layout::SLURM_CONF_DIGEST, layout::COROSYNC_CONF_DIGEST] {
                request.files.push(FileRequest::new(stamp));
            }
        }
        request.units.sort();
        request.units.dedup();
        request
    }

    /// Text of its slurm.conf.
    fn slurm_conf(&self) -> Option<&str> {
        self.wants.iter().find_map(|(_, want)| match want {
            Want::File(file) if file.path == Path::new(layout::SLURM_CONF) => Some(&*file.text),
            _ => None,
        })
    }
}

fn ask(request: &mut ObserveRequest, want: &Want) {
    match want {
        Want::Group(group) | Want::PeoplesGroup(group) => request.groups.push(group.name.clone()),
        Want::User(user) => request.users.push(user.name.clone()),
        Want::People(people) => request.people = Some(people::request(people)),
        Want::Homes(place) => request.homes = Some(place.directory.clone()),
        Want::Packages(packages) => {
            request.packages.extend(packages.iter().cloned());
            let policy = FileRequest::new(layout::POLICY_RC_D);
            if !request.files.contains(&policy) {
                request.files.push(policy);
            }
        }
        Want::Directory(directory) => request.directories.push(directory.path.clone()),
        Want::File(file) | Want::Leftover(file) => request.files.push(FileRequest::of(file)),
        Want::Hosts => request.files.push(FileRequest::new(hosts::FILE)),
        Want::Secret(id) => request.secrets.push(id.location()),
        Want::Enablement { unit, .. }
        | Want::NotEnabled { unit }
        | Want::MountInForce { unit, .. }
        | Want::Running { unit, .. }
        | Want::NotRunning { unit } => request.units.push(unit.clone()),
        Want::Retired { unit, ours } => {
            request.units.push(unit.clone());
            request.files.push(FileRequest::new(ours));
        }
    }
}

/// The wanted Pacemaker configuration as XML.
pub fn configuration(site: &Site) -> String {
    cib::render(site).to_xml()
}

fn packages(names: &[&str]) -> Want {
    Want::Packages(names.iter().map(|&name| name.to_owned()).collect())
}

/// What the clients' filter needs: every client of Slurm ends with an error
/// where its plugin or the plugin's liblua is missing. Debian's slurm-client
/// depends on the package, which depends on liblua.
fn filter_packages(site: &Site) -> Option<Want> {
    site.durable_submit.is_offered().then(|| packages(&["slurm-wlm-basic-plugins"]))
}

fn enabled(unit: &str) -> Want {
    Want::Enablement { unit: unit.to_owned(), enablement: Enablement::Enabled }
}

fn disabled(unit: &str) -> Want {
    Want::Enablement { unit: unit.to_owned(), enablement: Enablement::Disabled }
}

/// Units of ours that have nothing to do on a machine. Any machine may have
/// had another role before, in which they came to it; most never had them,
/// and get no step for it.
fn gone(stage: Stage, units: &[&str]) -> Vec<(Stage, Want)> {
    let wants = units.iter().flat_map(|unit| {
        let unit = (*unit).to_owned();
        [Want::NotEnabled { unit: unit.clone() }, Want::NotRunning { unit }]
    });
    wants.map(|want| (stage, want)).collect()
}

fn running(unit: &str, reads: &[&str]) -> Want {
    Want::Running { unit: unit.to_owned(), reads: reads.iter().map(PathBuf::from).collect() }
}
