// SPDX-License-Identifier: Apache-2.0
//! Looking at every machine once, and the plan that follows.

use std::collections::BTreeMap;

use slurmha_core::desired::desired;
use slurmha_core::observe::Observation;
use slurmha_core::plan::{self, Acceptance, Inputs, Plan};
use slurmha_core::secret::{SecretId, SecretValue};
use slurmha_core::site::NodeName;

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::given_secrets::given_secrets;
use crate::progress::Progress;
use crate::site_file::SiteFile;

/// What a plan may cost, because somebody has named it.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Accepted {
    /// Let jobs end that run or wait in a partition, or on a node, that goes
    #[arg(long)]
    end_jobs: bool,
}

/// What was seen, and what to do.
pub struct Survey {
    /// The plan.
    pub plan: Plan,
    /// Secrets that the administrator holds.
    pub given: BTreeMap<SecretId, SecretValue>,
    /// How many machines answered.
    pub machines: usize,
}

/// Looks at every machine in parallel, one exchange each.
pub fn take(
    file: &SiteFile,
    accepted: Accepted,
    fleet: &Fleet,
    progress: &Progress,
) -> Result<Survey, Failure> {
    let wants = desired(&file.site, &file.text);
    let requests =
        wants.iter().map(|wants| (wants.machine.name.clone(), wants.request(&file.site))).collect();
    progress.stage(&format!("looking at {} machines", wants.len()));
    let mut observed: BTreeMap<NodeName, Observation> = BTreeMap::new();
    for (name, answer) in fleet.observe(&requests) {
        match answer {
            Ok(observation) => {
                observed.insert(name, observation);
            }
            Err(error) => progress.machine(name.as_str(), &error.to_string()),
        }
    }
    let given = given_secrets(&file.site)?;
    let digests = given.iter().map(|(id, value)| (id.clone(), value.digest())).collect();
    let inputs = Inputs { site: &file.site, wants: &wants, observed: &observed, given: &digests };
    let mut plan = plan::plan(&inputs);
    if accepted.end_jobs {
        plan.accept(Acceptance::EndJobs);
    }
    Ok(Survey { plan, given, machines: observed.len() })
}

impl Survey {
    /// The failure that the plan's refusals amount to, when there are any.
    pub fn refusal(&self) -> Option<Failure> {
        let first = self.plan.refusals.first()?;
        let lines: Vec<String> =
            self.plan.refusals.iter().map(|r| format!("{}: {}", r.machine, r.what)).collect();
        let failure = Failure::refused(format!("nothing was changed\n  {}", lines.join("\n  ")));
        Some(failure.hint(&first.cure))
    }
}

/// What Pacemaker would do once the plan's configuration is loaded; nothing
/// when the plan does not touch it or no cluster runs yet.
pub fn moves(plan: &Plan, fleet: &Fleet) -> Option<String> {
    let (machine, configuration) = plan.configuration()?;
    match fleet.simulate(machine, configuration) {
        Ok(moves) => moves,
        Err(error) => Some(format!("  could not be told: {error}")),
    }
}
