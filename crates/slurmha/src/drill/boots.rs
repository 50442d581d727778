// SPDX-License-Identifier: Apache-2.0
//! Whether the machines that a drill ends have ended: before, they only say that they
//! will, and of a power button nobody knows whose it is.

use std::collections::BTreeMap;
use std::time::Duration;

use slurmha_core::drill::Fault;
use slurmha_core::site::NodeName;
use slurmha_host::{Remote, for_each_host};

use super::preflight::Cast;
use super::protocol::{Reply, Task};
use super::run::Drill;
use super::scene::Scene;
use super::watch::complete;

/// Time for a machine to tell its boot id; one that has just booted is slow.
const LIMIT: Duration = Duration::from_secs(60);

/// The boot ids of those that could be asked.
pub type Boots = BTreeMap<NodeName, String>;

impl Drill<'_> {
    /// The machines that have to boot anew.
    pub(super) fn mortal(&self, scene: &Scene<'_>) -> Vec<NodeName> {
        let casts = scene.casts;
        let faults = self.scenario.faults().into_iter().map(|planned| planned.fault);
        let casts = std::iter::once(&casts.first).chain(&casts.others);
        let mut mortal: Vec<NodeName> = faults.zip(casts).flat_map(ended).collect();
        mortal.sort();
        mortal.dedup();
        mortal
    }
}

fn ended((fault, cast): (Fault, &Cast)) -> Vec<NodeName> {
    let Cast { victim, survivor, .. } = cast;
    match (fault.has_to_boot(), fault.hits_both()) {
        (true, true) => vec![victim.clone(), survivor.clone()],
        (true, false) => vec![victim.clone()],
        (false, _) => Vec::new(),
    }
}

/// Asks each of them. One that does not answer is left out: nothing is proven of it, and
/// nothing held against it.
pub fn ask(remote: &Remote, machines: &[NodeName]) -> Boots {
    let answers =
        for_each_host(machines, |machine| complete(remote, machine, Task::Boot, false, LIMIT));
    let told = machines.iter().zip(answers).filter_map(|(machine, answer)| {
        let (replies, _) = answer.ok()?;
        let id = replies.into_iter().find_map(|reply| match reply {
            Reply::Boot(id) => Some(id),
            _ => None,
        });
        Some((machine.clone(), id?))
    });
    told.collect()
}

/// Whether each has booted anew in between, of those that told both times.
pub fn compare(before: &Boots, after: &Boots) -> BTreeMap<NodeName, bool> {
    let both = before.iter().filter_map(|(machine, id)| Some((machine, id, after.get(machine)?)));
    both.map(|(machine, before, after)| (machine.clone(), before != after)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_told_twice_has_booted_or_not() {
        let told = |of: &[(&str, &str)]| -> Boots {
            of.iter().map(|&(machine, id)| (machine.into(), id.to_owned())).collect()
        };
        let before = told(&[("ctl1", "a"), ("ctl2", "b"), ("cn1", "c")]);
        let after = told(&[("ctl1", "a"), ("ctl2", "d"), ("cn2", "e")]);
        let compared = BTreeMap::from([("ctl1".into(), false), ("ctl2".into(), true)]);
        assert_eq!(compare(&before, &after), compared);
    }

    #[test]
    fn a_blackout_ends_both_and_a_kill_nobody() {
        let cast = Cast {
            victim: "ctl1".into(),
            survivor: "ctl2".into(),
            client: "login1".into(),
            weaknesses: Vec::new(),
        };
        let count = |name: &str| ended((name.parse().unwrap(), &cast)).len();
        let named = ["controllers-power-loss", "passive-crash", "reboot", "kill-corosync"];
        assert_eq!(named.map(count), [2, 1, 1, 0]);
    }
}
