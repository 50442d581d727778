// SPDX-License-Identifier: Apache-2.0
//! Drills that can cost a real machine its power, or users their jobs, want to
//! be told so.

use std::ffi::OsStr;
use std::path::Path;

use slurmha_core::drill::Fault;

use crate::cli::Reach;
use crate::drill::power::LabPower;
use crate::failure::Failure;
use crate::fleet::ssh_config;
use crate::site_file::SiteFile;

/// What is accepted, by name.
#[derive(clap::Args, Debug)]
pub struct RiskArgs {
    /// Run it although it can cost this
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
    /// In a laboratory alone: whatever the settings do not protect, on a cluster
    /// where they are too weak for what it is meant to survive
    WeakSettings,
}

impl RiskArgs {
    /// Whether a cluster with weak settings may be broken.
    pub fn accepts_weakness(&self) -> bool {
        self.accepted.contains(&Risk::WeakSettings)
    }

    /// Whether the fault may be made to happen here.
    ///
    /// # Errors
    /// A refusal that names the risk and what to type.
    pub fn allow(&self, fault: Fault, file: &SiteFile, reach: &Reach) -> Result<(), Failure> {
        let way = ssh_config(file, reach);
        let is_lab = LabPower::open(lab_of(way.as_deref()), &file.site, way.as_deref()).is_ok();
        if self.accepts_weakness() && !is_lab {
            let message = "what weak settings cost is shown in a laboratory alone: when both \
                           controllers have written, a person has to choose whose data are lost";
            return Err(Failure::refused(message)
                .hint("slurmha lab up; the settings that are weak: slurmha status"));
        }
        let missing = risks(fault).find(|risk| !self.accepted.contains(risk));
        let Some(missing) = missing else { return Ok(()) };
        if is_lab {
            return Ok(());
        }
        let (name, cost, word) = (fault.name(), missing.cost(), missing.word());
        let message =
            format!("{name} can cost {cost}, and these machines are not those of a laboratory");
        Err(Failure::refused(message)
            .hint(format!("on a quiet afternoon, with somebody near: --i-accept {word}")))
    }
}

/// The laboratory to whose machines this way leads, if it leads to one at all: each has its
/// OpenSSH configuration in a directory of its name.
fn lab_of(ssh_config: Option<&Path>) -> &str {
    let directory = ssh_config.and_then(Path::parent).and_then(Path::file_name);
    directory.and_then(OsStr::to_str).unwrap_or("default")
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
            Self::WeakSettings => "whatever its settings do not protect",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::LostMachine => "lost-machine",
            Self::RunningJobs => "running-jobs",
            Self::WeakSettings => "weak-settings",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_laboratory_is_known_by_the_way_to_its_machines() {
        let way = Path::new("/home/anna/.local/state/slurmha/lab/second/ssh_config");
        assert_eq!(lab_of(Some(way)), "second");
        assert_eq!(lab_of(None), "default");
        assert_eq!(lab_of(Some(Path::new("/"))), "default");
    }
}
