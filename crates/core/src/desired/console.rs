// SPDX-License-Identifier: Apache-2.0
//! What shows the cluster to browsers: on both controllers, so that the one
//! that lives does, and on the monitoring hosts, which outlive both.

use super::everywhere::account;
use super::{Want, enabled, gone, running};
use crate::config_file::{Access, ConfigFile};
use crate::layout::{
    ACTIONS_GROUP, ACTIONS_ID, ACTIONS_SOCKET_FILE, ACTIONS_SOCKET_UNIT, CONSOLE_UNIT,
    CONSOLE_UNIT_FILE, SITE_FILE,
};
use crate::plan::Stage;
use crate::render::units;
use crate::secret::SecretId;
use crate::site::{Machine, Role, Site};

pub(super) fn wants(site: &Site, machine: &Machine, site_text: &str) -> Vec<(Stage, Want)> {
    let Some(console) = site.console.as_ref().filter(|_| machine.has_console()) else {
        return nothing();
    };
    let acts = console.actions.is_some() && machine.name == site.controllers[0].name;
    let unit = units::console(console, machine.address, acts);
    let mut wants = vec![(Stage::Base, Want::File(unit))];
    wants.extend(if acts { actions() } else { no_actions() });
    if !machine.roles.contains(&Role::Controller) {
        let copy = ConfigFile::new(SITE_FILE, site_text).with_access(Access::root(0o644));
        wants.push((Stage::Base, Want::File(copy)));
    }
    let secrets = console.secrets();
    let mut reads = vec![CONSOLE_UNIT_FILE.to_owned()];
    reads.extend(secrets.iter().map(|id| id.location().path.to_string_lossy().into_owned()));
    wants.extend(secrets.into_iter().map(|id| (Stage::Secrets, Want::Secret(id))));
    let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
    // In the last stage: a first `apply` is no outage to be shown.
    wants.push((Stage::Nodes, enabled(CONSOLE_UNIT)));
    wants.push((Stage::Nodes, running(CONSOLE_UNIT, &reads)));
    wants
}

/// It is ours, and there for nobody else.
fn nothing() -> Vec<(Stage, Want)> {
    gone(Stage::Membership, &[CONSOLE_UNIT, ACTIONS_SOCKET_UNIT])
}

/// The door to what root does for the console, and what it takes to pass it.
fn actions() -> Vec<(Stage, Want)> {
    let mut base = Vec::from(account(ACTIONS_GROUP, ACTIONS_ID, "/nonexistent"));
    base.extend(units::console_action().map(Want::File));
    let mut wants: Vec<(Stage, Want)> = base.into_iter().map(|it| (Stage::Base, it)).collect();
    wants.push((Stage::Secrets, Want::Secret(SecretId::ConsoleActionsPassword)));
    wants.push((Stage::Nodes, enabled(ACTIONS_SOCKET_UNIT)));
    wants.push((Stage::Nodes, running(ACTIONS_SOCKET_UNIT, &[ACTIONS_SOCKET_FILE])));
    wants
}

/// What is not allowed any more has no door.
fn no_actions() -> Vec<(Stage, Want)> {
    gone(Stage::Membership, &[ACTIONS_SOCKET_UNIT])
}
