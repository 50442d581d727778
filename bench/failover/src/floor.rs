// SPDX-License-Identifier: Apache-2.0
//! The floor below which no cluster manager can get on these machines: the
//! parts of a failover by hand (floor.sh), on slurmha's machines.

use std::time::Duration;

use slurmha_host::for_each_host;

use crate::client::with_client;
use crate::event::Event;
use crate::lab::{Lab, Machines, Result};

const SCRIPT: &str = include_str!("../floor.sh");
const LIMIT: Duration = Duration::from_secs(180);
/// The client has begun to ask.
const WARM_UP: Duration = Duration::from_secs(3);

/// The seconds that the parts of this event take by hand, if it has a floor.
///
/// What happens on two machines one after the other is the sum of what each
/// measured, so that the way between them costs nothing. Noticing a lost
/// machine takes what the site file says. The client asks meanwhile as it does
/// of the others: on two cores its questions are a part of the load.
pub fn measure_on(lab: &Lab, event: Event) -> Option<Result<f64>> {
    match event {
        Event::SlurmctldKilled | Event::Switchover | Event::PowerLoss => Some(by_hand(lab, event)),
        Event::SlurmctldFrozen | Event::PassivePowerLoss | Event::MariadbKilled => None,
    }
}

fn by_hand(lab: &Lab, event: Event) -> Result<f64> {
    let machines = lab.thaw()?;
    let (active, passive) = (machines.active.as_str(), machines.passive.as_str());
    say(&machines, active, &["maintenance"])?;
    for done in for_each_host(&[active, passive], |machine| say(&machines, machine, &["alone"])) {
        done?;
    }
    with_client(&machines, None, |client| {
        client.warm_up(WARM_UP)?;
        parts(&machines, event)
    })
}

fn parts(machines: &Machines<'_>, event: Event) -> Result<f64> {
    let (active, passive) = (machines.active.as_str(), machines.passive.as_str());
    match event {
        Event::SlurmctldKilled => seconds(machines, active, &["restart_slurmctld"]),
        Event::Switchover => {
            let give_up = seconds(machines, active, &["give_up"])?;
            Ok(give_up + seconds(machines, passive, &["take_over"])?)
        }
        _ => {
            machines.lab.cut_power(active)?;
            let fence = seconds(machines, passive, &["fence", bmc(active), active])?;
            let noticed = machines.lab.noticed_after()?;
            Ok(noticed + fence + seconds(machines, passive, &["take_over"])?)
        }
    }
}

/// The address of a controller's BMC, as in site.toml.
fn bmc(controller: &str) -> &'static str {
    match controller {
        "ctl1" => "10.77.0.111",
        _ => "10.77.0.112",
    }
}

fn say(machines: &Machines<'_>, machine: &str, words: &[&str]) -> Result<String> {
    let words = [&["sh", "-s"], words].concat();
    machines.shell(machine, &words, SCRIPT.as_bytes(), LIMIT)
}

fn seconds(machines: &Machines<'_>, machine: &str, words: &[&str]) -> Result<f64> {
    let text = say(machines, machine, words)?;
    let last = text.lines().last().unwrap_or_default();
    last.trim().parse().map_err(|_| format!("{machine}: {}: no seconds in {text:?}", words[0]))
}
