// SPDX-License-Identifier: Apache-2.0
//! `/etc/hosts`: every machine's name, so that nothing waits for DNS.
//!
//! Debian's Slurm retries a failed look-up ten times, a second apart, inside
//! slurmctld and every client (patch `retry-getaddrinfo`).

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::site::Site;

const BEGIN: &str = "# BEGIN slurmha: change the site file and run `slurmha apply`";
const END: &str = "# END slurmha";

/// The existing file with slurmha's block put in, or put in anew.
///
/// Other lines stay, except that Debian's `127.0.1.1 <own name>` goes: it
/// would make slurmctld and Corosync take the loopback for the machine's
/// address. So do those behind a block that somebody has left without its end,
/// but for what reads like a line of it.
pub fn merge(existing: &str, site: &Site) -> String {
    let mut text = String::new();
    let is_ours = |name: &str| names(site).any(|(_, own)| own == name);
    let others = outside_block(existing, is_ours);
    for line in others.into_iter().filter(|line| !is_own_name_on_loopback(line)) {
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
    for (address, name) in names(site) {
        let _ = writeln!(text, "{address}\t{name}");
    }
    let _ = writeln!(text, "{END}");
    text
}

/// What the block has to say: each machine, and the virtual address.
fn names(site: &Site) -> impl Iterator<Item = (Ipv4Addr, String)> {
    let machines =
        site.machines().into_iter().map(|machine| (machine.address, machine.name.to_string()));
    machines.chain([(site.vip, format!("{}-vip", site.cluster_name))])
}

/// The lines that slurmha has not written and [`merge`] leaves there. Of a block without its end
/// those are left, too, that do not read like one of its lines, with a name that `is_ours`.
pub fn outside_block(existing: &str, is_ours: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut rest: Vec<&str> = existing.lines().collect();
    let mut outside = Vec::new();
    while let Some(begin) = rest.iter().position(|line| *line == BEGIN) {
        let block = rest.split_off(begin + 1);
        outside.extend(rest.into_iter().filter(|line| *line != BEGIN));
        rest = match block.iter().position(|line| *line == END) {
            Some(end) => block[end + 1..].to_vec(),
            None => block.into_iter().filter(|line| !is_line_of_block(line, &is_ours)).collect(),
        };
    }
    outside.extend(rest);
    outside
}

fn is_line_of_block(line: &str, is_ours: impl Fn(&str) -> bool) -> bool {
    line.split_once('\t').is_some_and(|(_, name)| is_ours(name))
}

fn is_own_name_on_loopback(line: &str) -> bool {
    line.split_whitespace().next() == Some("127.0.1.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        let text = include_str!("../../tests/site/plain.toml");
        crate::site::parse("site.toml", text).expect("a valid site").0
    }

    #[test]
    fn what_others_wrote_stays_and_the_block_is_there_once() {
        let site = site();
        let first = merge("127.0.0.1\tlocalhost\n127.0.1.1\tctl1\n", &site);
        assert!(first.starts_with("127.0.0.1\tlocalhost\n\n# BEGIN slurmha"), "{first}");
        assert!(!first.contains("127.0.1.1"), "{first}");
        let others = format!("{first}192.0.2.7\tprinter\n{first}");
        let merged = merge(&others, &site);
        assert_eq!(merged.matches(BEGIN).count(), 1, "{merged}");
        assert!(merged.contains("\n192.0.2.7\tprinter\n"), "{merged}");
        assert_eq!(merge(&merged, &site), merged);
    }

    #[test]
    fn a_block_without_its_end_takes_nobody_elses_lines_away() {
        let site = site();
        let whole = merge("127.0.0.1\tlocalhost\n", &site);
        let old_address = format!("192.0.2.9\t{}\n", site.machines()[0].name);
        let cut = whole.replace(END, &format!("{old_address}192.0.2.7\tprinter"));
        let merged = merge(&cut, &site);
        let expected = merge("127.0.0.1\tlocalhost\n\n192.0.2.7\tprinter\n", &site);
        assert_eq!(merged, expected, "and the old address is gone");
    }
}
