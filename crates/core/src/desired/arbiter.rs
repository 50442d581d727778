// SPDX-License-Identifier: Apache-2.0
//! What the arbiter has: corosync-qnetd, the third vote, and who notices that
//! it hangs.

use super::{Want, enabled, packages, running};
use crate::layout::{WATCH_UNIT, WATCH_UNIT_FILE};
use crate::plan::Stage;
use crate::render::units;

pub(super) fn wants() -> Vec<(Stage, Want)> {
    let options = units::qnetd_options();
    let path = options.path.to_string_lossy().into_owned();
    vec![
        (Stage::Base, packages(&["corosync-qnetd"])),
        (Stage::Base, Want::File(options)),
        (Stage::Base, Want::File(units::arbiter_watch())),
        (Stage::Services, enabled("corosync-qnetd.service")),
        (Stage::Services, running("corosync-qnetd.service", &[&path])),
        (Stage::Services, enabled(WATCH_UNIT)),
        (Stage::Services, running(WATCH_UNIT, &[WATCH_UNIT_FILE])),
    ]
}
