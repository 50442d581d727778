// SPDX-License-Identifier: Apache-2.0
//! `slurmha node`: the machine's end of an exchange. Not for people.

use std::io::{Read as _, stdin, stdout};
use std::time::Duration;

use clap::Subcommand;
use slurmha_host::observe::stalls;
use slurmha_host::{Local, node, simulate};

use crate::drill::node::Hit;
use crate::failure::Failure;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer a request on stdin with the state of this machine
    Observe,
    /// Carry out the steps on stdin
    Apply,
    /// Say what Pacemaker would do with the configuration on stdin
    Simulate,
    /// One end of a drill or a move: load, probes, samples, faults, evidence
    Drill,
    /// Let a process go on that a drill has frozen, if it is still there
    Thaw {
        /// Its number
        pid: u32,
        /// When it started, in clock ticks since boot
        started: u64,
    },
    /// Mend a link that a drill has broken
    MendLink {
        /// Its interface
        interface: String,
        /// Only what it sends was lost or late
        #[arg(long)]
        outgoing: bool,
    },
    /// Put the clock right that a drill has set wrong
    MendClock {
        /// By how many nanoseconds it was ahead of the raw clock
        lead: u64,
    },
    /// Put the disks under DRBD right that a drill has let misbehave
    MendDisks,
    /// Give slurmd its slurm.conf back that a drill has replaced by an old one
    MendConfig,
    /// Give a resync its rate back that a drill has slowed down
    MendResync,
    /// Take away what a drill's move has left
    MendMove,
    /// Take all memory there is, over and over
    TakeMemory {
        /// Until so many milliseconds after boot
        until: u64,
    },
    /// Print for how many milliseconds this process was not run at worst
    Stalls {
        /// How long to watch, in milliseconds
        time: u64,
    },
    /// Tell the node exporter who is connected through WireGuard
    VpnMetrics,
    /// Hold the lock of `apply` until stdin is closed
    HoldLock,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let system = Local::new();
    match args.command {
        Command::Observe => {
            node::observe_exchange(&system, &mut stdin(), &mut stdout()).map_err(Failure::internal)
        }
        // How the steps went is in the events; the other end judges it.
        Command::Apply => node::apply_exchange(&system, &mut stdin(), &mut stdout())
            .map(drop)
            .map_err(Failure::internal),
        Command::Simulate => {
            let mut configuration = String::new();
            stdin().read_to_string(&mut configuration).map_err(Failure::internal)?;
            let moves = simulate(&system, &configuration).map_err(Failure::remote)?;
            crate::stdout::line(serde_json::to_string(&moves).map_err(Failure::internal)?)
        }
        Command::Drill => crate::drill::node::run().map_err(Failure::remote),
        Command::Thaw { pid, started } => {
            crate::drill::node::thaw(pid, started).map(drop).map_err(Failure::remote)
        }
        Command::MendLink { ref interface, outgoing } => {
            let harm = if outgoing { Hit::Outgoing } else { Hit::Both };
            crate::drill::node::mend_link(&system, interface, harm).map_err(Failure::remote)
        }
        Command::MendClock { lead } => {
            crate::drill::node::mend_clock(Duration::from_nanos(lead)).map_err(Failure::remote)
        }
        Command::MendDisks => crate::drill::node::mend_disks(&system).map_err(Failure::remote),
        Command::MendConfig => crate::drill::node::mend_config(&system).map_err(Failure::remote),
        Command::MendResync => crate::drill::node::mend_resync(&system).map_err(Failure::remote),
        Command::MendMove => crate::drill::node::mend_move(&system).map_err(Failure::remote),
        Command::TakeMemory { until } => {
            crate::drill::node::take_memory(until);
            Ok(())
        }
        Command::Stalls { time } => {
            let worst = stalls::watch(&system, Duration::from_millis(time));
            crate::stdout::line(worst.as_millis())
        }
        Command::VpnMetrics => crate::vpn_metrics::write(&system).map_err(Failure::remote),
        Command::HoldLock => crate::apply::lock::hold(&system).map_err(Failure::remote),
    }
}
