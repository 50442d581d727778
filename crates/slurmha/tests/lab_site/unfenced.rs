// SPDX-License-Identifier: Apache-2.0
//! A machine that is lost and cannot be fenced: nothing is promoted, status
//! says why and what to type, and all goes on when the BMC is back. How a machine
//! becomes a member again is seen where it loses its power in a drill.

use super::{LabSite, wait_until};

/// Cuts the BMC's cable and then the machine's power.
pub fn is_never_promoted_over(lab: &LabSite) {
    let (active, passive) = lab.active_and_passive();
    lab.slurmha(&["lab", "link", "cut", &active, "bmc"]).succeeds();
    lab.slurmha(&["lab", "power", "off", &active]).succeeds();
    let status = || lab.slurmha(&["status", lab.site()]).stdout();
    wait_until("status says that the machine waits to be fenced", || {
        status().contains(&format!("stonith_admin --confirm {active}"))
    });
    wait_until("a fence has failed", || {
        let history = format!("stonith_admin --history {active} --verbose");
        lab.try_on(&passive, &history).is_some_and(|text| text.contains("failed"))
    });
    let roles = lab.on(&passive, "cat /proc/drbd");
    assert!(!roles.contains("ro:Primary"), "{roles}");
    assert!(lab.try_on(&passive, "systemctl is-active slurmctld").is_none());

    lab.slurmha(&["lab", "link", "restore", &active, "bmc"]).succeeds();
    lab.until_served_by(&passive);
    // Nobody switches it on but the cluster.
    wait_until("the machine is there again", || lab.try_on(&active, "true").is_some());
}
