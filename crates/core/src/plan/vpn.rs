// SPDX-License-Identifier: Apache-2.0
//! What a gateway needs at once when somebody is no longer let in.

use std::path::Path;

use super::build::PlannedStep;
use super::machine::write;
use super::step::Step;
use super::units::is_active;
use crate::layout::{VPN_PEERS_FILE, VPN_PEERS_UNIT, VPN_UNIT};
use crate::observe::{FileRequest, Observation, ObserveRequest};
use crate::render::vpn::peers;
use crate::site::Vpn;

/// What has to be looked at on a gateway for [`admit_only`].
pub fn admission_request() -> ObserveRequest {
    ObserveRequest {
        files: vec![FileRequest::new(VPN_PEERS_FILE)],
        units: vec![VPN_UNIT.to_owned()],
        ..ObserveRequest::default()
    }
}

/// The steps after which a gateway lets in nobody but the site file's peers:
/// a part of what `apply` does, for somebody in a hurry.
///
/// The file too, or who was cut off would be back after the next boot. A
/// gateway to which nothing was ever applied needs nothing. The peers are loaded
/// again also when the file is right: the run that wrote it may have died then.
pub fn admit_only(vpn: &Vpn, observed: &Observation) -> Vec<PlannedStep> {
    if !observed.files.contains_key(Path::new(VPN_PEERS_FILE)) {
        return Vec::new();
    }
    let has_interface = observed.units.get(VPN_UNIT).is_some_and(is_active);
    let restart =
        has_interface.then(|| Step::RestartUnit { unit: VPN_PEERS_UNIT.to_owned() }.into());
    write(&peers(vpn), observed).into_iter().chain(restart).collect()
}
