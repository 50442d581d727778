// SPDX-License-Identifier: Apache-2.0
//! `slurmha lab`: the whole site in virtual machines on this machine.

mod arguments;
mod error;
mod status;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;

use slurmha_lab::interrupt;
use slurmha_lab::{Cable, Fault, Lab, Paths, Topology};

use arguments::{CableArgs, DiskCommand, LabCommand, LinkCommand, PowerAction};

pub use arguments::LabArgs;
pub use error::Error;

use crate::progress::Progress;
use crate::stdout;

/// The site that is built when no other is named.
const EXAMPLE: &str = include_str!("../../../../examples/lab/site.toml");
/// Where the example expects the lab's files.
const EXAMPLE_STATE: &str = "~/.local/state/slurmha/lab/default";

/// Runs the subcommand.
pub fn run(args: LabArgs) -> Result<(), Error> {
    let name = &args.name;
    match args.command {
        LabCommand::Up { site } => up(name, site.as_deref()),
        LabCommand::Down => Ok(slurmha_lab::down(name, &cancellable())?),
        LabCommand::Status { json } => status::show(&Lab::open(name)?.status(), json),
        LabCommand::Ssh { machine, command } => ssh(&Lab::open(name)?, &machine, &command),
        LabCommand::Logs { machine } => logs(&Lab::open(name)?, &machine),
        LabCommand::Power { action, machine } => power(&Lab::open(name)?, action, &machine),
        LabCommand::Link { command } => link(&Lab::open(name)?, &command),
        LabCommand::Disk { command } => disk(&Lab::open(name)?, &command),
        LabCommand::Freeze => Ok(Lab::open(name)?.freeze(&cancellable())?),
        LabCommand::Thaw => Ok(Lab::open(name)?.thaw(&cancellable())?),
        LabCommand::Switch { state } => {
            slurmha_lab::close_inherited();
            Ok(slurmha_lab::switch::service::run(&Paths::at(&state)?)?)
        }
        LabCommand::Chassis { state, machine, call } => {
            slurmha_lab::close_inherited();
            print(&slurmha_lab::chassis::run(&Paths::at(&state)?, &machine, &call)?)
        }
    }
}

fn up(name: &str, site: Option<&Path>) -> Result<(), Error> {
    let progress = cancellable();
    let lab = slurmha_lab::up(name, &wanted(name, site)?, &progress)?;
    // Also for a lab whose first `up` did not get this far.
    if let (None, Some(text)) = (site, example_for(lab.topology(), &lab.site_path())?) {
        lab.leave_site(&text)?;
    }
    let names: Vec<&str> = lab.machines().iter().map(|machine| machine.name.as_str()).collect();
    let option = if name == "default" { String::new() } else { format!(" --name {name}") };
    print(&format!(
        "{} are up\n  log in:       slurmha lab ssh{option} {}\n  for ssh -F:   {}\n  remove it:    slurmha lab down{option}\n",
        names.join(", "),
        names[0],
        lab.ssh_config_path().display(),
    ))
}

/// The machines of the site file; without one, of the lab that is there; without
/// that, of the example.
fn wanted(name: &str, site: Option<&Path>) -> Result<Topology, Error> {
    if let Some(path) = site {
        let text = fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        return topology(&path.display().to_string(), &text);
    }
    match Lab::open(name) {
        // What a lab was made of is what it is.
        Ok(lab) => Ok(lab.topology().clone()),
        Err(slurmha_lab::Error::NoLab { .. }) => example(),
        Err(error) => Err(error.into()),
    }
}

/// The machines of the example.
fn example() -> Result<Topology, Error> {
    topology("the example site", EXAMPLE)
}

/// The example's site file as it stands at that place in a lab's directory, if
/// the lab has the example's machines.
fn example_for(machines: &Topology, file: &Path) -> Result<Option<String>, Error> {
    let directory = file.parent().unwrap_or(Path::new("/")).display().to_string();
    let theirs = *machines == example()?;
    Ok(theirs.then(|| EXAMPLE.replace(EXAMPLE_STATE, &directory)))
}

