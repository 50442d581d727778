// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::switch::protocol::Direction;

const BROADCAST: Mac = [0xff; 6];

fn mac(port: u8) -> Mac {
    [0x52, 0x54, 0, 0, 0, port]
}

fn frame(from: u8, to: Mac) -> Vec<u8> {
    [&to[..], &mac(from), &[8, 0]].concat()
}

/// Ports 0-2 and 5 are on the cluster network, 3 and 4 on the other.
fn fabric() -> Fabric {
    let cable = |(machine, network): (&str, Network)| (machine.to_owned(), network);
    let ports = [
        ("ctl1", Network::Cluster),
        ("ctl2", Network::Cluster),
        ("cn1", Network::Cluster),
        ("ctl1", Network::Replication),
        ("ctl2", Network::Replication),
        ("ctl1", Network::Bmc),
    ];
    Fabric::new(ports.map(cable), 1)
}

fn ports(deliveries: &[Delivery]) -> Vec<PortId> {
    deliveries.iter().map(|delivery| delivery.port).collect()
}

fn change(
    fabric: &mut Fabric,
    machine: &str,
    network: Network,
    direction: Direction,
    fault: Fault,
) -> Answer {
    fabric.answer(&Request::Change { machine: machine.to_owned(), network, direction, fault })
}

#[test]
fn broadcasts_reach_everybody_on_the_same_wire() {
    let mut fabric = fabric();
    assert_eq!(ports(&fabric.forward(0, &frame(0, BROADCAST))), [1, 2, 5]);
    assert_eq!(ports(&fabric.forward(3, &frame(3, BROADCAST))), [4]);
}

#[test]
fn addresses_are_learnt_and_move() {
    let mut fabric = fabric();
    assert_eq!(ports(&fabric.forward(0, &frame(0, mac(1)))), [1, 2, 5], "unknown: everybody");
    fabric.forward(1, &frame(1, BROADCAST));
    assert_eq!(ports(&fabric.forward(0, &frame(0, mac(1)))), [1]);
    fabric.forward(2, &frame(1, BROADCAST));
    assert_eq!(ports(&fabric.forward(0, &frame(0, mac(1)))), [2]);
}

#[test]
fn an_address_on_one_wire_is_unknown_on_the_other() {
    let mut fabric = fabric();
    fabric.forward(3, &frame(9, BROADCAST));
    assert_eq!(ports(&fabric.forward(0, &frame(0, mac(9)))), [1, 2, 5]);
}

#[test]
fn a_frame_for_its_own_port_goes_nowhere() {
    let mut fabric = fabric();
    fabric.forward(0, &frame(7, BROADCAST));
    assert!(fabric.forward(0, &frame(0, mac(7))).is_empty());
}

#[test]
fn each_direction_is_cut_by_itself() {
    let mut fabric = fabric();
    change(&mut fabric, "ctl1", Network::Cluster, Direction::In, Fault::Cut);
    assert_eq!(ports(&fabric.forward(1, &frame(1, BROADCAST))), [2, 5]);
    assert_eq!(ports(&fabric.forward(0, &frame(0, BROADCAST))), [1, 2, 5]);
    change(&mut fabric, "ctl1", Network::Cluster, Direction::Both, Fault::Restore);
    change(&mut fabric, "ctl1", Network::Cluster, Direction::Out, Fault::Cut);
    assert_eq!(ports(&fabric.forward(1, &frame(1, BROADCAST))), [0, 2, 5]);
    assert!(fabric.forward(0, &frame(0, BROADCAST)).is_empty());
    assert_eq!(ports(&fabric.forward(3, &frame(3, BROADCAST))), [4], "the other cable is whole");
}

#[test]
fn delays_of_both_ends_add_up() {
    let mut fabric = fabric();
    change(&mut fabric, "ctl1", Network::Replication, Direction::Out, Fault::Delay(200));
    change(&mut fabric, "ctl2", Network::Replication, Direction::In, Fault::Delay(50));
    let there = fabric.forward(3, &frame(3, BROADCAST));
    assert_eq!(there, [Delivery { port: 4, delay: Duration::from_millis(250) }]);
    let back = fabric.forward(4, &frame(4, BROADCAST));
    assert_eq!(back, [Delivery { port: 3, delay: Duration::ZERO }]);
}

#[test]
fn loss_is_near_its_share() {
    let mut fabric = fabric();
    change(&mut fabric, "ctl2", Network::Replication, Direction::In, Fault::Loss(30));
    let passed =
        (0..10_000).filter(|_| !fabric.forward(3, &frame(3, BROADCAST)).is_empty()).count();
    assert!((6_700..7_300).contains(&passed), "{passed}");
    change(&mut fabric, "ctl2", Network::Replication, Direction::In, Fault::Loss(100));
    assert!(fabric.forward(3, &frame(3, BROADCAST)).is_empty());
}

#[test]
fn what_was_asked_for_is_what_is_shown_until_it_is_reset() {
    let mut fabric = fabric();
    change(&mut fabric, "ctl1", Network::Bmc, Direction::Both, Fault::Cut);
    let Answer::Cables(cables) = fabric.answer(&Request::List) else { panic!("refused") };
    let cut: Vec<_> = cables.iter().filter(|c| c.inward.cut && c.outward.cut).collect();
    assert_eq!(cut.len(), 1);
    assert_eq!((cut[0].machine.as_str(), cut[0].network), ("ctl1", Network::Bmc));
    let Answer::Cables(cables) = fabric.answer(&Request::Reset) else { panic!("refused") };
    assert!(cables.iter().all(|c| c.inward.is_healthy() && c.outward.is_healthy()));
}

#[test]
fn requests_without_sense_are_refused() {
    let mut fabric = fabric();
    let cut = change(&mut fabric, "cn1", Network::Replication, Direction::Both, Fault::Cut);
    assert_eq!(cut, Answer::Refused("cn1 has no replication cable".to_owned()));
    let loss = change(&mut fabric, "cn1", Network::Cluster, Direction::Both, Fault::Loss(101));
    assert!(matches!(loss, Answer::Refused(_)));
}

#[test]
fn made_up_addresses_do_not_fill_the_table_for_ever() {
    let mut fabric = fabric();
    for number in 0..10_000u32 {
        let [a, b, c, d] = number.to_be_bytes();
        fabric.forward(0, &[&BROADCAST[..], &[2, 0, a, b, c, d], &[8, 0]].concat());
    }
    assert!(fabric.seen.len() <= TABLE_MAX);
}

#[test]
fn requests_read_as_documented() {
    let text = r#"{"request":"change","machine":"ctl1","network":"replication","direction":"out","fault":{"delay":200}}"#;
    let request: Request = serde_json::from_str(text).unwrap();
    let fault = Fault::Delay(200);
    let (network, direction) = (Network::Replication, Direction::Out);
    assert_eq!(request, Request::Change { machine: "ctl1".into(), network, direction, fault });
}
