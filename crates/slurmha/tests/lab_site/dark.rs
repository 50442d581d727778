// SPDX-License-Identifier: Apache-2.0
//! No controller is left: what was saved is there when they come back, and
//! nobody has to do anything for it.

use super::{LabSite, wait_until};

/// Looked for in the saved table.
const NAME: &str = "waits-for-the-light";

/// Cuts the power of both controllers and gives it back.
pub fn is_survived(lab: &LabSite) {
    let (active, _) = lab.active_and_passive();
    let job = lab.held_job(&active, NAME);
    for state in ["off", "on"] {
        for controller in ["ctl1", "ctl2"] {
            lab.slurmha(&["lab", "power", state, controller]).succeeds();
        }
    }
    lab.until_healthy();
    // Slurm refuses while slurmdbd, just back, gives the job its index.
    wait_until("the job is released", || {
        lab.try_on("login1", &format!("scontrol release {job}")).is_some()
    });
    wait_until("the job has run and is accounted for", || {
        let sacct = format!("sacct --noheader --parsable2 --jobs={job} --format=JobName,State");
        lab.try_on("login1", &sacct).is_some_and(|text| text.contains(&format!("{NAME}|COMPLETED")))
    });
}
