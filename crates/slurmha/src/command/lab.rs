// SPDX-License-Identifier: Apache-2.0
//! `slurmha lab`: the whole site in virtual machines on this machine.

mod error;
mod status;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use slurmha_lab::interrupt;
use slurmha_lab::{Cable, Direction, Fault, Lab, Network, Paths, Topology};

pub use error::Error;

use crate::progress::Progress;
use crate::stdout;

/// The site that is built when no other is named.
const EXAMPLE: &str = include_str!("../../../../examples/lab/site.toml");
/// Where the example expects the lab's files.
const EXAMPLE_STATE: &str = "~/.local/state/slurmha/lab/default";

/// Run a whole site in virtual machines on this machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  slurmha lab up                              boot it, thaw it, or start what is off
  slurmha lab ssh ctl1 -- crm_mon -1          a command on one machine
  slurmha lab link cut ctl1 replication       pull a cable
  slurmha lab power off ctl1                  cut its power
  slurmha lab freeze                          keep all machines as they are now
  slurmha lab down                            leave nothing but the image

Exit status 2 when there is no such lab or machine, 4 when something failed, 5 when
it would harm what is there (another site's lab, one that is frozen or at work).")]
pub struct LabArgs {
    /// Name of the lab; several can exist side by side
    #[arg(long, global = true, default_value = "default", value_name = "LAB")]
    name: String,
    #[command(subcommand)]
    command: LabCommand,
}

#[derive(Debug, Subcommand)]
enum LabCommand {
    /// Build the lab, thaw it, or start what is missing in it
    ///
    /// The first time builds an image (kept in ~/.cache/slurmha), boots the
    /// machines of the site and waits until each answers to ssh. Machines go
    /// on running until `slurmha lab down`. Ctrl-C before the lab has been up
    /// once removes it; later it leaves the machines as they are.
    Up {
        /// Site file whose machines to build [default: a small complete site]
        #[arg(long, value_name = "FILE")]
        site: Option<PathBuf>,
    },
    /// End every process of the lab and remove its files
    Down,
    /// Show what is on, and what is broken on purpose
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Log in to a machine, or run a command there
    Ssh {
        /// The machine
        machine: String,
        /// The command; a login shell without it
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Print what a machine wrote to its console
    Logs {
        /// The machine
        machine: String,
    },
    /// Press a machine's power button, the hard way
    Power {
        /// What to do
        action: PowerAction,
        /// The machine
        machine: String,
    },
    /// Break and repair the cables between the machines
    Link {
        #[command(subcommand)]
        command: LinkCommand,
    },
    /// Slow a disk down, or pull it out
    Disk {
        #[command(subcommand)]
        command: DiskCommand,
    },
    /// Save all machines to files and end them
    Freeze,
    /// Go on from the frozen state, as often as wanted; what happened since is
    /// forgotten
    Thaw,
    /// Run the switch of a lab
    #[command(hide = true)]
    Switch {
        /// The lab's directory
        #[arg(long)]
        state: PathBuf,
    },
    /// Answer a BMC that presses a power button
    #[command(hide = true)]
    Chassis {
        /// The lab's directory
        #[arg(long)]
        state: PathBuf,
        /// The machine
        machine: String,
        /// What the BMC wants
        call: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PowerAction {
    /// Switch it on
    On,
    /// Cut its power: what it had not flushed is lost
    Off,
    /// Off and on again
    Reset,
    /// Stop its processor: silent, but not off
    Pause,
    /// Let a paused machine go on
    Resume,
}

#[derive(Debug, Subcommand)]
enum LinkCommand {
    /// Let nothing pass
    Cut(CableArgs),
    /// Take every fault away
    Restore(CableArgs),
    /// Let every frame wait
    Delay {
        #[command(flatten)]
        cable: CableArgs,
        /// Milliseconds
        #[arg(value_name = "MS")]
        milliseconds: u32,
    },
    /// Lose a share of the frames
    Loss {
        #[command(flatten)]
        cable: CableArgs,
        /// Frames in a hundred
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Show every cable
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take every fault of every cable away
    Reset,
}

#[derive(Debug, Subcommand)]
enum DiskCommand {
    /// Bound what it reads and writes
    Limit {
        /// The machine
        machine: String,
        /// The disk: root, state or database
        disk: String,
        /// Kilobytes a second; 0 lifts the bound
        #[arg(value_name = "KB")]
        kilobytes: u32,
    },
    /// Pull it out of the running machine; off and on again brings it back
    Pull {
        /// The machine
        machine: String,
        /// The disk: root, state or database
        disk: String,
    },
}

#[derive(Debug, Args)]
struct CableArgs {
    /// The machine at the end of the cable
    machine: String,
    /// Which of its cables
    network: CableName,
    /// Which direction, seen from the machine
    #[arg(long, default_value = "both", value_name = "WHICH")]
    direction: DirectionName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CableName {
    /// To the cluster network
    Cluster,
    /// To the replication network
    Replication,
    /// From its BMC to the cluster network
    Bmc,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DirectionName {
    /// Towards the machine
    In,
    /// From the machine
    Out,
    /// Both
    Both,
}

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
    let (topology, example) = match (site, Lab::open(name)) {
        (Some(path), _) => {
            let text = fs::read_to_string(path)
                .map_err(|source| Error::Read { path: path.to_owned(), source })?;
            (topology(&path.display().to_string(), &text)?, false)
        }
        // What a lab was made of is what it is.
        (None, Ok(lab)) => (lab.topology().clone(), false),
        (None, Err(slurmha_lab::Error::NoLab { .. })) => {
            (topology("the example site", EXAMPLE)?, true)
        }
        (None, Err(error)) => return Err(error.into()),
    };
    let lab = slurmha_lab::up(name, &topology, &progress)?;
    if example {
        let path = lab.site_path();
        let directory = path.parent().unwrap_or(Path::new("/")).display().to_string();
        fs::write(&path, EXAMPLE.replace(EXAMPLE_STATE, &directory))
            .map_err(|source| Error::Write { path, source })?;
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

impl From<CableName> for Network {
    fn from(name: CableName) -> Self {
        match name {
            CableName::Cluster => Self::Cluster,
            CableName::Replication => Self::Replication,
            CableName::Bmc => Self::Bmc,
        }
    }
}

impl From<DirectionName> for Direction {
    fn from(name: DirectionName) -> Self {
        match name {
            DirectionName::In => Self::In,
            DirectionName::Out => Self::Out,
            DirectionName::Both => Self::Both,
        }
    }
}

/// Progress that Ctrl-C ends.
fn cancellable() -> Progress {
    interrupt::watch();
    Progress::new(false)
}
