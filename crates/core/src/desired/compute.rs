// SPDX-License-Identifier: Apache-2.0
//! What a compute node has: slurmd, which fetches its configuration.

use super::{Want, enabled, filter_packages, packages, running};
use crate::plan::Stage;
use crate::render::units;
use crate::site::Site;

pub(super) fn wants(site: &Site) -> Vec<(Stage, Want)> {
    let files = units::compute(site);
    let paths: Vec<String> =
        files.iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut wants = vec![(Stage::Base, packages(&["slurmd", "slurm-client"]))];
    wants.extend(filter_packages(site).map(|want| (Stage::Base, want)));
    wants.push((Stage::Nodes, enabled("slurmd.service")));
    wants.push((Stage::Nodes, running("slurmd.service", &paths)));
    wants.extend(files.into_iter().map(|file| (Stage::Base, Want::File(file))));
    wants
}
