// SPDX-License-Identifier: Apache-2.0
//! `/etc/corosync/corosync.conf`: membership, two links, quorum.

use std::fmt::Write as _;
use std::time::Duration;

use crate::config_file::ConfigFile;
use crate::site::{Arbiter, Site};

/// Where it is.
pub const CONF: &str = "/etc/corosync/corosync.conf";

/// Its links by number: the network that each is on.
pub const LINKS: [&str; 2] = ["cluster", "replication"];

/// The `nodeid` of a controller, by its place in the site file.
pub fn node_id(index: usize) -> u32 {
    index as u32 + 1
}

/// Corosync's configuration, the same on both controllers.
pub fn render(site: &Site) -> ConfigFile {
    let mut text = super::header("#");
    totem(&mut text, site);
    nodelist(&mut text, site);
    quorum(&mut text, site);
    text.push_str(
        "\nlogging {\n    to_logfile: no\n    to_syslog: yes\n    syslog_facility: daemon\n}\n",
    );
    ConfigFile::new(CONF, text)
}

/// `token_coefficient` is off so that the token is what the site file says
/// whatever the number of nodes; knet's own timers follow from the token.
fn totem(text: &mut String, site: &Site) {
    let _ = write!(
        text,
        "totem {{\n    version: 2\n    cluster_name: {}\n    transport: knet\n    \
         crypto_cipher: aes256\n    crypto_hash: sha256\n    link_mode: passive\n    \
         token: {}\n    token_coefficient: 0\n    consensus: {}\n",
        site.cluster_name,
        site.timing.token.as_millis(),
        site.timing.consensus.as_millis(),
    );
    // Passive mode uses the living link of highest priority: the cluster
    // network, because it is the one that Slurm's clients depend on.
    for (link, priority) in [(0, 2), (1, 1)] {
        let _ = write!(
            text,
            "    interface {{\n        linknumber: {link}\n        \
             knet_link_priority: {priority}\n    }}\n"
        );
    }
    text.push_str("}\n");
}

fn nodelist(text: &mut String, site: &Site) {
    text.push_str("\nnodelist {\n");
    for (index, controller) in site.controllers.iter().enumerate() {
        let _ = write!(
            text,
            "    node {{\n        name: {}\n        nodeid: {}\n        ring0_addr: {}\n        \
             ring1_addr: {}\n    }}\n",
            controller.name,
            node_id(index),
            controller.address,
            controller.replication_address,
        );
    }
    text.push_str("}\n");
}

fn quorum(text: &mut String, site: &Site) {
    text.push_str("\nquorum {\n    provider: corosync_votequorum\n");
    match &site.arbiter {
        Some(arbiter) => device(text, site, arbiter),
        // Either controller alone has quorum once both have been seen: who
        // goes on after a partition is decided by fencing.
        None => text.push_str("    two_node: 1\n    wait_for_all: 1\n"),
    }
    text.push_str("}\n");
}

/// The arbiter as a third vote. Its timeouts come from the site's timing:
/// with the defaults a lost controller would hold the vote for 12 s.
fn device(text: &mut String, site: &Site, arbiter: &Arbiter) {
    let _ = write!(
        text,
        "    device {{\n        model: net\n        votes: 1\n        timeout: {}\n        \
         sync_timeout: {}\n        net {{\n            host: {}\n            \
         algorithm: ffsplit\n            tls: off\n        }}\n    }}\n",
        site.timing.qdevice_timeout.as_millis(),
        site.timing.qdevice_sync_timeout.as_millis(),
        arbiter.address,
    );
}

/// qnetd refuses heartbeats outside its bounds; the qdevice side asks for
/// 0.8 x timeout (corosync-qdevice 3.0.3, qdevice-net-instance.c).
pub fn heartbeat(qdevice_timeout: Duration) -> Duration {
    qdevice_timeout * 8 / 10
}
