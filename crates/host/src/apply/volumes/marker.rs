// SPDX-License-Identifier: Apache-2.0
//! The marker at the root of a volume: whose it is, and that it is complete.

use std::path::Path;

use slurmha_core::plan::{DrbdVolume, VOLUME_MARKER, VolumeInit, VolumeMarker};

use super::super::{Refusal, StepError};
use crate::system::{Ids, System, write_atomically};

/// Whether the mounted volume has this cluster's marker. Somebody else's is
/// refused.
pub(super) fn is_present(
    system: &dyn System,
    init: &VolumeInit,
    volume: &DrbdVolume,
) -> Result<bool, StepError> {
    let Some(bytes) = system.read(&volume.mount_point.join(VOLUME_MARKER))? else {
        return Ok(false);
    };
    let device = volume.device.clone();
    let marker: VolumeMarker = serde_json::from_slice(&bytes).map_err(|error| {
        Refusal::StrangeMarker { device: device.clone(), why: error.to_string() }
    })?;
    if marker.cluster != init.cluster_name {
        let wanted = init.cluster_name.clone();
        return Err(Refusal::OtherCluster { device, found: marker.cluster, wanted }.into());
    }
    if marker.volume != volume.label {
        let why = format!("it names the volume {}, not {}", marker.volume, volume.label);
        return Err(Refusal::StrangeMarker { device, why }.into());
    }
    Ok(true)
}

/// Writes the marker: the volume is complete.
pub(super) fn write(
    system: &dyn System,
    init: &VolumeInit,
    volume: &DrbdVolume,
) -> Result<(), StepError> {
    let marker = VolumeMarker { cluster: init.cluster_name.clone(), volume: volume.label.clone() };
    // Two texts as JSON: this cannot fail.
    let text = serde_json::to_string(&marker).unwrap_or_default() + "\n";
    let path = volume.mount_point.join(VOLUME_MARKER);
    Ok(write_atomically(system, &path, text.as_bytes(), Ids::root(0o644))?)
}

/// Names at the root of a volume without marker that slurmha did not put
/// there: such a volume is somebody's, whatever its label.
pub(super) fn refuse_strange_files(
    system: &dyn System,
    init: &VolumeInit,
    volume: &DrbdVolume,
) -> Result<(), StepError> {
    let root = &volume.mount_point;
    let first_below = |path: &Path| {
        let below = path.strip_prefix(root).ok()?.components().next()?;
        Some(below.as_os_str().to_string_lossy().into_owned())
    };
    let mut ours: Vec<String> =
        init.directories.iter().filter_map(|directory| first_below(&directory.path)).collect();
    ours.extend(first_below(&init.database_directory));
    ours.extend(first_below(&super::super::database::unfinished(&init.database_directory)));
    ours.push("lost+found".to_owned());
    ours.extend(first_below(&crate::system::staging_path(&root.join(VOLUME_MARKER))));
    let strange: Vec<String> =
        system.read_directory(root)?.into_iter().filter(|name| !ours.contains(name)).collect();
    if strange.is_empty() {
        return Ok(());
    }
    let names = strange.into_iter().take(5).collect::<Vec<_>>().join(", ");
    Err(Refusal::StrangeFiles { device: volume.device.clone(), names }.into())
}
