// SPDX-License-Identifier: Apache-2.0
//! Where a frame goes, and what happens to it on the way; pure.

use std::collections::HashMap;
use std::time::Duration;

use super::packet::{Mac, addresses, is_group};
use super::protocol::{Answer, Cable, Fault, Link, Network, Request};

/// Addresses that a network remembers; a flood of made-up ones must not eat
/// the host's memory.
const TABLE_MAX: usize = 4096;

/// A number of a port.
pub(crate) type PortId = usize;

/// A frame that leaves the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// At which port.
    pub(crate) port: PortId,
    /// How much later.
    pub(crate) delay: Duration,
}

/// Ports, what they know, and their faults.
#[derive(Debug)]
pub(crate) struct Fabric {
    cables: Vec<Cable>,
    /// Which port an address was last seen at, per wire.
    seen: HashMap<(Wire, Mac), PortId>,
    random: Random,
}

/// Ports that hear each other: a BMC is on the cluster network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wire {
    Cluster,
    Replication,
}

impl Fabric {
    /// A switch with those cables, in the order of their ports.
    pub(crate) fn new(ports: impl IntoIterator<Item = (String, Network)>, seed: u64) -> Self {
        let cable = |(machine, network)| Cable {
            machine,
            network,
            inward: Link::HEALTHY,
            outward: Link::HEALTHY,
        };
        Self {
            cables: ports.into_iter().map(cable).collect(),
            seen: HashMap::new(),
            random: Random(seed | 1),
        }
    }

    /// Takes a frame that came in at a port and says where it goes.
    pub(crate) fn forward(&mut self, from: PortId, frame: &[u8]) -> Vec<Delivery> {
        let Some((to, source)) = addresses(frame) else { return Vec::new() };
        let Some(out) = self.pass(from, Side::Out) else { return Vec::new() };
        let wire = self.wire(from);
        if !is_group(&source)
            && (self.seen.len() < TABLE_MAX || self.seen.contains_key(&(wire, source)))
        {
            self.seen.insert((wire, source), from);
        }
        let known = self.seen.get(&(wire, to)).copied().filter(|_| !is_group(&to));
        let targets: Vec<PortId> = match known {
            Some(port) => vec![port],
            None => (0..self.cables.len()).filter(|port| self.wire(*port) == wire).collect(),
        };
        let targets = targets.into_iter().filter(|port| *port != from);
        targets
            .filter_map(|port| Some(Delivery { port, delay: out + self.pass(port, Side::In)? }))
            .collect()
    }

    /// Counts a frame that could not be handed over.
    pub(crate) fn overflowed(&mut self, port: PortId) {
        let link = &mut self.cables[port].inward;
        link.passed = link.passed.saturating_sub(1);
        link.dropped += 1;
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, request: &Request) -> Answer {
        match request {
            Request::List => {}
            Request::Reset => self.cables.iter_mut().for_each(|cable| {
                apply(&mut cable.inward, Fault::Restore);
                apply(&mut cable.outward, Fault::Restore);
            }),
            Request::Change { machine, network, direction, fault } => {
                if let Fault::Loss(percent) = fault
                    && *percent > 100
                {
                    return Answer::Refused(format!(
                        "a loss of {percent} % is more than everything"
                    ));
                }
                let wanted =
                    |cable: &&mut Cable| &cable.machine == machine && cable.network == *network;
                let Some(cable) = self.cables.iter_mut().find(wanted) else {
                    return Answer::Refused(format!("{machine} has no {network} cable"));
                };
                if direction.includes_in() {
                    apply(&mut cable.inward, *fault);
                }
                if direction.includes_out() {
                    apply(&mut cable.outward, *fault);
                }
            }
        }
        Answer::Cables(self.cables.clone())
    }

    fn wire(&self, port: PortId) -> Wire {
        match self.cables[port].network {
            Network::Cluster | Network::Bmc => Wire::Cluster,
            Network::Replication => Wire::Replication,
        }
    }

    /// The delay of one frame in one direction of a cable, or its end.
    fn pass(&mut self, port: PortId, side: Side) -> Option<Duration> {
        let cable = &mut self.cables[port];
        let link = match side {
            Side::In => &mut cable.inward,
            Side::Out => &mut cable.outward,
        };
        if link.cut || (link.loss_percent > 0 && self.random.percent() < link.loss_percent) {
            link.dropped += 1;
            return None;
        }
        link.passed += 1;
        Some(Duration::from_millis(link.delay_ms.into()))
    }
}

/// One direction of a cable, seen from the machine.
#[derive(Clone, Copy)]
enum Side {
    In,
    Out,
}

/// Changes one direction.
fn apply(link: &mut Link, fault: Fault) {
    match fault {
        Fault::Cut => link.cut = true,
        Fault::Delay(milliseconds) => link.delay_ms = milliseconds,
        Fault::Loss(percent) => link.loss_percent = percent,
        Fault::Restore => {
            (link.cut, link.delay_ms, link.loss_percent) = (false, 0, 0);
        }
    }
}

/// Marsaglia's xorshift: good enough to lose frames, and repeatable.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn percent(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u8::try_from((self.0 >> 32) % 100).unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "fabric/tests.rs"]
mod tests;
