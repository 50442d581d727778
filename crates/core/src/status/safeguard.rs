// SPDX-License-Identifier: Apache-2.0
//! When a setting that only a failure needs is too weak.

use crate::layout::STATE_MOUNT_SAFETY;
use crate::observe::{DrbdStatus, Preference};
use crate::site::Site;
use crate::site::timing::dropped_after_ms;

/// DRBD's only policy with which a primary does not go on, and nothing is
/// promoted, before the peer is proven to be gone.
const FENCES: &str = "resource-and-stonith";

/// What is missing in the options with which the state volume is mounted;
/// without it a power cut can empty the scripts of accepted jobs.
pub fn missing_state_options(options: &[String]) -> Vec<&'static str> {
    let is_missing = |wanted: &&str| !options.iter().any(|option| option == wanted);
    STATE_MOUNT_SAFETY.into_iter().filter(is_missing).collect()
}

/// Whether DRBD tells a policy: it is up, and has let go of no disk. One that
/// is not attached shows none.
pub fn has_fencing_policy(drbd: &DrbdStatus) -> bool {
    let is_attached = |disk: &str| !matches!(disk, "Diskless" | "Failed" | "Attaching");
    drbd.up && drbd.volumes.iter().all(|volume| is_attached(&volume.disk))
}

/// Whether with this policy DRBD waits until a lost peer is fenced.
pub fn waits_for_fencing(policy: &str) -> bool {
    policy == FENCES
}

/// Whether with this `quorum.device.timeout`, in milliseconds, the arbiter has
/// let go of a dead controller before Corosync gives it up. Otherwise the
/// survivor has no vote yet when it needs it.
pub fn arbiter_lets_go_in_time(site: &Site, timeout_ms: u64) -> bool {
    u128::from(dropped_after_ms(timeout_ms)) < site.timing.noticed_after().as_millis()
}

/// Whether nothing ends a preference. That of a planned move which is under
/// way, or was interrupted, ends by itself.
pub fn is_left_behind(preference: &Preference) -> bool {
    !preference.ends
}
