// SPDX-License-Identifier: Apache-2.0

use super::*;

/// The machines of examples/lab/site.toml.
pub(crate) fn example() -> Topology {
    let machine = |name: &str, host: u8, controller: bool| MachineSpec {
        name: name.to_owned(),
        cluster: Ipv4Addr::new(10, 77, 0, host),
        replication: controller.then(|| Ipv4Addr::new(10, 77, 1, host)),
        bmc: Some(Ipv4Addr::new(10, 77, 0, host + 100)),
        memory_mb: if name.starts_with("cn") { 512 } else { 1024 },
        disks: if controller { controller_disks() } else { Vec::new() },
    };
    Topology {
        cluster: "10.77.0.0/24".parse().unwrap(),
        replication: "10.77.1.0/24".parse().unwrap(),
        machines: vec![
            machine("ctl1", 11, true),
            machine("ctl2", 12, true),
            machine("login1", 31, false),
            machine("cn1", 21, false),
            machine("cn2", 22, false),
        ],
    }
}

const SITE: &str = include_str!("../../../../examples/lab/site.toml");

fn site(text: &str) -> Site {
    slurmha_core::site::parse("site.toml", text).map(|(site, _)| site).unwrap()
}

#[test]
fn the_example_site_becomes_five_machines() {
    assert_eq!(Topology::from_site(&site(SITE)).unwrap(), example());
}

#[test]
fn a_fence_address_that_the_switch_cannot_answer_for_is_refused() {
    let text = SITE.replace("10.77.0.111", "192.0.2.1");
    let error = Topology::from_site(&site(&text)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this site cannot run in the lab: the fence address \"192.0.2.1\" of ctl1 is not an \
         address in 10.77.0.0/24"
    );
}

#[test]
fn an_invented_bmc_address_collides_with_nobody() {
    let mut topology = example();
    topology.machines[3].bmc = None;
    topology.machines[4].bmc = None;
    topology.machines[4].cluster = Ipv4Addr::new(10, 77, 0, 200);
    topology.invent_bmc_addresses(BTreeSet::from([Ipv4Addr::new(10, 77, 0, 121)]));
    assert_eq!(topology.machines[3].bmc, None, "taken");
    assert_eq!(topology.machines[4].bmc, None, "outside the network");
}

#[test]
fn the_first_difference_is_told() {
    let (one, mut other) = (example(), example());
    assert_eq!(one.difference(&other), None);
    other.machines[3].cluster = Ipv4Addr::new(10, 77, 0, 99);
    assert_eq!(one.difference(&other).unwrap(), "cn1 has different addresses or disks");
    other.machines.pop();
    assert_eq!(
        one.difference(&other).unwrap(),
        "it has ctl1, ctl2, login1, cn1, cn2, not ctl1, ctl2, login1, cn1"
    );
}
