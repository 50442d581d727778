// SPDX-License-Identifier: Apache-2.0
//! Who looks whether a machine's portal and console answer, for a site that looks.

use std::net::SocketAddr;

use super::{Want, enabled, gone, running};
use crate::layout::{PAGES_UNIT, PAGES_UNIT_FILE};
use crate::plan::Stage;
use crate::render::units;
use crate::site::{Machine, Site};

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let at = |port| SocketAddr::from((machine.address, port));
    let portal = site.portal.as_ref().filter(|portal| portal.is_on(&machine.name));
    let portal = portal.map(|portal| at(portal.port));
    let console = site.console.as_ref().filter(|_| machine.has_console());
    let console = console.map(|console| at(console.port));
    let Some(monitoring) = site.monitoring.as_ref().filter(|_| portal.or(console).is_some()) else {
        return nothing();
    };
    let unit = units::pages(portal, console, monitoring.interval);
    vec![
        (Stage::Base, Want::File(unit)),
        // With what it looks at.
        (Stage::Nodes, enabled(PAGES_UNIT)),
        (Stage::Nodes, running(PAGES_UNIT, &[PAGES_UNIT_FILE])),
    ]
}

/// It is ours, and would tell of pages that are not meant to be there.
fn nothing() -> Vec<(Stage, Want)> {
    gone(Stage::Membership, &[PAGES_UNIT])
}
