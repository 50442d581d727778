// SPDX-License-Identifier: Apache-2.0
//! `/etc/hosts`: every machine's name, so that nothing waits for DNS.
//!
//! Debian's Slurm retries a failed look-up ten times, a second apart, inside
//! slurmctld and every client (patch `retry-getaddrinfo`).

use std::fmt::Write as _;

use crate::site::Site;

const BEGIN: &str = "# BEGIN slurmha: change the site file and run `slurmha apply`";
const END: &str = "# END slurmha";

/// The existing file with slurmha's block put in, or put in anew.
///
/// Other lines stay, except that Debian's `127.0.1.1 <own name>` goes: it
/// would make slurmctld and Corosync take the loopback for the machine's
/// address.
pub fn merge(existing: &str, site: &Site) -> String {
    let mut text = String::new();
    for line in outside_block(existing).filter(|line| !is_own_name_on_loopback(line)) {
        text.push_str(line);
        text.push('\n');
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&block(site));
    text
}

fn block(site: &Site) -> String {
    let mut text = format!("{BEGIN}\n");
    for machine in site.machines() {
        let _ = writeln!(text, "{}\t{}", machine.address, machine.name);
    }
    let _ = writeln!(text, "{}\t{}-vip", site.vip, site.cluster_name);
    let _ = writeln!(text, "{END}");
    text
}

fn outside_block(existing: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    existing.lines().filter(move |line| match *line {
        BEGIN => {
            inside = true;
            false
        }
        END if inside => {
            inside = false;
            false
        }
        _ => !inside,
    })
}

fn is_own_name_on_loopback(line: &str) -> bool {
    line.split_whitespace().next() == Some("127.0.1.1")
}
