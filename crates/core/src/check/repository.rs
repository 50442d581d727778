// SPDX-License-Identifier: Apache-2.0
//! Packages that come from outside the distribution.

use super::{Finding, Seen};
use crate::observe::Fetched;
use crate::render::monitoring::release_file;
use crate::site::{Machine, Role, Site};

/// What a machine has to be able to fetch.
pub(super) fn wanted(site: &Site, machine: &Machine) -> Option<String> {
    let grafana = site.monitoring.as_ref()?.grafana.as_ref()?;
    machine.roles.contains(&Role::Monitoring).then(|| release_file(grafana))
}

/// Whether the hosts reach the repository that Grafana comes from. Where it is
/// installed already nobody needs it today.
pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter().filter_map(|seen| finding(site, seen)).collect()
}

fn finding(site: &Site, seen: &Seen<'_>) -> Option<Finding> {
    let file = wanted(site, seen.machine)?;
    if seen.observed.packages.contains_key("grafana") {
        return Some(Finding::pass("repository", seen.name(), "Grafana is installed"));
    }
    let fetched = seen.observed.preflight.as_ref()?.fetched.as_ref()?;
    Some(match fetched {
        Fetched::Yes => Finding::pass("repository", seen.name(), "answers"),
        Fetched::No(why) => Finding::fail(
            "repository",
            seen.name(),
            format!("{file} does not come: {why}"),
            "let the machine reach it (apt.conf(5), Acquire::http::Proxy), or write a mirror as \
             `repository` of [monitoring.grafana]",
        ),
        Fetched::Unknown(why) => Finding::unknown("repository", seen.name(), why.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Verdict, check};
    use super::*;
    use crate::observe::{Observation, Preflight};

    fn said(observed: Observation) -> Vec<(Verdict, String)> {
        let site = crate::site::parse("site.toml", include_str!("../../../../examples/site.toml"));
        let (site, _) = site.expect("the example is valid");
        let answers = BTreeMap::from([("login1".into(), Ok(observed))]);
        let all = check(&site, &answers).into_iter().filter(|f| f.rule == "repository");
        all.map(|f| (f.verdict, f.message)).collect()
    }

    fn after(fetched: Option<Fetched>) -> Observation {
        let preflight = Some(Preflight { fetched, ..Preflight::default() });
        Observation { preflight, ..Observation::default() }
    }

    #[test]
    fn a_repository_that_is_out_of_reach_is_told_with_its_address() {
        let (verdict, message) = said(after(Some(Fetched::No("no route".to_owned())))).remove(0);
        assert_eq!(verdict, Verdict::Fail);
        let url = "https://apt.grafana.com/dists/stable/InRelease";
        assert_eq!(message, format!("{url} does not come: no route"));
        assert_eq!(said(after(Some(Fetched::Yes)))[0].0, Verdict::Pass);
        let unknown = Some(Fetched::Unknown("no apt-helper".to_owned()));
        assert_eq!(said(after(unknown))[0].0, Verdict::Unknown);
        assert_eq!(said(after(None)), []);
    }

    #[test]
    fn what_is_installed_needs_no_repository() {
        let mut observed = after(Some(Fetched::No("no route".to_owned())));
        observed.packages.insert("grafana".to_owned(), "11.4.0".to_owned());
        assert_eq!(said(observed)[0].0, Verdict::Pass);
    }
}
