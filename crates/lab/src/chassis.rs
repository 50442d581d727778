// SPDX-License-Identifier: Apache-2.0
//! The power button, as OpenIPMI's simulator presses it: `MACHINE get power`,
//! `MACHINE set power 0`. It answers "off" only when QEMU is gone; otherwise
//! fencing in the lab would prove nothing.

use crate::error::Error;
use crate::machine::Machine;
use crate::state::{Description, Paths};

/// Carries out one call and returns what to print.
pub fn run(paths: &Paths, machine: &str, call: &[String]) -> Result<String, Error> {
    let description = Description::load(paths)?
        .ok_or_else(|| Error::NoLab { name: paths.name.clone(), directory: paths.state.clone() })?;
    let machine = Machine::new(paths, &description, description.index(machine)?);
    match call.split_first() {
        Some((verb, names)) if verb == "get" => {
            names.iter().map(|name| get(&machine, name)).collect()
        }
        Some((verb, pairs)) if verb == "set" => {
            pairs.chunks(2).try_for_each(|pair| set(&description, &machine, pair))?;
            Ok(String::new())
        }
        // "check" asks which parameters exist; an exit status of 0 says yes.
        _ => Ok(String::new()),
    }
}

/// One parameter, as the simulator reads it.
fn get(machine: &Machine, name: &str) -> Result<String, Error> {
    Ok(match name {
        "power" => format!("power:{}\n", u8::from(machine.is_on())),
        "boot" => "boot:none\n".to_owned(),
        _ => String::new(),
    })
}

/// Sets one parameter.
fn set(description: &Description, machine: &Machine, pair: &[String]) -> Result<(), Error> {
    let [name, value] = pair else { return Ok(()) };
    match (name.as_str(), value.as_str()) {
        ("power", "0") => machine.power_off().map(drop),
        // A frozen lab has no machines to switch on.
        ("power", _) if description.is_frozen => Ok(()),
        ("power", _) => machine.power_on(),
        ("reset", "1") => machine.reset(),
        ("shutdown", "1") => machine.press_power_button(),
        _ => Ok(()),
    }
}
