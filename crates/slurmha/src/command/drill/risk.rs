// SPDX-License-Identifier: Apache-2.0
//! Drills that can cost a real machine its power want to be told so.

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
    /// A controller is fenced in the middle of its work; when it does not come
    /// back by itself, somebody has to go there
    LostMachine,
}

impl RiskArgs {
    /// Whether the fault may be made to happen here.
    ///
    /// # Errors
    /// A refusal that names the risk and what to type.
    pub fn allow(&self, fault: Fault, site: &Site) -> Result<(), Failure> {
        // Power is only ever cut in a laboratory.
        let is_risky = fault.may_fell_machine() && !fault.cuts_power();
        if !is_risky
            || self.accepted.contains(&Risk::LostMachine)
            || LabPower::open("default", site).is_ok()
        {
            return Ok(());
        }
        let message = format!(
            "{} can cost a controller its power, and these machines are not those of a laboratory",
            fault.name()
        );
        Err(Failure::refused(message)
            .hint("on a quiet afternoon, with somebody near: --i-accept lost-machine"))
    }
}
