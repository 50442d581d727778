// SPDX-License-Identifier: Apache-2.0
//! One BMC per machine: OpenIPMI's simulator on a loopback port, which calls
//! this program back for the power button.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::program::{self, quote};
use crate::state::{Description, Paths, private_directory, write_file};
use crate::{ports, process};

/// The user that may press the power button.
pub const USER: &str = "admin";
/// The simulator's program.
const PROGRAM: &str = "ipmi_sim";
/// The simulator opens its port within milliseconds.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Makes up the password of the lab's BMCs.
pub(crate) fn write_password(paths: &Paths) -> Result<(), Error> {
    // IPMI 2.0 allows 20 bytes.
    write_file(&paths.bmc_password(), crate::state::random_hex(8)?.as_bytes(), 0o600)
}

/// Starts the BMC of one machine unless it runs.
pub(crate) fn start(paths: &Paths, description: &Description, index: usize) -> Result<(), Error> {
    if find(paths, description, index).is_some() {
        return Ok(());
    }
    let machine = &description.topology.machines[index].name;
    let port = description.ports[index].bmc;
    if ports::is_bmc_taken(port) {
        return Err(port_taken(paths, machine, port));
    }
    let directory = paths.machine(machine).bmc();
    let state = directory.join("state");
    private_directory(&state)?;
    let password = paths.bmc_password();
    let secret = std::fs::read_to_string(&password).map_err(Error::file("read", &password))?;
    let (config, emulation) = (directory.join("lan.conf"), directory.join("sim.emu"));
    write_file(&config, render_lan(paths, machine, port, secret.trim()).as_bytes(), 0o600)?;
    write_file(&emulation, EMULATION.as_bytes(), 0o600)?;

    let mut command: Command = program::command(PROGRAM);
    command.arg("-c").arg(&config).arg("-f").arg(&emulation).arg("-s").arg(&state).arg("-n");
    process::spawn_detached(&command, &directory.join("ipmi_sim.log"))
        .map_err(Error::system(format!("start {PROGRAM} for {machine}")))?;
    wait_for_port(paths, description, index)
}

/// The pid of a machine's BMC.
pub(crate) fn find(paths: &Paths, description: &Description, index: usize) -> Option<u32> {
    let config = config(paths, &description.topology.machines[index].name);
    process::find(|arguments| is_process(arguments, &config)).into_iter().next()
}

/// The configuration file's path tells one BMC from another.
fn config(paths: &Paths, machine: &str) -> String {
    paths.machine(machine).bmc().join("lan.conf").to_string_lossy().into_owned()
}

/// Whether these are the arguments of the simulator with that configuration.
fn is_process(arguments: &[String], config: &str) -> bool {
    let program = arguments.first().and_then(|path| path.rsplit('/').next());
    program == Some(PROGRAM) && arguments.iter().any(|argument| argument == config)
}

/// The port is taken as soon as the simulator listens, or by somebody else, and then
/// the simulator ends itself.
fn wait_for_port(paths: &Paths, description: &Description, index: usize) -> Result<(), Error> {
    let machine = &description.topology.machines[index].name;
    let port = description.ports[index].bmc;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let taken = ports::is_bmc_taken(port);
        if taken && find(paths, description, index).is_some() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(match taken {
                true => port_taken(paths, machine, port),
                false => no_answer(paths, machine, port),
            });
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn port_taken(paths: &Paths, machine: &str, port: u16) -> Error {
    Error::PortTaken { port, what: format!("the BMC of {machine}"), lab: paths.name.clone() }
}

fn no_answer(paths: &Paths, machine: &str, port: u16) -> Error {
    let log = paths.machine(machine).bmc().join("ipmi_sim.log");
    Error::Program {
        command: format!("{PROGRAM} for {machine}"),
        status: format!("no answer on port {port}"),
        output: program::tail(&std::fs::read_to_string(log).unwrap_or_default()),
    }
}

/// The management controller that is emulated.
const EMULATION: &str = "\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
";

/// The simulator's configuration.
fn render_lan(paths: &Paths, machine: &str, port: u16, password: &str) -> String {
    let (helper, state) = (paths.helper(), paths.state.clone());
    let button = format!(
        "{} lab chassis --state {} {machine}",
        quote(&helper.to_string_lossy()),
        quote(&state.to_string_lossy())
    );
    format!(
        "name \"{machine}\"\n\
         set_working_mc 0x20\n\
         startlan 1\n  \
           addr 127.0.0.1 {port}\n  \
           priv_limit admin\n  \
           allowed_auths_callback none md2 md5 straight\n  \
           allowed_auths_user none md2 md5 straight\n  \
           allowed_auths_operator none md2 md5 straight\n  \
           allowed_auths_admin none md2 md5 straight\n  \
           guid a123456789abcdefa123456789abcdef\n\
         endlan\n\
         chassis_control \"{button}\"\n\
         user 1 false \"\" \"\" user 10 none\n\
         user 2 true \"{USER}\" \"{password}\" admin 10 none md2 md5 straight\n"
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_configuration_calls_the_labs_own_copy_of_the_program() {
        let paths = Paths::at(Path::new("/lab/t")).unwrap();
        insta::assert_snapshot!(render_lan(&paths, "ctl1", 4623, "secret"));
    }

    #[test]
    fn somebody_elses_simulator_is_not_ours() {
        let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let ours = arguments("/usr/bin/ipmi_sim -c /lab/t/lan.conf -n");
        assert!(is_process(&ours, "/lab/t/lan.conf"));
        assert!(!is_process(&ours, "/lab/u/lan.conf"));
        assert!(!is_process(&arguments("less /lab/t/lan.conf"), "/lab/t/lan.conf"));
    }
}
