// SPDX-License-Identifier: Apache-2.0

use super::*;

/// The machines of examples/lab/site.toml.
pub(crate) fn example() -> Topology {
    let machine = |name: &str, host: u8, controller: bool| MachineSpec {
        name: name.to_owned(),
        cluster: Ipv4Addr::new(10, 77, 0, host),
        replication: controller.then(|| Ipv4Addr::new(10, 77, 1, host)),
        bmc: Some(Ipv4Addr::new(10, 77, 0, host + 100)),
        memory_mb: if controller { 1024 } else { 512 },
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
