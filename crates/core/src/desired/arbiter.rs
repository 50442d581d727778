// SPDX-License-Identifier: Apache-2.0
//! What the arbiter has: corosync-qnetd, the third vote.

use super::{Want, enabled, packages, running};
use crate::plan::Stage;
use crate::render::units;

pub(super) fn wants() -> Vec<(Stage, Want)> {
    let options = units::arbiter();
    let path = options.path.to_string_lossy().into_owned();
    vec![
        (Stage::Base, packages(&["corosync-qnetd"])),
        (Stage::Base, Want::File(options)),
        (Stage::Services, enabled("corosync-qnetd.service")),
        (Stage::Services, running("corosync-qnetd.service", &[&path])),
    ]
}
