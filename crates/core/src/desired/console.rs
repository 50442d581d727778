// SPDX-License-Identifier: Apache-2.0
//! What shows the cluster to browsers: on both controllers, so that the one
//! that lives does, and on the monitoring hosts, which outlive both.

use super::{Want, enabled, running};
use crate::config_file::{Access, ConfigFile};
use crate::layout::{CONSOLE_UNIT, CONSOLE_UNIT_FILE, SITE_FILE};
use crate::plan::Stage;
use crate::render::units;
use crate::site::{Machine, Role, Site};

pub(super) fn wants(site: &Site, machine: &Machine, site_text: &str) -> Vec<(Stage, Want)> {
    let shows =
        [Role::Controller, Role::Monitoring].iter().any(|role| machine.roles.contains(role));
    if !shows {
        return Vec::new();
    }
    let Some(console) = &site.console else { return nothing() };
    let mut wants = vec![(Stage::Base, Want::File(units::console(console, machine.address)))];
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
    let unit = CONSOLE_UNIT.to_owned();
    vec![
        (Stage::Membership, Want::NotEnabled { unit: unit.clone() }),
        (Stage::Membership, Want::NotRunning { unit }),
    ]
}
