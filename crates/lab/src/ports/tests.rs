// SPDX-License-Identifier: Apache-2.0

use std::path::Path;

use super::*;
use crate::lab::tests::unbooted;
use crate::progress::Silent;

/// A lab below that directory whose ports are free.
fn lab(directory: &Path, name: &str) -> Lab {
    let mut lab = unbooted(&directory.join(name));
    fs::create_dir(&lab.paths.state).unwrap();
    lab.description.ports = choose(&lab.paths, lab.machines().len()).unwrap();
    lab.description.save(&lab.paths).unwrap();
    lab
}

#[test]
fn a_port_that_is_spoken_for_is_passed_over_once() {
    let mut next = 4000..;
    let mut held = Vec::new();
    let except = BTreeSet::from([4000, 4001]);
    let found = another(|| Ok(((), next.next().unwrap())), &mut held, &except).unwrap();
    assert_eq!((found, held.len()), (4002, 3), "held, it cannot be found again");
}

#[test]
fn the_ports_of_the_labs_beside_are_spoken_for() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| lab(directory.path(), name));
    fs::create_dir(directory.path().join("broken")).unwrap();
    fs::write(directory.path().join("broken/lab.json"), "{").unwrap();
    let expected: BTreeSet<u16> = numbers(&other.description.ports).into_iter().collect();
    assert_eq!(of_others(&one.paths), expected);
    assert!(numbers(&one.description.ports).iter().all(|port| !expected.contains(port)));
}

#[test]
fn a_port_that_was_taken_meanwhile_is_replaced_where_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut lab = lab(directory.path(), "frozen");
    let before = lab.description.ports.clone();
    let _ssh = bind_tcp(before[0].ssh).unwrap();
    let _bmc = bind_udp(before[1].bmc).unwrap();
    renew(&mut lab, &Silent).unwrap();
    let now = lab.description.ports.clone();
    assert_ne!(now[0].ssh, before[0].ssh);
    assert_ne!(now[1].bmc, before[1].bmc);
    assert_eq!((now[0].bmc, now[1].ssh), (before[0].bmc, before[1].ssh));
    assert_eq!(now[2..], before[2..]);
    assert_eq!(Description::load(&lab.paths).unwrap().unwrap(), lab.description);
    let config = fs::read_to_string(lab.ssh_config_path()).unwrap();
    assert!(config.contains(&format!("Port {}\n", now[0].ssh)), "{config}");
    assert!(!config.contains(&format!("Port {}\n", before[0].ssh)), "{config}");
}

#[test]
fn a_taken_port_is_named_by_what_needs_it() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), "late");
    let ports = lab.description.ports[0];
    let machine = Machine::new(&lab.paths, &lab.description, 0);
    assert!(machine.port_taken().is_none());
    let _ssh = bind_tcp(ports.ssh).unwrap();
    let error = machine.port_taken().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "another program has port {} of 127.0.0.1, where the ssh of ctl1 belongs",
            ports.ssh
        )
    );
    assert!(error.hint().unwrap().contains("slurmha lab up --name late"));
    let _bmc = bind_udp(ports.bmc).unwrap();
    let error = bmc::start(&lab.paths, &lab.description, 0).unwrap_err();
    assert!(error.to_string().contains("the BMC of ctl1"), "{error}");
}
