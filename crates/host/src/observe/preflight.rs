// SPDX-License-Identifier: Apache-2.0
//! What only `check` asks for.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use slurmha_core::observe::{Preflight, PreflightRequest, Reading};
use slurmha_core::render::hosts::{FILE, outside_block};

use super::cluster::reading;
use super::stalls;
use crate::addresses;
use crate::command::Command;
use crate::program::apt;
use crate::system::{System, read_trimmed};

/// Packages whose version on offer tells which Slurm this machine would get.
const CANDIDATES: [&str; 3] = ["slurmctld", "slurmdbd", "slurmd"];

/// For the owner of an address on the same network, in milliseconds as a rule.
const ECHO_LIMIT: Duration = Duration::from_secs(1);

pub(super) fn observe(system: &dyn System, request: &PreflightRequest) -> Preflight {
    let hosts = read_trimmed(system, FILE).unwrap_or_default();
    // Of a block without its end, what reads like one of its lines is left out.
    let hosts = outside_block(&hosts, |name| !name.contains(char::is_whitespace));
    // First, and alone: the other questions are work for the machine.
    let worst_stall = request.stalls.map(|time| stalls::measure(system, time));
    Preflight {
        worst_stall,
        addresses: reading(addresses::local(system)),
        listening: listening(system),
        drbd_module: drbd_module(system),
        hosts: by_name(&hosts),
        unused_address_answers: unused_address(system, request.unused_address),
        candidates: candidates(system),
        fetched: request
            .fetch
            .iter()
            .map(|url| (url.clone(), apt::try_to_fetch(system, url)))
            .collect(),
    }
}

/// How names resolve from these lines of hosts(5).
fn by_name(hosts: &[&str]) -> BTreeMap<String, Vec<Ipv4Addr>> {
    let mut names: BTreeMap<String, Vec<Ipv4Addr>> = BTreeMap::new();
    for line in hosts.iter().map(|line| line.split('#').next().unwrap_or_default()) {
        let mut words = line.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
        for name in words {
            names.entry(name.to_owned()).or_default().push(address);
        }
    }
    names
}

/// TCP ports in state LISTEN, with the program behind them (`ss -ltnp`).
fn listening(system: &dyn System) -> Reading<BTreeMap<u16, String>> {
    let command = Command::new("ss")
        .args(["--listening", "--tcp", "--numeric", "--processes", "--no-header"])
        .timeout(Duration::from_secs(5));
    let output = system.run(&command).and_then(|output| output.success());
    reading(output.map(|output| parse_ss(&output.text())))
}

/// `LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))`
fn parse_ss(text: &str) -> BTreeMap<u16, String> {
    let ports = text.lines().filter_map(|line| {
        let port = line.split_whitespace().nth(3)?.rsplit(':').next()?.parse().ok()?;
        let program = line.split('"').nth(1).unwrap_or_default();
        Some((port, program.to_owned()))
    });
    ports.collect()
}

/// For each installed kernel, whether `drbd` is among its modules or built in.
fn drbd_module(system: &dyn System) -> BTreeMap<String, bool> {
    let modules = Path::new("/lib/modules");
    let kernels = system.read_directory(modules).unwrap_or_default();
    let has_drbd = |kernel: &str| {
        ["modules.dep", "modules.builtin"].iter().any(|list| {
            let text = read_trimmed(system, modules.join(kernel).join(list)).unwrap_or_default();
            text.lines().any(|line| {
                let path = line.split(':').next().unwrap_or_default();
                path.rsplit('/').next().is_some_and(|file| file.starts_with("drbd.ko"))
            })
        })
    };
    kernels.into_iter().map(|kernel| (kernel.clone(), has_drbd(&kernel))).collect()
}

fn unused_address(system: &dyn System, address: Option<Ipv4Addr>) -> Reading<bool> {
    match address.map(|address| system.answers_echo(address, ECHO_LIMIT)) {
        None => Reading::default(),
        Some(Ok(answers)) => Reading::Known(answers),
        Some(Err(error)) => Reading::Unknown(error.to_string()),
    }
}

/// Versions that apt would install, from `apt-cache policy`.
fn candidates(system: &dyn System) -> Reading<BTreeMap<String, String>> {
    let command =
        Command::new("apt-cache").arg("policy").args(CANDIDATES).timeout(Duration::from_secs(20));
    let output = system.run(&command).and_then(|output| output.success());
    reading(output.map(|output| parse_policy(&output.text())))
}

fn parse_policy(text: &str) -> BTreeMap<String, String> {
    let mut package = None;
    let mut versions = BTreeMap::new();
    for line in text.lines() {
        if let Some(version) = line.strip_prefix("  Candidate: ") {
            if let Some(package) = package.take().filter(|_| version != "(none)") {
                versions.insert(package, version.to_owned());
            }
        } else if !line.starts_with(' ') {
            package = line.strip_suffix(':').map(str::to_owned);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_candidates_are_read() {
        let hosts = ["127.0.0.1 localhost", "10.0.0.1 ctl1 ctl1.site # ctl2", "::1 ctl1"];
        let names = by_name(&hosts);
        assert_eq!(names["ctl1"], [Ipv4Addr::new(10, 0, 0, 1)]);
        assert_eq!(names.get("ctl2"), None, "a comment");
        let ss = "LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))\n\
            LISTEN 0 128 [::]:6817 [::]:*\n";
        let ports = BTreeMap::from([(22, "sshd".to_owned()), (6817, String::new())]);
        assert_eq!(parse_ss(ss), ports);
        let policy = "slurmctld:\n  Installed: (none)\n  Candidate: 22.05.8-4+deb12u3\n\
            slurmd:\n  Installed: (none)\n  Candidate: (none)\n";
        let found = parse_policy(policy);
        assert_eq!(found, BTreeMap::from([("slurmctld".into(), "22.05.8-4+deb12u3".into())]));
    }
}
