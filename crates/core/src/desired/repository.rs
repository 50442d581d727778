// SPDX-License-Identifier: Apache-2.0
//! Where a machine finds the packages that the distribution does not have.

use super::{Want, packages};
use crate::plan::Stage;
use crate::render::repository::source;
use crate::site::{Machine, Site};

/// Before everything else of their stage, because packages of a stage are installed together.
pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let repositories = site.repositories(machine);
    // With which apt knows whom it talks to.
    let certificates = (Stage::Base, packages(&["ca-certificates"]));
    let mut wants: Vec<_> = repositories.first().map(|_| certificates).into_iter().collect();
    for repository in repositories {
        wants.push((Stage::Secrets, Want::Secret(repository.vendor.signing_key())));
        wants.push((Stage::Nodes, Want::File(source(repository))));
    }
    wants
}
