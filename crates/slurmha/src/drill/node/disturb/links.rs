// SPDX-License-Identifier: Apache-2.0
//! Links that do not work as they should.

use std::net::Ipv4Addr;
use std::time::Duration;

use slurmha_core::drill::{DELAY_MS, LOSS_PERCENT, LinkFault};
use slurmha_host::System;
use slurmha_host::program::{ip, systemctl, tc};

/// How much later the timer mends a link than the drill does.
const TIMER_SLACK: Duration = Duration::from_secs(30);

/// A link that was broken.
pub struct Broken {
    interface: String,
    timer: String,
}

/// Breaks the links that have these addresses: all, or none.
pub fn break_all(
    system: &dyn System,
    addresses: &[Ipv4Addr],
    fault: LinkFault,
    lasts: Duration,
) -> Result<Vec<Broken>, String> {
    let mut broken = Vec::new();
    for interface in interfaces(system, addresses)? {
        match break_one(system, interface, fault, lasts) {
            Ok(link) => broken.push(link),
            Err(why) => {
                let left = mend_all(system, broken).err();
                let left = left.map(|left| format!("; {left}")).unwrap_or_default();
                return Err(format!("{why}{left}"));
            }
        }
    }
    Ok(broken)
}

/// Mends them, each even when another could not be.
pub fn mend_all(system: &dyn System, broken: Vec<Broken>) -> Result<(), String> {
    let mut failures = Vec::new();
    for Broken { interface, timer } in broken {
        // When it fails the timer stays: it will try again.
        match mend(system, &interface) {
            Ok(()) => failures.extend(
                systemctl::act(system, "stop", &timer)
                    .err()
                    .map(|error| format!("{timer} could not be stopped: {error}")),
            ),
            Err(why) => failures.push(why),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

/// Mends one, whatever was done to it: what the timer does, and an
/// administrator can.
///
/// # Errors
/// When there was nothing that could be taken back.
pub fn mend(system: &dyn System, interface: &str) -> Result<(), String> {
    let results = [tc::pass(system, interface), tc::unimpair(system, interface)];
    if results.iter().any(Result::is_ok) {
        return Ok(());
    }
    let why: Vec<String> =
        results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    Err(format!("{interface} was not mended: {}", why.join("; ")))
}

fn interfaces(system: &dyn System, addresses: &[Ipv4Addr]) -> Result<Vec<String>, String> {
    let known = ip::interfaces(system).map_err(|error| error.to_string())?;
    let mut interfaces = Vec::new();
    for address in addresses {
        let found = known.iter().find(|assigned| assigned.address == *address);
        let interface = found.ok_or_else(|| format!("no interface has {address}"))?;
        // Both networks may be on one interface.
        if !interfaces.contains(&interface.interface) {
            interfaces.push(interface.interface.clone());
        }
    }
    Ok(interfaces)
}

fn break_one(
    system: &dyn System,
    interface: String,
    fault: LinkFault,
    lasts: Duration,
) -> Result<Broken, String> {
    let timer = set_timer(system, &interface, lasts)?;
    let done = match fault {
        LinkFault::Cut => tc::drop_all(system, &interface, true),
        LinkFault::Mute => tc::drop_all(system, &interface, false),
        LinkFault::Lossy => tc::lose(system, &interface, LOSS_PERCENT),
        LinkFault::Slow => tc::delay(system, &interface, DELAY_MS),
    };
    match done {
        Ok(()) => Ok(Broken { interface, timer }),
        Err(error) => {
            // The timer would take away what somebody else has set.
            let _ = systemctl::act(system, "stop", &timer);
            Err(format!("{interface}: {error}"))
        }
    }
}

/// Sets a timer that mends the link, whatever becomes of us.
fn set_timer(system: &dyn System, interface: &str, lasts: Duration) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let words =
        [program.to_string_lossy().as_ref(), "node", "mend-link", interface].map(str::to_owned);
    let unit = format!("slurmha-mend-{interface}");
    systemctl::run_later(system, &unit, lasts + TIMER_SLACK, &words)
        .map_err(|error| format!("nothing was broken, because no timer could be set: {error}"))?;
    Ok(format!("{unit}.timer"))
}
