// SPDX-License-Identifier: Apache-2.0
//! What the command line says of the load of a drill.

use std::time::Duration;

use slurmha_core::drill::{Combination, Mix, Scenario, USER_RATES};

#[derive(clap::Args, Debug)]
pub struct LoadArgs {
    /// Seconds of load before the fault and again after scheduling is back
    /// [default: 15 before, 20 after]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=3600))]
    seconds: Option<u64>,
    /// Submissions per second
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = rate)]
    rate: f64,
    /// The unprivileged user who submits
    #[arg(long, value_name = "NAME", default_value = "nobody")]
    user: String,
    /// Submit with SLURMHA_DURABLE_SUBMIT=1: then a lost job is a `fail`
    #[arg(long)]
    durable: bool,
    /// What is submitted: short jobs alone (`plain`), or arrays, srun, two nodes, dependencies, long
    /// jobs, and jobs that are held, requeued and cancelled among them
    #[arg(long, value_name = "MIX", default_value = "mixed", value_parser = mix)]
    mix: Mix,
    /// Reserve all compute nodes meanwhile, so that nobody else's job begins. What runs goes on
    #[arg(long)]
    reserve: bool,
    /// Compare both copies of the data in the end, block by block (drbdadm verify): a minute or more
    /// for each GiB, and a difference is a `fail`
    #[arg(long)]
    verify: bool,
}

impl LoadArgs {
    /// What to type for the same, where it is not what is done by default.
    pub fn options(&self) -> Vec<String> {
        let words = [
            self.seconds.map(|seconds| format!("--seconds {seconds}")),
            (self.rate != 1.0).then(|| format!("--rate {}", self.rate)),
            (self.user != "nobody")
                .then(|| format!("--user {}", slurmha_host::command::quote(&self.user))),
            self.durable.then(|| "--durable".to_owned()),
            (self.mix != Mix::Mixed).then(|| format!("--mix {}", self.mix.word())),
            self.reserve.then(|| "--reserve".to_owned()),
            self.verify.then(|| "--verify".to_owned()),
        ];
        words.into_iter().flatten().collect()
    }

    /// The scenario with this load, and what else is the default for these faults.
    pub fn scenario(&self, faults: &Combination) -> Scenario {
        let mut scenario = Scenario::of(faults);
        scenario.load.rate = self.rate;
        scenario.load.durable = self.durable;
        scenario.load.mix = self.mix;
        scenario.load.reserve = self.reserve;
        scenario.verify = self.verify;
        scenario.load.user.clone_from(&self.user);
        if let Some(seconds) = self.seconds {
            scenario.bounds.warm_up = Duration::from_secs(seconds);
            scenario.bounds.cool_down = Duration::from_secs(seconds);
        }
        scenario
    }
}

fn mix(text: &str) -> Result<Mix, String> {
    let named = Mix::ALL.into_iter().find(|mix| mix.word() == text);
    named.ok_or_else(|| format!("one of {}", Mix::ALL.map(Mix::word).join(", ")))
}

/// A rate that a login node can bear: each submission is a process.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if USER_RATES.contains(&rate) => Ok(rate),
        _ => Err(format!("a number from {} to {}", USER_RATES.start(), USER_RATES.end())),
    }
}
