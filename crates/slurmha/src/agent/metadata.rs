// SPDX-License-Identifier: Apache-2.0
//! The agents' description of themselves, in the schema of OCF 1.1.

use super::Daemon;

/// The `meta-data` document. pcs checks it against ocf-1.1.rng.
pub fn of(daemon: Daemon) -> String {
    let name = daemon.name();
    let what = match daemon {
        Daemon::Slurmctld => "the scheduler of Slurm",
        Daemon::Slurmdbd => "the accounting daemon of Slurm",
        Daemon::Mariadb => "the database of Slurm's accounting",
    };
    format!(
        r#"<?xml version="1.0"?>
<resource-agent name="{name}" version="1.0">
  <version>1.1</version>
  <longdesc lang="en">
Runs {what} through {name}.service. A start ends when the daemon answers a
request; a daemon is not started unless the replicated volume is mounted.
  </longdesc>
  <shortdesc lang="en">Runs {what}</shortdesc>
  <parameters/>
  <actions>
    <action name="start" timeout="120s"/>
    <action name="stop" timeout="120s"/>
    <action name="monitor" timeout="30s" interval="10s" depth="0"/>
    <action name="meta-data" timeout="5s"/>
    <action name="validate-all" timeout="10s"/>
  </actions>
</resource-agent>
"#
    )
}
