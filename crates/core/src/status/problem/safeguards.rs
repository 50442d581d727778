// SPDX-License-Identifier: Apache-2.0
//! Settings that make no difference until something fails.

use super::super::model::{Contact, Member, Problem, Severity, Status};
use super::super::safeguard::{
    arbiter_lets_go_in_time, has_fencing_policy, missing_state_options, waits_for_fencing,
};
use super::super::view::View;
use super::{problem, weakness};
use crate::layout::DRBD_RESOURCE;
use crate::observe::{Observation, Reading, Safeguards};
use crate::render::cib::id;
use crate::site::timing::dropped_after_ms;
use crate::site::{NodeName, Site};

pub(super) fn safeguards(view: &View<'_>, status: &Status) -> Vec<Problem> {
    // One that is joining or away has not everything in force yet.
    let takes_part = |name: &NodeName| {
        let own = status.machines.iter().find(|machine| machine.name == *name);
        own.is_some_and(|m| m.member == Some(Member::Online) && m.contact == Contact::Reachable)
    };
    view.controllers()
        .filter(|(name, _)| takes_part(name))
        .filter_map(|(name, seen)| Some((name, seen, seen.safeguards.as_ref()?)))
        .flat_map(|(name, seen, settings)| {
            [
                mount(name, settings),
                replication(name, seen, settings),
                vote(view.site, name, seen, settings),
            ]
        })
        .flatten()
        .collect()
}

fn mount(name: &NodeName, settings: &Safeguards) -> Option<Problem> {
    let options = match &settings.state_options {
        Reading::Known(options) => options.as_ref()?,
        Reading::Unknown(why) => return Some(unknown("how the state is mounted", name, why)),
    };
    let missing = missing_state_options(options);
    (!missing.is_empty()).then(|| {
        let missing = missing.join(",");
        let text = format!(
            "the state volume on {name} is mounted without {missing}: a power cut can empty the \
             scripts of accepted jobs"
        );
        weakness(text, cure(name, &format!("crm_resource --restart --resource {}", id::STATE)))
    })
}

fn replication(name: &NodeName, seen: &Observation, settings: &Safeguards) -> Option<Problem> {
    // A disk that is not attached is told elsewhere.
    seen.drbd.known().filter(|drbd| has_fencing_policy(drbd))?;
    let policy = match &settings.drbd_fencing {
        Reading::Known(policy) => policy,
        Reading::Unknown(why) => {
            return Some(unknown("whether DRBD waits for fencing", name, why));
        }
    };
    (!waits_for_fencing(policy)).then(|| {
        let text = format!(
            "DRBD on {name} does not wait until a lost peer is fenced (fencing {policy}): both \
             sides can write"
        );
        weakness(text, cure(name, &format!("drbdadm adjust {DRBD_RESOURCE}")))
    })
}

fn vote(
    site: &Site,
    name: &NodeName,
    seen: &Observation,
    settings: &Safeguards,
) -> Option<Problem> {
    site.arbiter.as_ref()?;
    seen.quorum.known()?;
    let timeout = match &settings.qdevice_timeout_ms {
        Reading::Known(timeout) => *timeout,
        Reading::Unknown(why) => {
            return Some(unknown("how long a dead controller keeps the arbiter", name, why));
        }
    };
    (!arbiter_lets_go_in_time(site, timeout)).then(|| {
        let dropped = dropped_after_ms(timeout);
        let noticed = site.timing.noticed_after().as_millis();
        let wanted = site.timing.qdevice_timeout.as_millis();
        let text = format!(
            "the arbiter votes up to {} after a loss that Corosync notices after {}: \
             quorum.device.timeout is {timeout} ms on {name}, not {wanted}",
            in_seconds(u128::from(dropped)),
            in_seconds(noticed),
        );
        let reload = "corosync-cfgtool -R; systemctl restart corosync-qdevice";
        weakness(text, cure(name, reload))
    })
}

/// Files first; what was changed in a running program alone is in no file.
fn cure(name: &NodeName, by_hand: &str) -> String {
    format!("slurmha plan; if that finds nothing, on {name}: {by_hand}")
}

fn unknown(what: &str, name: &NodeName, why: &str) -> Problem {
    problem(Severity::Unknown, format!("{what} on {name} is not known: {why}"), None)
}

fn in_seconds(ms: u128) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
