// SPDX-License-Identifier: Apache-2.0
//! Metrics: from what a controller has seen to the text that Prometheus reads.
//!
//! Unknown is not zero: a value that could not be read is NaN, and its series
//! stays. Only what is not asked on this machine has no series. What each
//! metric means is in docs/guide/metrics.md.

mod collected;
mod corosync;
mod drbd;
mod drills;
mod exporter;
mod failover;
mod family;
mod gateway;
mod machine;
mod pacemaker;
mod pages;
mod rhythm;
mod settings;
mod slurm;
mod snapshot;
mod takeover;
mod text;

pub use collected::{Answer, Collected};
pub use family::{Family, Kind, Sample};
pub use gateway::{GatewayAnswer, gateway_exposition, gateway_families};
pub use pages::{PageAnswer, PagesAnswer, PortalAnswer, pages_exposition, pages_families};
pub use rhythm::{Rhythm, widened};
pub use settings::SettingsAnswer;
pub use snapshot::{
    CorosyncAnswer, MachineAnswer, NodesAnswer, SlurmAnswers, SlurmctldAnswer, Snapshot,
    VolumesAnswer,
};
pub use text::CONTENT_TYPE;

use crate::site::{NodeName, Site};

/// Every metric of the controller of that name.
pub fn families(site: &Site, own: &NodeName, snapshot: &Snapshot) -> Vec<Family> {
    let mut all = exporter::families(snapshot);
    all.extend(machine::families(snapshot));
    all.extend(pacemaker::families(site, snapshot.pacemaker.answer.known()));
    all.extend(corosync::families(site, own, &snapshot.corosync.answer));
    all.extend(settings::families(site, snapshot));
    all.extend(drbd::families(snapshot.drbd.answer.known()));
    all.extend(takeover::families(&snapshot.takeover.answer));
    all.extend(failover::families(&snapshot.failovers));
    all.extend(drills::families(&snapshot.drills.answer));
    all.extend(snapshot.slurm.iter().flat_map(slurm::families));
    all
}

/// The same as text in Prometheus' exposition format.
pub fn exposition(site: &Site, own: &NodeName, snapshot: &Snapshot) -> String {
    text::encode(families(site, own, snapshot))
}
