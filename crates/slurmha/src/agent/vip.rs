// SPDX-License-Identifier: Apache-2.0
//! `ocf:slurmha:vip`: the address under which clients find the controller.
//!
//! The distribution's IPaddr2 agent serves many more cases, as a shell script
//! that took 5.6 s of a failover in the laboratory. Clients get an answer,
//! even if only a refusal, from the moment on at which the address is up.

use std::net::Ipv4Addr;
use std::time::Duration;

use slurmha_host::System;
use slurmha_host::program::ip::{self, Assigned};

use super::{Answer, Parameters, Status};

/// How long a deletion that fails is tried again; Pacemaker's limit is 20 s, and
/// one ip(8) may take five.
const PATIENCE: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(200);

/// The address, as its resource describes it.
pub struct Vip {
    address: Ipv4Addr,
    prefix: u8,
}

impl Vip {
    /// From the resource's parameters.
    pub fn new(parameters: &Parameters) -> Result<Self, Answer> {
        Ok(Self { address: parameters.get("ip")?, prefix: parameters.get("cidr_netmask")? })
    }

    /// Takes the address and tells the neighbours.
    pub fn start(&self, system: &dyn System) -> Answer {
        let assigned = match self.find(system) {
            Err(answer) => return answer,
            Ok(Found::Here(assigned)) => assigned,
            Ok(Found::Nowhere) => {
                let why = format!("no interface has an address in the network of {}", self.address);
                return Answer::because(Status::NotInstalled, why);
            }
            Ok(Found::At(assigned)) => match ip::add(system, &assigned) {
                Ok(()) => assigned,
                Err(error) => return Answer::because(Status::Generic, error.to_string()),
            },
        };
        // The address works without it, only later for some.
        if let Err(error) = ip::announce(system, &assigned) {
            eprintln!("the neighbours were not told: {error}");
        }
        Answer::plain(Status::Success)
    }

    /// Gives the address up, wherever it is: somebody may have added it once
    /// more, on another interface or with another prefix, and then the next
    /// holder would share it.
    pub fn stop(&self, system: &dyn System) -> Answer {
        let begin = system.elapsed();
        loop {
            let here = match Self::all(system) {
                Ok(all) => all.into_iter().filter(|it| it.address == self.address),
                Err(answer) => return answer,
            };
            let deleted = here.map(|assigned| ip::delete(system, &assigned));
            let Some(error) = deleted.filter_map(Result::err).last() else {
                return Answer::plain(Status::Success);
            };
            // Not an error where it went with another one of its network, or by another hand.
            if system.elapsed() - begin > PATIENCE {
                return Answer::because(Status::Generic, error.to_string());
            }
            system.sleep(PAUSE);
        }
    }

    /// Whether this machine has the address.
    pub fn monitor(&self, system: &dyn System) -> Answer {
        match self.find(system) {
            Err(answer) => answer,
            Ok(Found::Here(_)) => Answer::plain(Status::Success),
            Ok(Found::At(_) | Found::Nowhere) => Answer::plain(Status::NotRunning),
        }
    }

    /// Whether this machine is in the address's network at all.
    pub fn validate(&self, system: &dyn System) -> Answer {
        match self.find(system) {
            Err(answer) => answer,
            Ok(Found::Here(_) | Found::At(_)) => Answer::plain(Status::Success),
            Ok(Found::Nowhere) => {
                Answer::because(Status::NotInstalled, "no interface is in its network")
            }
        }
    }

    /// Every address of this machine.
    fn all(system: &dyn System) -> Result<Vec<Assigned>, Answer> {
        ip::interfaces(system)
            .map_err(|error| Answer::because(Status::Generic, format!("cannot tell: {error}")))
    }

    fn find(&self, system: &dyn System) -> Result<Found, Answer> {
        let all = Self::all(system)?;
        if let Some(here) = all.iter().find(|it| it.address == self.address) {
            return Ok(Found::Here(here.clone()));
        }
        let neighbour = all.into_iter().find(|it| self.is_neighbour(it.address));
        Ok(neighbour.map_or(Found::Nowhere, |it| {
            Found::At(Assigned { address: self.address, prefix: self.prefix, ..it })
        }))
    }

    fn is_neighbour(&self, other: Ipv4Addr) -> bool {
        let host_bits = 32u32.saturating_sub(self.prefix.into());
        let network = |address: Ipv4Addr| u32::from(address).checked_shr(host_bits).unwrap_or(0);
        network(self.address) == network(other)
    }
}

/// Where the address is, or belongs.
enum Found {
    /// This machine has it.
    Here(Assigned),
    /// It does not, and this is how it would.
    At(Assigned),
    /// No interface is in its network.
    Nowhere,
}
