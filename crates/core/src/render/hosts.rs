// SPDX-License-Identifier: Apache-2.0
//! `/etc/hosts`: every machine's name, so that nothing waits for DNS.
//!
//! Debian's Slurm retries a failed look-up ten times, a second apart, inside
//! slurmctld and every client (patch `retry-getaddrinfo`).

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::site::Site;

/// Where it is.
pub const FILE: &str = "/etc/hosts";

const BEGIN: &str = "# BEGIN slurmha: change the site file and run `slurmha apply`";
const END: &str = "# END slurmha";

/// slurmha's lines, which are the same on every machine.
pub struct Block {
    text: String,
    names: HashSet<String>,
}

impl Block {
    /// The lines of a site.
    pub fn of(site: &Site) -> Self {
        let mut text = format!("{BEGIN}\n");
        let mut known = HashSet::new();
        for (address, name) in names(site) {
            let _ = writeln!(text, "{address}\t{name}");
            known.insert(name);
        }
        let _ = writeln!(text, "{END}");
        Self { text, names: known }
    }

    /// The existing file with slurmha's block put in, or put in anew.
    ///
    /// Other lines stay, except that Debian's `127.0.1.1 <own name>` goes: it
    /// would make slurmctld and Corosync take the loopback for the machine's
    /// address. So do those behind a block that somebody has left without its end,
    /// but for what reads like a line of it.
    pub fn merge(&self, existing: &str) -> String {
        let mut text = String::new();
        for line in self.outside(existing).into_iter().filter(|it| !is_own_name_on_loopback(it)) {
            text.push_str(line);
            text.push('\n');
        }
        while text.ends_with("\n\n") {
            text.pop();
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&self.text);
        text
    }

    fn outside<'a>(&self, existing: &'a str) -> Vec<&'a str> {
        if let Some(before) = self.left_out(existing) {
            return before.lines().collect();
        }
        outside_block(existing, |name| self.names.contains(name))
    }

    /// What stands before the block in a file as we leave it. Of thousands of
    /// machines each has a line for every other one, and few have changed.
    fn left_out<'a>(&self, existing: &'a str) -> Option<&'a str> {
        let before = existing.strip_suffix(&self.text)?;
        let is_whole = before.is_empty() || before.ends_with('\n');
        (is_whole && !before.contains(BEGIN)).then_some(before)
    }
}

/// What the block has to say: each machine, and the virtual address.
fn names(site: &Site) -> impl Iterator<Item = (Ipv4Addr, String)> {
    let machines =
        site.machines().into_iter().map(|machine| (machine.address, machine.name.to_string()));
    machines.chain([(site.vip, format!("{}-vip", site.cluster_name))])
}

/// The lines that slurmha has not written and [`Block::merge`] leaves there. Of a block without its end
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
        let block = Block::of(&site());
        let first = block.merge("127.0.0.1\tlocalhost\n127.0.1.1\tctl1\n");
        assert!(first.starts_with("127.0.0.1\tlocalhost\n\n# BEGIN slurmha"), "{first}");
        assert!(!first.contains("127.0.1.1"), "{first}");
        let others = format!("{first}192.0.2.7\tprinter\n{first}");
        let merged = block.merge(&others);
        assert_eq!(merged.matches(BEGIN).count(), 1, "{merged}");
        assert!(merged.contains("\n192.0.2.7\tprinter\n"), "{merged}");
        assert_eq!(block.merge(&merged), merged);
    }

    #[test]
    fn a_block_without_its_end_takes_nobody_elses_lines_away() {
        let site = site();
        let block = Block::of(&site);
        let whole = block.merge("127.0.0.1\tlocalhost\n");
        let old_address = format!("192.0.2.9\t{}\n", site.machines()[0].name);
        let cut = whole.replace(END, &format!("{old_address}192.0.2.7\tprinter"));
        let merged = block.merge(&cut);
        let expected = block.merge("127.0.0.1\tlocalhost\n\n192.0.2.7\tprinter\n");
        assert_eq!(merged, expected, "and the old address is gone");
    }
}
