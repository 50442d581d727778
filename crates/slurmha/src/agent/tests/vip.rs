// SPDX-License-Identifier: Apache-2.0
//! The VIP's agent.

use std::time::Duration;

use super::super::{Agent, Parameters, Status, act};
use super::machine::{LIMIT, Machine};

fn call(machine: &Machine, action: &str) -> Status {
    let parameters = Parameters::from([("ip", "10.1.0.10"), ("cidr_netmask", "24")]);
    act(machine, Agent::Vip, action, &parameters, LIMIT).status
}

#[test]
fn the_address_comes_goes_and_is_announced() {
    let machine = Machine::with("inactive");
    assert_eq!(call(&machine, "monitor"), Status::NotRunning);
    assert_eq!(call(&machine, "start"), Status::Success);
    assert_eq!(call(&machine, "monitor"), Status::Success);
    let ran = machine.ran();
    assert!(ran.contains("ip address add 10.1.0.10/24 dev eth0\n"), "{ran}");
    assert!(ran.contains("eth0 10.1.0.10 auto"), "{ran}");
    assert_eq!(call(&machine, "stop"), Status::Success);
    assert_eq!(call(&machine, "monitor"), Status::NotRunning);
}

#[test]
fn a_second_start_and_a_second_stop_change_nothing() {
    let machine = Machine::with("inactive");
    assert_eq!(call(&machine, "stop"), Status::Success);
    assert_eq!(call(&machine, "start"), Status::Success);
    assert_eq!(call(&machine, "start"), Status::Success);
    assert_eq!(machine.ran().matches("address add").count(), 1);
}

#[test]
fn an_address_that_is_there_twice_is_given_up_twice() {
    let machine = Machine::with("inactive");
    let own = "2: eth0    inet 10.1.0.11/24 scope global eth0".to_owned();
    let twice = [
        "2: eth0    inet 10.1.0.10/24 scope global secondary eth0".to_owned(),
        "2: eth0    inet 10.1.0.10/32 scope global eth0".to_owned(),
        "3: eth1    inet 10.1.0.10/32 scope global eth1".to_owned(),
    ];
    *machine.addresses.lock().expect("a lock") = [std::slice::from_ref(&own), &twice[..]].concat();
    assert_eq!(call(&machine, "start"), Status::Success);
    assert!(!machine.ran().contains("address add"), "{}", machine.ran());
    assert_eq!(call(&machine, "stop"), Status::Success);
    assert_eq!(*machine.addresses.lock().expect("a lock"), [own]);
}

#[test]
fn an_address_that_stays_is_not_called_given_up() {
    let machine = Machine::with("inactive");
    assert_eq!(call(&machine, "start"), Status::Success);
    let machine = Machine { address_stays: true, ..machine };
    assert_eq!(call(&machine, "stop"), Status::Generic);
    assert!(*machine.latest_end.lock().expect("a lock") < Duration::from_secs(20));
}

#[test]
fn a_machine_outside_the_network_cannot_hold_the_address() {
    let machine = Machine::with("inactive");
    *machine.addresses.lock().expect("a lock") =
        vec!["2: eth0    inet 10.2.0.11/24 scope global eth0".to_owned()];
    assert_eq!(call(&machine, "start"), Status::NotInstalled);
    assert_eq!(call(&machine, "validate-all"), Status::NotInstalled);
    assert_eq!(call(&machine, "stop"), Status::Success);
}

#[test]
fn an_address_that_is_none_is_a_bad_parameter() {
    let parameters = Parameters::from([("ip", "10.1.0.999"), ("cidr_netmask", "24")]);
    let answer = act(&Machine::with("inactive"), Agent::Vip, "start", &parameters, LIMIT);
    assert_eq!(answer.status, Status::BadParameter);
}
