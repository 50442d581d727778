// SPDX-License-Identifier: Apache-2.0
//! The cluster as Open OnDemand sees it.

use std::fmt::Write as _;

use crate::config_file::ConfigFile;
use crate::render::header;
use crate::render::yaml::quoted;
use crate::site::{Machine, Ondemand, Site};

/// Slurm's commands with the host's own slurm.conf, which names the VIP: a failover is
/// Slurm's business, and a command waits for it. No `cluster`: with it each command
/// would get `-M`, which asks slurmdbd first (ood_core, `adapters/slurm.rb`).
///
/// A shell opens on the portal's own host: a name that no failover moves.
pub(super) fn cluster(site: &Site, ondemand: &Ondemand, host: &Machine) -> ConfigFile {
    let name = &site.cluster_name;
    let mut text = header("#");
    let _ = write!(
        text,
        "---
v2:
  metadata:
    title: {}
  login:
    host: {}
  job:
    adapter: slurm
    bin: /usr/bin
    conf: /etc/slurm/slurm.conf
",
        quoted(name),
        quoted(host.name.as_str()),
    );
    if ondemand.reaches_nodes() {
        // By the name that `host_regex` of ood_portal.yml knows, and /etc/hosts.
        text.push_str(
            "  batch_connect:
    basic:
      set_host: host=$(hostname -s)
    vnc:
      set_host: host=$(hostname -s)
      script_wrapper: |
        export WEBSOCKIFY_CMD=/usr/bin/websockify
        %s
",
        );
    }
    ConfigFile::new(format!("/etc/ood/config/clusters.d/{name}.yml"), text)
}
