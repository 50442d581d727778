// SPDX-License-Identifier: Apache-2.0
//! What a login node has: Slurm's commands and a local copy of slurm.conf.
//!
//! A local file rather than a fetched one: a command that starts while no
//! controller answers would have nowhere to fetch it from, and there is no
//! sackd before Slurm 23.11.

use super::{Want, filter_packages, packages};
use crate::plan::Stage;
use crate::render::slurm;
use crate::site::Site;

pub(super) fn wants(site: &Site) -> Vec<(Stage, Want)> {
    let mut wants = vec![packages(&["slurm-client"])];
    wants.extend(filter_packages(site));
    wants.extend(slurm::render(site).into_iter().map(Want::File));
    wants.into_iter().map(|want| (Stage::Base, want)).collect()
}
