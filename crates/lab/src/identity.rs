// SPDX-License-Identifier: Apache-2.0
//! What makes a machine this machine: its name, addresses and keys. The
//! machine unpacks them at its first boot, so one image serves all.

use std::fmt::Write;

use crate::error::Error;
use crate::qemu::MANAGEMENT_GUEST_ADDRESS;
use crate::tar::{Member, archive};
use crate::topology::{MachineSpec, Topology};

/// A pair of ssh keys, as `ssh-keygen` writes them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HostKey {
    /// The private half.
    pub(crate) private: Vec<u8>,
    /// The public half.
    pub(crate) public: Vec<u8>,
}

/// The archive for one machine.
pub(crate) fn render_identity(
    topology: &Topology,
    machine: &MachineSpec,
    host_key: &HostKey,
    authorized_key: &str,
) -> Result<Vec<u8>, Error> {
    let member = |path: &str, mode: u32, content: &[u8]| Member {
        path: path.to_owned(),
        mode,
        content: content.to_vec(),
    };
    let mut members = vec![
        member("etc/hostname", 0o644, format!("{}\n", machine.name).as_bytes()),
        member("etc/hosts", 0o644, render_hosts(topology).as_bytes()),
        member("etc/ssh/ssh_host_ed25519_key", 0o600, &host_key.private),
        member("etc/ssh/ssh_host_ed25519_key.pub", 0o644, &host_key.public),
        member("root/.ssh/authorized_keys", 0o600, authorized_key.as_bytes()),
        member("etc/slurmha-lab/network", 0o644, render_network(topology, machine).as_bytes()),
    ];
    if is_file_server(topology, machine) {
        let exports = render_exports(topology);
        members.push(member("etc/exports.d/slurmha-lab.exports", 0o644, exports.as_bytes()));
    }
    archive(&members)
}

/// The first machine that is no controller: in the example the login node.
fn is_file_server(topology: &Topology, machine: &MachineSpec) -> bool {
    let first = topology.machines.iter().find(|machine| machine.replication.is_none());
    first.is_some_and(|first| first.name == machine.name)
}

/// The homes, as exports(5); root makes them there.
fn render_exports(topology: &Topology) -> String {
    format!("/srv/home {}(rw,no_subtree_check,no_root_squash)\n", topology.cluster)
}

/// `/etc/hosts`: the lab's name service. A machine's own name is its address
/// on the cluster network, as a site's name service would answer, and not
/// 127.0.1.1.
fn render_hosts(topology: &Topology) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
    for machine in &topology.machines {
        let _ = writeln!(text, "{} {}", machine.cluster, machine.name);
    }
    text
}

/// Commands for `ip -batch`: eth0 is for ssh from the host, eth1 the cluster
/// network, eth2 the replication network.
fn render_network(topology: &Topology, machine: &MachineSpec) -> String {
    let mut interfaces = vec![
        ("eth0", MANAGEMENT_GUEST_ADDRESS.to_owned(), 24),
        ("eth1", machine.cluster.to_string(), topology.cluster.prefix_len()),
    ];
    if let Some(address) = machine.replication {
        interfaces.push(("eth2", address.to_string(), topology.replication.prefix_len()));
    }
    let mut text = "link set lo up\n".to_owned();
    for (interface, address, prefix) in interfaces {
        // `replace` succeeds when the address is there already.
        let _ = writeln!(text, "link set {interface} up");
        let _ = writeln!(text, "address replace {address}/{prefix} broadcast + dev {interface}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::example;

    #[test]
    fn a_controller_has_three_interfaces_and_others_two() {
        let topology = example();
        insta::assert_snapshot!(render_network(&topology, topology.machine("ctl1").unwrap()), @r"
        link set lo up
        link set eth0 up
        address replace 10.0.2.15/24 broadcast + dev eth0
        link set eth1 up
        address replace 10.77.0.11/24 broadcast + dev eth1
        link set eth2 up
        address replace 10.77.1.11/24 broadcast + dev eth2
        ");
        assert!(!render_network(&topology, topology.machine("cn1").unwrap()).contains("eth2"));
    }

    #[test]
    fn names_resolve_to_the_cluster_network() {
        insta::assert_snapshot!(render_hosts(&example()), @r"
        127.0.0.1 localhost
        ::1 localhost ip6-localhost ip6-loopback
        10.77.0.11 ctl1
        10.77.0.12 ctl2
        10.77.0.31 login1
        10.77.0.21 cn1
        10.77.0.22 cn2
        ");
    }

    #[test]
    fn one_machine_is_the_file_server() {
        let topology = example();
        let servers = topology.machines.iter().filter(|it| is_file_server(&topology, it));
        assert_eq!(servers.map(|it| it.name.as_str()).collect::<Vec<_>>(), ["login1"]);
    }

    #[test]
    fn private_files_are_private() {
        let topology = example();
        let key = HostKey { private: b"private".to_vec(), public: b"public".to_vec() };
        let bytes =
            render_identity(&topology, &topology.machines[0], &key, "ssh-ed25519 AAAA lab\n")
                .unwrap();
        let header = |path: &str| {
            bytes.chunks(512).find(|block| block.starts_with(path.as_bytes())).unwrap()
        };
        assert_eq!(&header("etc/ssh/ssh_host_ed25519_key\0")[100..107], b"0000600");
        assert_eq!(&header("root/.ssh/authorized_keys\0")[100..107], b"0000600");
    }
}
