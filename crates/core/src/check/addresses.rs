// SPDX-License-Identifier: Apache-2.0
//! Addresses where the site file says they are, and a VIP that is free.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::{Finding, Seen};
use crate::observe::{Preflight, Reading};
use crate::site::{NodeName, Role, Site};

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let machines = site.machines();
    let own_names = machines.iter().map(|it| (it.name.as_str(), it.address)).collect();
    let mut findings = Vec::new();
    for seen in seen {
        let Some(preflight) = &seen.observed.preflight else {
            findings.push(Finding::unknown("addresses", seen.name(), "were not asked for"));
            continue;
        };
        findings.push(own(site, seen, preflight));
        findings.extend(names(&own_names, seen, preflight));
    }
    findings.extend(vip(site, seen));
    findings
}

fn own(site: &Site, seen: &Seen<'_>, preflight: &Preflight) -> Finding {
    let addresses = match &preflight.addresses {
        Reading::Known(addresses) => addresses,
        Reading::Unknown(why) => return Finding::unknown("addresses", seen.name(), why.as_str()),
    };
    let replication = site.controller(seen.name()).map(|c| c.replication_address);
    let missing: Vec<String> = [Some(seen.machine.address), replication]
        .into_iter()
        .flatten()
        .filter(|address| !addresses.contains(address))
        .map(|address| address.to_string())
        .collect();
    if missing.is_empty() {
        Finding::pass("addresses", seen.name(), "are on its interfaces")
    } else {
        Finding::fail(
            "addresses",
            seen.name(),
            format!("{} is on none of its interfaces", missing.join(", ")),
            "configure the interface, or correct the site file",
        )
    }
}

/// Debian's line with a machine's own name, which `apply` removes.
const OWN_NAME: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

/// A name that /etc/hosts gives another address would win over ours.
fn names(own: &HashMap<&str, Ipv4Addr>, seen: &Seen<'_>, preflight: &Preflight) -> Option<Finding> {
    let wrong: Vec<String> = preflight
        .hosts
        .iter()
        .filter_map(|(name, addresses)| {
            let right = own.get(name.as_str())?;
            let other = addresses.iter().find(|it| *it != right && **it != OWN_NAME)?;
            Some(format!("{name} is {other}"))
        })
        .collect();
    (!wrong.is_empty()).then(|| {
        Finding::fail(
            "names",
            seen.name(),
            format!("/etc/hosts says that {}", wrong.join(", ")),
            "remove those lines; `apply` writes the right ones",
        )
    })
}

/// An address that answers although no controller holds it belongs to
/// somebody else.
fn vip(site: &Site, seen: &[Seen<'_>]) -> Option<Finding> {
    let holds = |seen: &Seen<'_>| {
        let addresses = seen.observed.preflight.as_ref().and_then(|p| p.addresses.known());
        addresses.is_some_and(|addresses| addresses.contains(&site.vip))
    };
    if let Some(holder) = seen.iter().find(|seen| holds(seen)) {
        return Some(if holder.is(Role::Controller) {
            Finding::pass("vip", holder.name(), format!("holds {}", site.vip))
        } else {
            Finding::fail(
                "vip",
                holder.name(),
                format!("holds {} and is no controller", site.vip),
                "choose another address for the VIP",
            )
        });
    }
    let answers = seen
        .iter()
        .filter(|seen| seen.is(Role::Controller))
        .filter_map(|seen| Some((seen, &seen.observed.preflight.as_ref()?.unused_address_answers)));
    // One that can tell, if there is one.
    let (asked, answer) = answers.min_by_key(|(_, answer)| answer.known().is_none())?;
    let is_known = |name: &NodeName| {
        seen.iter().any(|seen| seen.name() == name && seen.observed.preflight.is_some())
    };
    let silent = site.controllers.iter().map(|c| &c.name).find(|name| !is_known(name));
    Some(match (answer, silent) {
        (Reading::Known(false), _) => {
            Finding::pass("vip", asked.name(), format!("{} is free", site.vip))
        }
        // With the address in use by a cluster that runs, another one would end it.
        (Reading::Known(true), Some(silent)) => Finding::unknown(
            "vip",
            asked.name(),
            format!("{} is answered: {silent}, which told nothing, may hold it", site.vip),
        ),
        (Reading::Known(true), None) => Finding::fail(
            "vip",
            asked.name(),
            format!("{} is answered by a machine that is not a controller", site.vip),
            "choose an address that nobody uses",
        ),
        (Reading::Unknown(why), _) => Finding::unknown("vip", asked.name(), why.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Verdict, check};
    use crate::observe::{Observation, Preflight, Reading};
    use crate::site::NodeName;
    use crate::status::made_up::site;

    /// What is said of a VIP that these controllers, which do not hold it, were
    /// answered from.
    fn said(asked: &[&str]) -> Vec<(Verdict, String)> {
        let observed = || Observation {
            preflight: Some(Preflight {
                unused_address_answers: Reading::Known(true),
                ..Preflight::default()
            }),
            ..Observation::default()
        };
        let answers: BTreeMap<_, _> =
            asked.iter().map(|name| (NodeName::from(*name), Ok(observed()))).collect();
        let all = check(&site(), &answers).into_iter().filter(|finding| finding.rule == "vip");
        all.map(|finding| (finding.verdict, finding.message)).collect()
    }

    /// `apply` takes Debian's line away, and no other.
    #[test]
    fn a_machines_name_on_the_loopback_is_wrong() {
        let said = |address: [u8; 4]| {
            let hosts = [("ctl1".to_owned(), vec![address.into()])].into();
            let preflight = Some(Preflight { hosts, ..Preflight::default() });
            let observed = Observation { preflight, ..Observation::default() };
            let answers = [(NodeName::from("ctl1"), Ok(observed))].into();
            let names = check(&site(), &answers).into_iter().find(|it| it.rule == "names");
            names.map(|finding| finding.message)
        };
        assert_eq!(said([127, 0, 1, 1]), None);
        let wrong = "/etc/hosts says that ctl1 is 127.0.0.1";
        assert_eq!(said([127, 0, 0, 1]).as_deref(), Some(wrong));
    }

    /// ssh to the active controller is broken, and the other one was asked.
    #[test]
    fn an_address_that_a_silent_controller_may_hold_is_not_a_strangers() {
        let (verdict, message) = said(&["ctl2"]).remove(0);
        assert_eq!(verdict, Verdict::Unknown);
        assert!(message.contains("ctl1, which told nothing, may hold it"), "{message}");
    }

    #[test]
    fn an_address_that_no_controller_holds_and_somebody_has_is_a_strangers() {
        let (verdict, message) = said(&["ctl1", "ctl2"]).remove(0);
        assert_eq!(verdict, Verdict::Fail);
        assert!(message.contains("is answered by a machine that is not a controller"), "{message}");
    }
}
