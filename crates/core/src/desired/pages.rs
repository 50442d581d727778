// SPDX-License-Identifier: Apache-2.0
//! Who looks whether a machine's portal and console answer, for a site that looks.

use std::net::SocketAddr;

use super::{Want, enabled, running};
use crate::layout::{PAGES_UNIT, PAGES_UNIT_FILE};
use crate::plan::Stage;
use crate::render::units;
use crate::site::{Machine, Role, Site};

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let at = |port| SocketAddr::from((machine.address, port));
    let portal = site.portal.as_ref().filter(|portal| portal.is_on(&machine.name));
    let portal = portal.map(|portal| at(portal.port));
    let console = site.console.as_ref().filter(|_| machine.has_console());
    let console = console.map(|console| at(console.port));
    let Some(monitoring) = site.monitoring.as_ref().filter(|_| portal.or(console).is_some()) else {
        return nothing(machine);
    };
    let unit = units::pages(portal, console, monitoring.interval);
    vec![
        (Stage::Base, Want::File(unit)),
        // With what it looks at.
        (Stage::Nodes, enabled(PAGES_UNIT)),
        (Stage::Nodes, running(PAGES_UNIT, &[PAGES_UNIT_FILE])),
    ]
}

/// It is ours. Other machines never had pages.
fn nothing(machine: &Machine) -> Vec<(Stage, Want)> {
    let had = [Role::Controller, Role::Monitoring, Role::Login];
    if !had.iter().any(|role| machine.roles.contains(role)) {
        return Vec::new();
    }
    let unit = PAGES_UNIT.to_owned();
    vec![
        (Stage::Membership, Want::NotEnabled { unit: unit.clone() }),
        (Stage::Membership, Want::NotRunning { unit }),
    ]
}
