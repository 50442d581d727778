// SPDX-License-Identifier: Apache-2.0
//! Drills that can cost a real machine its power, or users their jobs, want to
//! be told so.

use slurmha_core::drill::Fault;
use slurmha_core::site::Site;

use crate::drill::power::LabPower;
use crate::failure::Failure;

/// What is accepted, by name.
#[derive(clap::Args, Debug)]
pub struct RiskArgs {
    /// Run it on machines that are not those of the laboratory `default`, too
    #[arg(long = "i-accept", value_name = "RISK", value_enum)]
    accepted: Vec<Risk>,
}

/// What a drill may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Risk {
    /// A controller is fenced in the middle of its work, or boots anew; when it
    /// does not come back by itself, somebody has to go there
    LostMachine,
    /// Jobs of others end before their time or begin anew: Slurm reckons limits
    /// and the silence of nodes by the clock that is set wrong
    RunningJobs,
}

impl RiskArgs {
    /// Whether the fault may be made to happen here.
    ///
    /// # Errors
    /// A refusal that names the risk and what to type.
    pub fn allow(&self, fault: Fault, site: &Site) -> Result<(), Failure> {
        let missing = risks(fault).find(|risk| !self.accepted.contains(risk));
        let Some(missing) = missing else { return Ok(()) };
        if LabPower::open("default", site).is_ok() {
            return Ok(());
        }
        let (name, cost, word) = (fault.name(), missing.cost(), missing.word());
        let message =
            format!("{name} can cost {cost}, and these machines are not those of a laboratory");
        Err(Failure::refused(message)
            .hint(format!("on a quiet afternoon, with somebody near: --i-accept {word}")))
    }
}

/// What may be lost.
fn risks(fault: Fault) -> impl Iterator<Item = Risk> {
    // Power is only ever cut in a laboratory.
    let goes = fault.may_fell_machine() || fault.leaves_by_itself();
    let machine = goes && !fault.cuts_power();
    let machine = machine.then_some(Risk::LostMachine);
    machine.into_iter().chain(fault.may_end_jobs().then_some(Risk::RunningJobs))
}

impl Risk {
    fn cost(self) -> &'static str {
        match self {
            Self::LostMachine => "a controller its power",
            Self::RunningJobs => "users their running jobs",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::LostMachine => "lost-machine",
            Self::RunningJobs => "running-jobs",
        }
    }
}
