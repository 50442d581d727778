// SPDX-License-Identifier: Apache-2.0
//! Before a drill: the cluster must be able to survive it.

use slurmha_core::drill::{Fault, Scenario, Side};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::{Status, Verdict};

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::look;

/// Who plays which part.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The machine that is hit, or the controller from which the role moves.
    pub victim: NodeName,
    /// The other controller; the active one, where none is hit.
    pub survivor: NodeName,
    /// The machine that submits and asks.
    pub client: NodeName,
    /// Weak settings with which it begins all the same.
    pub weaknesses: Vec<String>,
}

/// Who plays which part for each fault of a drill.
#[derive(Debug)]
pub struct Casts {
    /// For the whole: that of the gravest fault.
    pub whole: Cast,
    /// For the first fault.
    pub first: Cast,
    /// For each of the others.
    pub others: Vec<Cast>,
}

/// Looks at the cluster. Anything that is not as it should be is a reason not
/// to break more, but for weak settings where what they cost shall be seen.
pub fn casts(
    site: &Site,
    fleet: &Fleet,
    scenario: &Scenario,
    accepts_weakness: bool,
) -> Result<Casts, Failure> {
    if site.logins.is_empty() {
        return Err(Failure::refused("a drill needs a login node to submit from")
            .hint("name one in the site file, as [[login]]"));
    }
    let status = look::look_patiently(site, fleet)?;
    let is_fit = match accepts_weakness {
        true => status.is_only_weak(),
        false => status.verdict == Verdict::Healthy,
    };
    if !is_fit {
        return Err(refusal(&status));
    }
    let weaknesses: Vec<String> = status.weaknesses().map(|problem| problem.text.clone()).collect();
    let Some(active) = status.active else {
        return Err(Failure::refused("no controller is active, so there is nothing to break"));
    };
    let other = site.controllers.iter().map(|c| &c.name).find(|name| **name != active);
    let passive = other.unwrap_or(&site.controllers[0].name).clone();
    let pair = |fault: Fault| -> Result<(NodeName, NodeName), Failure> {
        let (active, passive) = (active.clone(), passive.clone());
        Ok(match fault.side() {
            Side::Active => (active, passive),
            Side::Passive => (passive, active),
            Side::Arbiter => (arbiter(site)?, active),
            Side::Compute => (compute_node(site, &site.logins[0].name)?, active),
        })
    };
    let faults: Vec<Fault> = scenario.faults().iter().map(|planned| planned.fault).collect();
    let pairs = faults.iter().map(|&fault| pair(fault)).collect::<Result<Vec<_>, Failure>>()?;
    let dark = faults.iter().zip(&pairs).filter(|(fault, _)| fault.cuts_power());
    let client = client(site, &dark.map(|(_, (victim, _))| victim).collect::<Vec<_>>())?;
    let mut casts: Vec<Cast> = pairs
        .into_iter()
        .map(|(victim, survivor)| Cast {
            victim,
            survivor,
            client: client.clone(),
            weaknesses: weaknesses.clone(),
        })
        .collect();
    let gravest = faults.iter().position(|fault| *fault == scenario.gravest());
    let whole = casts[gravest.unwrap_or_default()].clone();
    let first = casts.remove(0);
    Ok(Casts { whole, first, others: casts })
}

/// The first login node; when that is a machine whose power is cut, another
/// one, or a compute node, which has Slurm's commands as well.
fn client(site: &Site, dark: &[&NodeName]) -> Result<NodeName, Failure> {
    let logins = site.logins.iter().map(|login| &login.name);
    let mut machines = logins.chain(site.compute_nodes().map(|node| &node.name));
    let lives = |name: &&NodeName| !dark.contains(name);
    machines.find(lives).cloned().ok_or_else(|| {
        let dark: Vec<&str> = dark.iter().map(|name| name.as_str()).collect();
        let without = dark.join(" and ");
        Failure::refused(format!("without {without} no machine is left to submit from"))
            .hint("name another login node in the site file, as [[login]]")
    })
}

fn arbiter(site: &Site) -> Result<NodeName, Failure> {
    site.arbiter.as_ref().map(|arbiter| arbiter.name.clone()).ok_or_else(|| {
        Failure::refused("the site has no arbiter that could be hit")
            .hint("name one in the site file, as [arbiter]")
    })
}

fn compute_node(site: &Site, client: &NodeName) -> Result<NodeName, Failure> {
    let mut nodes = site.compute_nodes().map(|node| &node.name);
    nodes.find(|name| *name != client).cloned().ok_or_else(|| {
        Failure::refused("the site has no compute node that could be hit")
            .hint("name some in the site file, as [[nodes]]")
    })
}

fn refusal(status: &Status) -> Failure {
    let reasons: Vec<String> =
        status.problems.iter().map(|problem| format!("\n  {}", problem.text)).collect();
    if status.is_only_weak() {
        let message = format!(
            "the cluster works, and its settings are too weak for what it is meant to survive{}",
            reasons.concat()
        );
        let cure = status.problems.iter().find_map(|problem| problem.next.as_ref());
        let failure = cure.into_iter().fold(Failure::refused(message), Failure::hint);
        return failure.hint("to see in a laboratory what that costs: --i-accept weak-settings");
    }
    let message = format!(
        "the cluster is not healthy but {}; a drill would only make it worse{}",
        status.verdict.word(),
        reasons.concat()
    );
    let failure = Failure::refused(message);
    match status.problems.iter().find_map(|problem| problem.next.as_ref()) {
        Some(next) => failure.hint(next),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use slurmha_core::observe::Reading;
    use slurmha_core::status::{assemble, made_up};

    use super::*;

    #[test]
    fn a_cluster_that_is_only_weak_is_refused_with_the_cure_and_the_way_past_it() {
        let mut answers = made_up::answers();
        for name in ["ctl1", "ctl2"] {
            made_up::change(&mut answers, name, |seen| {
                let Reading::Known(cluster) = &mut seen.cluster else { panic!("no cluster") };
                cluster.fencing_enabled = false;
            });
        }
        let outcome = refusal(&assemble(&made_up::site(), &answers)).outcome();
        assert_eq!(
            outcome.text,
            "the cluster works, and its settings are too weak for what it is meant to survive\n  \
             fencing is switched off"
        );
        let past = "to see in a laboratory what that costs: --i-accept weak-settings";
        assert_eq!(outcome.next, ["slurmha plan", past]);
    }
}
