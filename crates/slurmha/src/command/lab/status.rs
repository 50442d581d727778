// SPDX-License-Identifier: Apache-2.0
//! A lab's state, for people and for programs.

use std::fmt::Write;

use serde::Serialize;
use slurmha_lab::{Cable, Link, MachineStatus, Status};

use super::{Error, print};

/// Prints the state of a lab.
pub fn show(status: &Status, json: bool) -> Result<(), Error> {
    if json {
        return show_json(status);
    }
    let state = match (status.frozen, status.thawable) {
        (true, _) => "frozen",
        (false, true) => "running, can go back to its frozen state",
        (false, false) => "running",
    };
    let mut text = format!("lab {}: {state}, {}\n", status.name, status.accelerator.describe());
    if !status.switch {
        text.push_str("the switch between the machines does not run\n");
    }
    for machine in &status.machines {
        let power = if machine.on { "on" } else { "off" };
        let bmc = match (&machine.bmc, machine.bmc_runs) {
            (Some(address), true) => format!("BMC {address}"),
            (Some(address), false) => format!("BMC {address} does not run"),
            (None, _) => "no BMC".to_owned(),
        };
        let addresses = [Some(machine.cluster.as_str()), machine.replication.as_deref()];
        let addresses: Vec<&str> = addresses.into_iter().flatten().collect();
        let _ = writeln!(
            text,
            "  {:10} {power:4} {:24} {bmc:18} ssh port {}",
            machine.name,
            addresses.join(" "),
            machine.ssh_port
        );
        if let Some(line) = standstill(&status.name, machine) {
            let _ = writeln!(text, "    {line}");
        }
        for cable in &machine.faults {
            let _ = write!(text, "    {}", describe(cable));
        }
    }
    print(&text)
}

/// What a machine does that has power and does not run.
fn standstill(lab: &str, machine: &MachineStatus) -> Option<String> {
    match machine.standstill() {
        Some(why) => {
            Some(format!("stands still ({why}); `slurmha lab up --name {lab}` lets it go on"))
        }
        None if machine.on && machine.run_state.is_none() => {
            Some("its QEMU does not answer; another command may be talking with it".to_owned())
        }
        None => None,
    }
}

/// Prints cables.
pub fn show_cables(cables: &[Cable], json: bool) -> Result<(), Error> {
    if json {
        return show_json(&cables);
    }
    print(&cables.iter().map(describe).collect::<String>())
}

/// One cable as a line.
fn describe(cable: &Cable) -> String {
    format!(
        "{:10} {:12} in: {:28} out: {}\n",
        cable.machine,
        cable.network,
        describe_link(&cable.inward),
        describe_link(&cable.outward)
    )
}

/// One direction, in words.
fn describe_link(link: &Link) -> String {
    if link.is_healthy() {
        return "whole".to_owned();
    }
    let mut parts = Vec::new();
    if link.cut {
        parts.push("cut".to_owned());
    }
    if link.delay_ms > 0 {
        parts.push(format!("{} ms late", link.delay_ms));
    }
    if link.loss_percent > 0 {
        parts.push(format!("{} % lost", link.loss_percent));
    }
    parts.join(", ")
}

fn show_json(value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Print { source: error.into() })?;
    text.push('\n');
    print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(on: bool, run_state: Option<&str>) -> MachineStatus {
        MachineStatus {
            name: "ctl1".to_owned(),
            on,
            pid: None,
            run_state: run_state.map(str::to_owned),
            cluster: "10.77.0.11".to_owned(),
            replication: None,
            bmc: None,
            bmc_runs: false,
            ssh_port: 4000,
            faults: Vec::new(),
        }
    }

    #[test]
    fn a_machine_that_stands_still_is_told_with_the_cure() {
        let line = |on, run_state| standstill("other", &machine(on, run_state));
        assert_eq!(line(true, Some("running")), None);
        assert_eq!(line(false, None), None);
        assert_eq!(
            line(true, Some("paused")).unwrap(),
            "stands still (paused); `slurmha lab up --name other` lets it go on"
        );
        assert!(line(true, None).unwrap().contains("does not answer"));
    }
}
