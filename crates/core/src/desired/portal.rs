// SPDX-License-Identifier: Apache-2.0
//! What a login node has for the portal: the front, the socket behind which users'
//! sessions start, and what PAM is asked.

use super::everywhere::{account, directory};
use super::{Want, enabled, gone, packages, running};
use crate::layout::{
    PORTAL_ID, PORTAL_SESSION_SOCKET_FILE, PORTAL_SESSION_SOCKET_UNIT, PORTAL_STATE,
    PORTAL_TERMINAL_SOCKET_FILE, PORTAL_TERMINAL_SOCKET_UNIT, PORTAL_UNIT, PORTAL_UNIT_FILE,
    PORTAL_USER,
};
use crate::plan::Stage;
use crate::portal::xterm;
use crate::render::units;
use crate::site::{Machine, Site};

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let Some(portal) = site.portal.as_ref().filter(|portal| portal.is_on(&machine.name)) else {
        return nothing();
    };
    let mut base = Vec::from(account(PORTAL_USER, PORTAL_ID, "/nonexistent"));
    base.push(packages(&["pamtester"]));
    // Everybody passes through to their own directory, and sees no other.
    base.push(directory(PORTAL_STATE, 0o711));
    base.push(Want::File(units::portal_pam()));
    base.extend(units::portal_sessions().map(Want::File));
    if portal.terminal {
        base.push(packages(&[xterm::PACKAGE]));
        base.extend(units::portal_terminals().map(Want::File));
    }
    base.push(Want::File(units::portal(portal, machine.address, &site.cluster_name)));
    let mut wants: Vec<(Stage, Want)> = base.into_iter().map(|it| (Stage::Base, it)).collect();
    let secrets: Vec<_> = portal.given_secrets().into_iter().map(|(id, _)| id).collect();
    let mut reads = vec![PORTAL_UNIT_FILE.to_owned()];
    reads.extend(secrets.iter().map(|id| id.location().path.to_string_lossy().into_owned()));
    wants.extend(secrets.into_iter().map(|id| (Stage::Secrets, Want::Secret(id))));
    let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
    wants.extend(match portal.terminal {
        true => terminals(),
        false => gone(Stage::Membership, &[PORTAL_TERMINAL_SOCKET_UNIT]),
    });
    // Users come when there is something to come to.
    wants.extend(
        [
            enabled(PORTAL_SESSION_SOCKET_UNIT),
            running(PORTAL_SESSION_SOCKET_UNIT, &[PORTAL_SESSION_SOCKET_FILE]),
            enabled(PORTAL_UNIT),
            running(PORTAL_UNIT, &reads),
        ]
        .map(|want| (Stage::Nodes, want)),
    );
    wants
}

fn terminals() -> Vec<(Stage, Want)> {
    let unit = PORTAL_TERMINAL_SOCKET_UNIT;
    let wants = [enabled(unit), running(unit, &[PORTAL_TERMINAL_SOCKET_FILE])];
    wants.into_iter().map(|want| (Stage::Nodes, want)).collect()
}

/// They are ours, and there for nobody else.
fn nothing() -> Vec<(Stage, Want)> {
    let units = [PORTAL_UNIT, PORTAL_SESSION_SOCKET_UNIT, PORTAL_TERMINAL_SOCKET_UNIT];
    gone(Stage::Membership, &units)
}