fn topology(file: &str, text: &str) -> Result<Topology, Error> {
    let (site, _warnings) =
        slurmha_core::site::parse(file, text).map_err(|diagnostics| Error::Site {
            file: file.to_owned(),
            messages: slurmha_core::site::render(file, text, &diagnostics),
        })?;
    Ok(Topology::from_site(&site)?)
}

fn ssh(lab: &Lab, machine: &str, command: &[String]) -> Result<(), Error> {
    let mut ssh = lab.ssh_command(machine)?;
    // Only the system call's failure comes back.
    Err(Error::Ssh { source: ssh.args(command).exec() })
}

fn logs(lab: &Lab, machine: &str) -> Result<(), Error> {
    let path = lab.console_path(machine)?;
    let text = fs::read(&path).map_err(|source| Error::Read { path, source })?;
    print(&String::from_utf8_lossy(&text))
}

fn power(lab: &Lab, action: PowerAction, machine: &str) -> Result<(), Error> {
    let done = match action {
        PowerAction::On => lab.power_on(machine),
        PowerAction::Off => lab.power_off(machine).map(drop),
        PowerAction::Reset => lab.reset(machine),
        PowerAction::Pause => lab.pause(machine),
        PowerAction::Resume => lab.resume(machine),
    };
    Ok(done?)
}

fn disk(lab: &Lab, command: &DiskCommand) -> Result<(), Error> {
    let done = match command {
        DiskCommand::Limit { machine, disk, kilobytes } => {
            let bound = Some(u64::from(*kilobytes) * 1000).filter(|bytes| *bytes > 0);
            lab.limit_disk(machine, disk, bound)
        }
        DiskCommand::Pull { machine, disk } => lab.pull_disk(machine, disk),
    };
    Ok(done?)
}

fn link(lab: &Lab, command: &LinkCommand) -> Result<(), Error> {
    let change = |cable: &CableArgs, fault| -> Result<Vec<Cable>, Error> {
        Ok(lab.link(&cable.machine, cable.network.into(), cable.direction.into(), fault)?)
    };
    let cables = match command {
        LinkCommand::Cut(cable) => change(cable, Fault::Cut)?,
        LinkCommand::Restore(cable) => change(cable, Fault::Restore)?,
        LinkCommand::Delay { cable, milliseconds } => change(cable, Fault::Delay(*milliseconds))?,
        LinkCommand::Loss { cable, percent } => change(cable, Fault::Loss(*percent))?,
        LinkCommand::Reset => lab.reset_links()?,
        LinkCommand::List { json } => return status::show_cables(&lab.links()?, *json),
    };
    let faulty: Vec<Cable> =
        cables.into_iter().filter(|c| !(c.inward.is_healthy() && c.outward.is_healthy())).collect();
    if faulty.is_empty() {
        print("every cable is whole\n")
    } else {
        status::show_cables(&faulty, false)
    }
}

fn print(text: &str) -> Result<(), Error> {
    stdout::write(text).map_err(|source| Error::Print { source })
}

/// Progress that Ctrl-C ends.
fn cancellable() -> Progress {
    interrupt::watch();
    Progress::new(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_of_the_examples_machines_has_the_examples_site_file() {
        let mut machines = example().unwrap();
        let file = Path::new("/state/slurmha/lab/other/site.toml");
        let text = example_for(&machines, file).unwrap().unwrap();
        assert!(text.contains("/state/slurmha/lab/other/"), "{text}");
        assert!(!text.contains(EXAMPLE_STATE), "{text}");
        assert_eq!(topology("site.toml", &text).unwrap(), machines);
        machines.machines.pop();
        assert_eq!(example_for(&machines, file).unwrap(), None);
    }
}
