// SPDX-License-Identifier: Apache-2.0
//! `/etc/chrony/chrony.conf`: one time for all, with or without the outside.

use std::fmt::Write as _;

use crate::config_file::ConfigFile;
use crate::site::{Machine, Role, Site};

/// chrony's configuration on one machine.
///
/// The controllers follow the site's servers and each other; when no server
/// is reachable one of them serves its own clock (`local ... orphan` lets
/// exactly one do so), because munge refuses credentials more than five
/// minutes old and Slurm's time stamps have to agree more than be right.
pub fn render(site: &Site, machine: &Machine) -> ConfigFile {
    let mut text = super::header("#");
    for server in &site.time_servers {
        let _ = writeln!(text, "server {server} iburst");
    }
    if machine.roles.contains(&Role::Controller) {
        for peer in site.controllers.iter().filter(|c| c.name != machine.name) {
            let _ = writeln!(text, "peer {}", peer.address);
        }
        let _ = writeln!(text, "local stratum 10 orphan");
        let _ = writeln!(text, "allow {}", site.networks.cluster);
    } else {
        for controller in &site.controllers {
            let _ = writeln!(text, "server {} iburst", controller.address);
        }
    }
    text.push_str(
        "driftfile /var/lib/chrony/chrony.drift\n\
         makestep 1 3\n\
         rtcsync\n\
         leapsectz right/UTC\n",
    );
    ConfigFile::new("/etc/chrony/chrony.conf", text)
}
