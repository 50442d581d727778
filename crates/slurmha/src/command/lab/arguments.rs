// SPDX-License-Identifier: Apache-2.0
//! What can be typed after `slurmha lab`.
//!
//! Groups have no comments of their own: clap would take them for the commands'.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use slurmha_lab::{Direction, Network};

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
    pub name: String,
    #[command(subcommand)]
    pub command: LabCommand,
}

#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Build the lab, thaw it, or start what is missing in it
    ///
    /// The first time builds an image (kept in ~/.cache/slurmha), boots the
    /// machines of the site and waits until each answers to ssh. A machine that
    /// stands still (paused, or because this host's disk was full) goes on. Machines
    /// go on running until `slurmha lab down`. Ctrl-C before the lab has been up
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

/// What the button does.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PowerAction {
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
pub enum LinkCommand {
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
pub enum DiskCommand {
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
pub struct CableArgs {
    /// The machine at the end of the cable
    pub machine: String,
    /// Which of its cables
    pub network: CableName,
    /// Which direction, seen from the machine
    #[arg(long, default_value = "both", value_name = "WHICH")]
    pub direction: DirectionName,
}

/// A cable of a machine.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CableName {
    /// To the cluster network
    Cluster,
    /// To the replication network
    Replication,
    /// From its BMC to the cluster network
    Bmc,
}

/// A direction of a cable.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DirectionName {
    /// Towards the machine
    In,
    /// From the machine
    Out,
    /// Both
    Both,
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
