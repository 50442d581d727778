// SPDX-License-Identifier: Apache-2.0
//! The handler for which DRBD freezes its writes is killed: they go on all the same when the
//! lost controller is proven dead, and not before.

use super::{LabSite, wait_until};

/// The lost controller's BMC cannot be reached for the time being, or the handler would have its
/// answer before anybody could kill it.
pub fn is_killed(lab: &LabSite) {
    lab.until_healthy();
    let (active, passive) = lab.active_and_passive();
    lab.slurmha(&["lab", "link", "cut", &passive, "bmc"]).succeeds();
    lab.slurmha(&["lab", "power", "off", &passive]).succeeds();
    let is_frozen = || {
        let status = "drbdsetup status slurm_data | grep --quiet suspended:.*fencing";
        lab.try_on(&active, status).is_some()
    };
    let says = |words: &str| {
        let journal = "journalctl --no-pager --output=cat -t slurmha-fence-peer --lines=3";
        lab.try_on(&active, journal).is_some_and(|text| text.contains(words))
    };
    wait_until("writes are frozen", is_frozen);
    wait_until("the handler says what it waits for", || says(&format!("waits: {passive} is gone")));
    lab.on(&active, "pkill --signal KILL --full '[s]lurmha fence-peer'");
    wait_until("another one is at work", || {
        lab.try_on(&active, "pgrep --full '[s]lurmha fence-peer --left'").is_some()
    });
    assert!(is_frozen(), "nothing was proven");
    lab.slurmha(&["lab", "link", "restore", &passive, "bmc"]).succeeds();
    wait_until("writes go on", || {
        let ping = lab.try_on("login1", "scontrol ping");
        !is_frozen() && ping.is_some_and(|text| text.contains("UP"))
    });
    assert!(says("exit=7 (Stonithed)"), "the new handler has answered");
    lab.until_healthy();
}
