// SPDX-License-Identifier: Apache-2.0
//! Packages: what they bring, apt-get and dpkg.

use super::programs::Answer;
use super::state::State;

/// Programs of a minimal Debian.
pub(super) const BASE_PROGRAMS: [&str; 21] = [
    "apt-get",
    "apt-cache",
    "blkid",
    "dpkg",
    "gpasswd",
    "groupadd",
    "ip",
    "journalctl",
    "mkfs.ext4",
    "mkhomedir_helper",
    "modprobe",
    "mount",
    "sh",
    "ss",
    "sshd",
    "sync",
    "systemctl",
    "umount",
    "useradd",
    "usermod",
    "validate",
];

struct Package {
    name: &'static str,
    programs: &'static [&'static str],
    /// Units, of which Debian enables each at installation.
    units: &'static [&'static str],
}

const fn package(
    name: &'static str,
    programs: &'static [&'static str],
    units: &'static [&'static str],
) -> Package {
    Package { name, programs, units }
}

const CATALOGUE: [Package; 14] = [
    package("munge", &["munge"], &["munge.service"]),
    package(
        "corosync",
        &["corosync", "corosync-quorumtool", "corosync-cfgtool"],
        &["corosync.service"],
    ),
    package(
        "pacemaker",
        &["cibadmin", "crm_diff", "crm_mon", "crm_resource", "crm_verify"],
        &["pacemaker.service"],
    ),
    package("drbd-utils", &["drbdadm", "drbdmeta", "drbdsetup"], &["drbd.service"]),
    package(
        "mariadb-server",
        &["mariadb", "mariadb-install-db", "mariadbd"],
        &["mariadb.service", "mariadb.socket"],
    ),
    package("slurmctld", &["slurmctld"], &["slurmctld.service"]),
    package("slurmdbd", &["slurmdbd"], &["slurmdbd.service"]),
    package("slurm-client", &["sacctmgr", "scontrol", "sdiag", "sinfo", "squeue"], &[]),
    package("chrony", &["chronyd"], &["chrony.service"]),
    package("prometheus", &["prometheus", "promtool"], &["prometheus.service"]),
    package("prometheus-alertmanager", &["amtool"], &["prometheus-alertmanager.service"]),
    package("prometheus-node-exporter", &[], &["prometheus-node-exporter.service"]),
    package("nftables", &["nft"], &["nftables.service"]),
    package("wireguard-tools", &["wg", "wg-quick"], &[]),
];

const STATUS: &str = "/var/lib/dpkg/status";

impl State {
    pub(super) fn apt_get(&mut self, arguments: &[String], halfway: bool) -> Answer {
        if self.dpkg_interrupted {
            let text = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'";
            return Answer::fails(100, text);
        }
        let Some(at) = arguments.iter().position(|argument| argument == "--") else {
            return Answer::ok();
        };
        for name in &arguments[at + 1..] {
            let Some(package) = CATALOGUE.iter().find(|package| package.name == name) else {
                return Answer::fails(100, &format!("E: Unable to locate package {name}"));
            };
            if halfway {
                self.unpack(package, "half-configured");
                self.dpkg_interrupted = true;
                return Answer::ok();
            }
            self.unpack(package, "installed");
            self.configure(package);
        }
        Answer::ok()
    }

    fn unpack(&mut self, package: &Package, status: &str) {
        let name = package.name;
        if self.text(STATUS).contains(&format!("Package: {name}\n")) {
            return;
        }
        let stanza =
            format!("Package: {name}\nStatus: install ok {status}\nVersion: 1.0-simulated\n\n");
        self.append(STATUS, &stanza);
    }

    fn configure(&mut self, package: &Package) {
        self.programs.extend(package.programs.iter().map(|program| (*program).to_owned()));
        let forbidden = self.text("/usr/sbin/policy-rc.d").contains("exit 101");
        for unit in package.units {
            self.install_unit(unit, !forbidden);
        }
    }

    /// `dpkg --configure --pending`
    pub(super) fn dpkg(&mut self) -> Answer {
        let text = self.text(STATUS);
        let names: Vec<String> = text
            .split("\n\n")
            .filter(|stanza| stanza.contains("half-configured"))
            .filter_map(|stanza| stanza.trim_start().strip_prefix("Package: ")?.lines().next())
            .map(str::to_owned)
            .collect();
        let whole = text.replace("half-configured", "installed");
        self.put_file(STATUS, whole.as_bytes(), crate::system::Ids::root(0o644));
        for name in names {
            if let Some(package) = CATALOGUE.iter().find(|package| package.name == name) {
                self.configure(package);
            }
        }
        self.dpkg_interrupted = false;
        Answer::ok()
    }
}
