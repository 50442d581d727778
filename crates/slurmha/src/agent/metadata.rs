// SPDX-License-Identifier: Apache-2.0
//! The agents' description of themselves, in the schema of OCF 1.1.

use std::fmt::Write as _;

use super::Agent;

/// Actions of an agent that has no roles.
const PLAIN: &str = r#"    <action name="monitor" timeout="30s" interval="10s" depth="0"/>
"#;

/// Actions of one that can be promoted. Pacemaker tells the two monitors apart
/// by their interval.
const PROMOTABLE: &str = r#"    <action name="promote" timeout="90s"/>
    <action name="demote" timeout="90s"/>
    <action name="monitor" timeout="60s" interval="20s" role="Promoted" depth="0"/>
    <action name="monitor" timeout="60s" interval="30s" role="Unpromoted" depth="0"/>
"#;

/// What one agent says of itself.
struct Description {
    name: &'static str,
    short: &'static str,
    long: &'static str,
    parameters: &'static [Parameter],
}

/// Name, type and meaning of a parameter; all are required.
type Parameter = (&'static str, &'static str, &'static str);

const DAEMON: &str = "Runs the daemon through its systemd unit. A start ends when the daemon \
                      answers a request; it is not started unless the replicated volume is mounted.";

/// The `meta-data` document. pcs checks it against ocf-1.1.rng, ocf-tester
/// against the older form that the document names.
pub fn of(agent: Agent) -> String {
    let Description { name, short, long, parameters } = describe(agent);
    let actions = if agent == Agent::Drbd { PROMOTABLE } else { PLAIN };
    format!(
        r#"<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="{name}" version="1.0">
  <version>1.1</version>
  <longdesc lang="en">{long}</longdesc>
  <shortdesc lang="en">{short}</shortdesc>
{}  <actions>
    <action name="start" timeout="120s"/>
    <action name="stop" timeout="120s"/>
{actions}    <action name="meta-data" timeout="5s"/>
    <action name="validate-all" timeout="10s"/>
  </actions>
</resource-agent>
"#,
        parameters_element(parameters)
    )
}

fn describe(agent: Agent) -> Description {
    let daemon = |name, short| Description { name, short, long: DAEMON, parameters: &[] };
    match agent {
        Agent::Slurmctld => daemon("slurmctld", "Runs the scheduler of Slurm"),
        Agent::Slurmdbd => daemon("slurmdbd", "Runs the accounting daemon of Slurm"),
        Agent::Mariadb => daemon("mariadb", "Runs the database of Slurm's accounting"),
        Agent::Drbd => Description {
            name: "drbd",
            short: "Replicates the volumes with DRBD",
            long: "Attaches and connects one DRBD resource and promotes it on one node. Needs no \
                   notifications.",
            parameters: &[("drbd_resource", "string", "Its name in DRBD's configuration")],
        },
        Agent::Volume => Description {
            name: "volume",
            short: "Mounts a replicated file system",
            long: "Mounts an ext4 file system on a DRBD device where that is primary. A stop ends \
                   whoever keeps it busy.",
            parameters: &[
                ("device", "string", "The block device"),
                ("directory", "string", "Where it is mounted"),
                ("options", "string", "Options of mount(8)"),
            ],
        },
        Agent::Vip => Description {
            name: "vip",
            short: "Holds the address of the controller",
            long: "Gives the interface that is in the address's network one more address, and \
                   tells the neighbours.",
            parameters: &[
                ("ip", "string", "The IPv4 address"),
                ("cidr_netmask", "integer", "Length of the network's prefix"),
            ],
        },
    }
}

fn parameters_element(parameters: &[Parameter]) -> String {
    if parameters.is_empty() {
        return "  <parameters/>\n".to_owned();
    }
    let mut text = "  <parameters>\n".to_owned();
    for (name, content, meaning) in parameters {
        let _ = write!(
            text,
            r#"    <parameter name="{name}" required="1">
      <longdesc lang="en">{meaning}.</longdesc>
      <shortdesc lang="en">{meaning}</shortdesc>
      <content type="{content}"/>
    </parameter>
"#
        );
    }
    text.push_str("  </parameters>\n");
    text
}
