// SPDX-License-Identifier: Apache-2.0
//! What a controller has on top of every machine.

use super::everywhere::directory;
use super::{Want, disabled, enabled, packages, running};
use crate::config_file::{Access, ConfigFile};
use crate::layout::{
    DATABASE_MOUNT, DURABLE_UNIT, POWER_ON_PATH, POWER_ON_PATH_FILE, POWER_ON_UNIT, SNAPSHOT_TIMER,
    SNAPSHOT_TIMER_FILE, SNAPSHOTS, STATE_MOUNT, WATCH_UNIT, WATCH_UNIT_FILE,
};
use crate::plan::Stage;
use crate::render::cib::password_script;
use crate::render::{corosync, drbd, mariadb, slurm, slurmdbd, units};
use crate::secret::SecretId;
use crate::site::{Controller, NodeName, Site};

/// Speaks with the arbiter.
const QDEVICE: &str = "corosync-qdevice.service";

const PACKAGES: [&str; 11] = [
    "corosync",
    "pacemaker",
    "pcs",
    "drbd-utils",
    "fence-agents",
    "resource-agents",
    "mariadb-server",
    "slurmctld",
    "slurmdbd",
    "slurm-client",
    "slurm-wlm-basic-plugins",
];

/// The guards against a start on an empty mount point stand before the
/// packages come: a machine that reboots between the installation and the
/// next step starts every daemon that Debian enables.
pub(super) fn before_packages(site: &Site, own: &NodeName) -> Vec<(Stage, Want)> {
    units::controller(site, own).into_iter().map(|file| (Stage::Base, Want::File(file))).collect()
}

pub(super) fn wants(site: &Site) -> Vec<(Stage, Want)> {
    let mut wants: Vec<(Stage, Want)> = Vec::new();
    wants.extend(base(site).into_iter().map(|want| (Stage::Base, want)));
    wants.extend(secrets(site).into_iter().map(|want| (Stage::Secrets, want)));
    wants.extend(membership(site).into_iter().map(|want| (Stage::Membership, want)));
    wants
}

fn base(site: &Site) -> Vec<Want> {
    let mut wants = vec![packages(&PACKAGES)];
    if site.arbiter.is_some() {
        wants.push(packages(&["corosync-qdevice"]));
    }
    wants.push(directory(STATE_MOUNT, 0o755));
    wants.push(directory(DATABASE_MOUNT, 0o755));
    wants.push(Want::File(corosync::render(site)));
    wants.push(Want::File(mariadb::render()));
    wants.extend(slurm::render(site).into_iter().map(Want::File));
    wants.extend(units::agents().into_iter().map(Want::File));
    wants.push(directory(SNAPSHOTS, 0o700));
    wants.extend(units::snapshot().map(Want::File));
    if site.durable_submit.is_offered() {
        wants.push(Want::File(units::durable(site.vip)));
    }
    if site.powers_on() {
        wants.extend(units::power_on().map(Want::File));
    }
    wants.extend(only_pacemaker_starts());
    wants
}

/// What Pacemaker starts, systemd must not. `mariadb.socket` would start
/// MariaDB at the first connection, behind Pacemaker's back, and pcsd is a
/// listener that nothing here needs.
fn only_pacemaker_starts() -> Vec<Want> {
    let mut wants: Vec<Want> = [
        "slurmctld.service",
        "slurmdbd.service",
        "mariadb.service",
        "mariadb.socket",
        "drbd.service",
        "pcsd.service",
    ]
    .map(disabled)
    .into();
    wants.extend(
        ["mariadb.socket", "pcsd.service"].map(|unit| Want::NotRunning { unit: unit.to_owned() }),
    );
    wants
}

fn secrets(site: &Site) -> Vec<Want> {
    let mut wants = vec![
        Want::Secret(SecretId::CorosyncKey),
        Want::Secret(SecretId::DatabasePassword),
        Want::Secret(SecretId::ReplicationKey),
    ];
    for controller in site.controllers.iter().filter(|c| has_password(c)) {
        wants.push(Want::Secret(SecretId::BmcPassword(controller.name.clone())));
        wants.push(Want::File(script_for(controller)));
    }
    wants.extend(drbd::render(site).into_iter().map(Want::File));
    wants.push(Want::File(slurmdbd::render()));
    wants
}

fn has_password(controller: &Controller) -> bool {
    controller.fence.as_ref().is_some_and(|fence| fence.password_file.is_some())
}

/// The fence agent runs this instead of reading the password from the
/// cluster's configuration.
fn script_for(controller: &Controller) -> ConfigFile {
    let secret = SecretId::BmcPassword(controller.name.clone()).location();
    ConfigFile::new(
        password_script(controller),
        format!(
            "#!/bin/sh\n# Managed by slurmha: prints the password of {}'s BMC.\nexec cat {}\n",
            controller.name,
            secret.path.display()
        ),
    )
    .with_access(Access::root(0o700))
}

/// Both start at boot, so that a machine that comes back joins by itself.
fn membership(site: &Site) -> Vec<Want> {
    let authkey = SecretId::CorosyncKey.location().path;
    let authkey = authkey.to_string_lossy();
    let mut wants = vec![enabled("corosync.service"), running("corosync.service", &[&authkey])];
    if site.arbiter.is_some() {
        wants.push(enabled(QDEVICE));
        wants.push(running(QDEVICE, &[]));
    } else {
        wants.push(Want::NotEnabled { unit: QDEVICE.to_owned() });
        wants.push(Want::NotRunning { unit: QDEVICE.to_owned() });
    }
    wants.push(enabled("pacemaker.service"));
    wants.push(running("pacemaker.service", &[]));
    wants.push(enabled(WATCH_UNIT));
    wants.push(running(WATCH_UNIT, &[WATCH_UNIT_FILE]));
    wants.push(enabled(SNAPSHOT_TIMER));
    wants.push(running(SNAPSHOT_TIMER, &[SNAPSHOT_TIMER_FILE]));
    wants.extend(durable(site));
    wants.extend(power_on(site));
    wants
}

/// What switches a machine on that was fenced.
fn power_on(site: &Site) -> Vec<Want> {
    if site.powers_on() {
        return vec![enabled(POWER_ON_PATH), running(POWER_ON_PATH, &[POWER_ON_PATH_FILE])];
    }
    let unit = POWER_ON_PATH.to_owned();
    let service = POWER_ON_UNIT.to_owned();
    vec![
        Want::NotEnabled { unit: unit.clone() },
        Want::NotRunning { unit },
        Want::NotRunning { unit: service },
    ]
}

/// The service that says whether a job is saved. Enabled, it comes with
/// slurmctld; where that already runs, the plan starts it.
fn durable(site: &Site) -> Vec<Want> {
    let unit = DURABLE_UNIT.to_owned();
    if site.durable_submit.is_offered() {
        vec![enabled(DURABLE_UNIT)]
    } else {
        vec![Want::NotEnabled { unit: unit.clone() }, Want::NotRunning { unit }]
    }
}
