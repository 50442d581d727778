// SPDX-License-Identifier: Apache-2.0
//! Backing devices that carry nothing of anybody else's.

use std::path::Path;

use super::{Finding, Seen};
use crate::layout::{DATABASE_LABEL, STATE_LABEL};
use crate::observe::{DeviceContent, DeviceState};
use crate::site::Site;

/// Below this there is no room for MariaDB's files or years of job scripts.
const SMALLEST_BYTES: u64 = 256 << 20;

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for seen in seen {
        let Some(controller) = site.controller(seen.name()) else { continue };
        for (device, own) in
            [(&controller.state_device, STATE_LABEL), (&controller.database_device, DATABASE_LABEL)]
        {
            findings.push(match seen.observed.devices.get(device) {
                Some(state) => finding(seen, device, own, state),
                None => Finding::unknown(
                    "devices",
                    seen.name(),
                    format!("{} was not looked at", device.display()),
                ),
            });
        }
    }
    findings
}

/// `own` is the label of the file system that the device shall carry.
fn finding(seen: &Seen<'_>, device: &Path, own: &str, state: &DeviceState) -> Finding {
    let (name, device) = (seen.name(), device.display());
    let Some(size) = state.size_bytes else {
        let message = format!("{device} is no block device");
        return Finding::fail("devices", name, message, "correct it in the site file");
    };
    match &state.content {
        DeviceContent::Foreign { signature, label } => {
            let label = label.as_ref().map(|l| format!(" labelled {l}")).unwrap_or_default();
            Finding::fail(
                "devices",
                name,
                format!("{device} carries {signature}{label}; slurmha never formats it"),
                "name an empty device, or clear it yourself with `wipefs --all` once you are sure",
            )
        }
        DeviceContent::Unknown { why } => {
            Finding::unknown("devices", name, format!("{device}: {why}"))
        }
        _ if size < SMALLEST_BYTES => Finding::fail(
            "devices",
            name,
            format!("{device} has only {} MiB", size >> 20),
            "use 256 MiB or more; 10 GiB for a production site",
        ),
        DeviceContent::Blank => {
            Finding::pass("devices", name, format!("{device} is blank, {} MiB", size >> 20))
        }
        DeviceContent::Drbd { label: Some(label) } if label != own => Finding::fail(
            "devices",
            name,
            format!("{device} carries DRBD with {label} in it, and should have {own}"),
            "name the device that is meant (are the two swapped?), or clear it yourself with \
             `drbdmeta` and `wipefs --all` once you are sure",
        ),
        DeviceContent::Drbd { .. } => {
            Finding::pass("devices", name, format!("{device} carries DRBD, {} MiB", size >> 20))
        }
    }
}
