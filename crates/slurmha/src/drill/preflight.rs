// SPDX-License-Identifier: Apache-2.0
//! Before a drill: the cluster must be able to survive it.

use slurmha_core::drill::{Fault, Side};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::{Status, Verdict};

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::look;

/// Who plays which part.
#[derive(Debug)]
pub struct Cast {
    /// The machine that is hit, or the controller from which the role moves.
    pub victim: NodeName,
    /// The other controller; the active one, where none is hit.
    pub survivor: NodeName,
    /// The machine that submits and asks.
    pub client: NodeName,
}

/// Looks at the cluster. Anything that is not as it should be is a reason not
/// to break more.
pub fn cast(site: &Site, fleet: &Fleet, fault: Fault) -> Result<Cast, Failure> {
    if site.logins.is_empty() {
        return Err(Failure::refused("a drill needs a login node to submit from")
            .hint("name one in the site file, as [[login]]"));
    }
    let status = look::look_patiently(site, fleet)?;
    if status.verdict != Verdict::Healthy {
        return Err(refusal(&status));
    }
    let Some(active) = status.active else {
        return Err(Failure::refused("no controller is active, so there is nothing to break"));
    };
    let other = site.controllers.iter().map(|c| &c.name).find(|name| **name != active);
    let passive = other.unwrap_or(&site.controllers[0].name).clone();
    let (victim, survivor) = match fault.side() {
        Side::Active => (active, passive),
        Side::Passive => (passive, active),
        Side::Arbiter => (arbiter(site)?, active),
        Side::Compute => (compute_node(site, &site.logins[0].name)?, active),
    };
    let client = client(site, fault, &victim)?;
    Ok(Cast { victim, survivor, client })
}

/// The first login node; when that is the machine whose power is cut, another
/// one, or a compute node, which has Slurm's commands as well.
fn client(site: &Site, fault: Fault, victim: &NodeName) -> Result<NodeName, Failure> {
    let logins = site.logins.iter().map(|login| &login.name);
    let mut machines = logins.chain(site.compute_nodes().map(|node| &node.name));
    let lives = |name: &&NodeName| !fault.cuts_power() || *name != victim;
    machines.find(lives).cloned().ok_or_else(|| {
        Failure::refused(format!("without {victim} no machine is left to submit from"))
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
