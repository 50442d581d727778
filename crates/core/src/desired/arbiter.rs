// SPDX-License-Identifier: Apache-2.0
//! What the arbiter has: corosync-qnetd, the third vote, and who notices that
//! it hangs.

use super::{Want, enabled, packages, running};
use crate::layout::{WATCH_UNIT, WATCH_UNIT_FILE};
use crate::plan::Stage;
use crate::render::units;
use crate::site::{Machine, Role};

const UNIT: &str = "corosync-qnetd.service";

/// One that was the arbiter listens to nobody any more, once the controllers ask another
/// one; who looks after it ends with it (`PartOf`).
pub(super) fn no_arbiter(machine: &Machine) -> Vec<(Stage, Want)> {
    if machine.roles.contains(&Role::Arbiter) {
        return Vec::new();
    }
    let ours = units::qnetd_options().path;
    vec![(Stage::Nodes, Want::Retired { unit: UNIT.to_owned(), ours })]
}

pub(super) fn wants() -> Vec<(Stage, Want)> {
    let options = units::qnetd_options();
    let path = options.path.to_string_lossy().into_owned();
    vec![
        (Stage::Base, packages(&["corosync-qnetd"])),
        (Stage::Base, Want::File(options)),
        (Stage::Base, Want::File(units::arbiter_watch())),
        (Stage::Services, enabled(UNIT)),
        (Stage::Services, running(UNIT, &[&path])),
        (Stage::Services, enabled(WATCH_UNIT)),
        (Stage::Services, running(WATCH_UNIT, &[WATCH_UNIT_FILE])),
    ]
}
