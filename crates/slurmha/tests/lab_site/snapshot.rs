// SPDX-License-Identifier: Apache-2.0
//! slurmctld's state comes back from a snapshot, by the very commands of the
//! runbook.

use super::LabSite;

const RUNBOOK: &str = include_str!("../../../../docs/runbooks/restore-state.md");

/// What was there at the snapshot is there again, what came later is not, and
/// no id is given twice.
pub fn is_restored_as_the_runbook_says(lab: &LabSite) {
    let (active, _) = lab.active_and_passive();
    let earlier = lab.held_job(&active, "before-the-snapshot");
    lab.on(&active, "systemctl start slurmha-snapshot.service");
    let snapshots = lab.on(&active, "ls /var/lib/slurmha/snapshots");
    let snapshot = snapshots.lines().last().expect("a snapshot");
    let later = lab.held_job(&active, "after-the-snapshot");

    for command in commands(snapshot) {
        lab.on(&active, &command);
    }
    lab.until_healthy();

    let known = lab.on("login1", "squeue --noheader --format=%i:%j");
    assert!(known.contains(&format!("{earlier}:before-the-snapshot")), "{known}");
    assert!(!known.contains("after-the-snapshot"), "{known}");
    let next = lab.held_job(&active, "after-the-restore");
    assert!(next > later, "{next} was given out before");
    lab.on("login1", &format!("scancel {earlier} {next}"));
    lab.on(&active, "rm -r /srv/slurmha/state/slurmctld.before-restore");
}

/// The indented lines of the section, in their order.
fn commands(snapshot: &str) -> impl Iterator<Item = String> {
    let (_, restore) = RUNBOOK.split_once("## Restore").expect("the section");
    let commands = restore.lines().filter_map(|line| line.strip_prefix("        "));
    commands.map(move |command| command.replace("SNAPSHOT", snapshot))
}
