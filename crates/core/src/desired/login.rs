// SPDX-License-Identifier: Apache-2.0
//! What a login node has: Slurm's commands and a local copy of slurm.conf, an
//! sshd for many people, limits, and somebody who tells them why they wait.
//!
//! A local file rather than a fetched one: a command that starts while no
//! controller answers would have nowhere to fetch it from, and there is no
//! sackd before Slurm 23.11.

use super::{Want, enabled, filter_packages, packages, running};
use crate::layout::{NOTICE_UNIT, NOTICE_UNIT_FILE, SSHD_FILE, SSHD_UNIT, SSHD_UNIT_FILE};
use crate::plan::Stage;
use crate::render::{login, slurm, units};
use crate::site::{Machine, Site};

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let has_pages = site.ondemand.as_ref().is_some_and(|it| it.is_on(&machine.name));
    // Without libpam-systemd a login is in no slice, and the limits are nobody's.
    let mut wants = vec![packages(&["slurm-client", "libpam-systemd"])];
    wants.extend(filter_packages(site));
    wants.extend(slurm::render(site).into_iter().map(Want::File));
    let by_root = site.ssh.user == "root";
    let files = [login::sshd(by_root), login::sshd_unit(), units::notice(has_pages)];
    wants.extend(login::limits(&site.limits).into_iter().chain(files).map(Want::File));
    let base = wants.into_iter().map(|want| (Stage::Base, want));
    base.chain(services()).collect()
}

/// After people's accounts and keys: what is stricter for them begins when
/// they can come in by it.
fn services() -> [(Stage, Want); 4] {
    [
        (Stage::Services, enabled(SSHD_UNIT)),
        (Stage::Services, running(SSHD_UNIT, &[SSHD_FILE, SSHD_UNIT_FILE])),
        // In the last stage: a first `apply` is no failover to be told of.
        (Stage::Nodes, enabled(NOTICE_UNIT)),
        (Stage::Nodes, running(NOTICE_UNIT, &[NOTICE_UNIT_FILE])),
    ]
}
