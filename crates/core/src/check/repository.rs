// SPDX-License-Identifier: Apache-2.0
//! Packages that come from outside the distribution.

use super::{Finding, Seen};
use crate::observe::Fetched;
use crate::render::repository::release_file;
use crate::site::{Machine, Repository, Site, Vendor};

/// What a machine has to be able to fetch.
pub(super) fn wanted(site: &Site, machine: &Machine) -> Vec<String> {
    site.repositories(machine).into_iter().map(release_file).collect()
}

/// Whether machines reach the repositories outside the distribution that they need.
/// Where what comes from one is installed already nobody needs it today.
pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let findings = |seen: &Seen<'_>| -> Vec<Finding> {
        let repositories = site.repositories(seen.machine).into_iter();
        repositories.filter_map(|repository| finding(repository, seen)).collect()
    };
    seen.iter().flat_map(findings).collect()
}

fn finding(repository: &Repository, seen: &Seen<'_>) -> Option<Finding> {
    let vendor = repository.vendor;
    if is_installed(vendor, seen) {
        let message = format!("{} is installed", vendor.package());
        return Some(Finding::pass("repository", seen.name(), message));
    }
    let file = release_file(repository);
    let fetched = seen.observed.preflight.as_ref()?.fetched.get(&file)?;
    Some(match fetched {
        Fetched::Yes => {
            Finding::pass("repository", seen.name(), format!("{} answers", repository.url))
        }
        Fetched::No(why) => Finding::fail(
            "repository",
            seen.name(),
            format!("{file} does not come: {why}"),
            format!(
                "let the machine reach it (apt.conf(5), Acquire::http::Proxy), or write a mirror as \
                 `repository` of {}",
                vendor.table()
            ),
        ),
        Fetched::Unknown(why) => Finding::unknown("repository", seen.name(), why.clone()),
    })
}

/// Node.js is a package of Debian's, too, and comes with Open OnDemand.
fn is_installed(vendor: Vendor, seen: &Seen<'_>) -> bool {
    let package = match vendor {
        Vendor::Node => Vendor::Ondemand.package(),
        other => other.package(),
    };
    seen.observed.packages.contains_key(package)
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
        let file = "https://apt.grafana.com/dists/stable/InRelease".to_owned();
        let fetched = fetched.map(|fetched| (file, fetched)).into_iter().collect();
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

    /// Node.js is there from Debian, and too old: that says nothing about its repository.
    #[test]
    fn open_ondemands_repositories_are_asked_for_until_it_is_installed() {
        let url = "https://apt.osc.edu/ondemand/4.2/web/apt/dists/bookworm/InRelease";
        let node = "https://deb.nodesource.com/node_22.x/dists/nodistro/InRelease";
        let fetched = [(url, Fetched::No("no route".to_owned())), (node, Fetched::Yes)];
        let fetched = fetched.map(|(url, fetched)| (url.to_owned(), fetched)).into();
        let preflight = Some(Preflight { fetched, ..Preflight::default() });
        let mut observed = Observation { preflight, ..Observation::default() };
        observed.packages.insert("nodejs".to_owned(), "18.19.0".to_owned());
        let found = said(observed.clone());
        let failed = (Verdict::Fail, format!("{url} does not come: no route"));
        let passed = (Verdict::Pass, "https://deb.nodesource.com/node_22.x answers".to_owned());
        assert!(found.contains(&failed) && found.contains(&passed), "{found:?}");
        observed.packages.insert("ondemand".to_owned(), "4.2.3".to_owned());
        assert!(said(observed).iter().all(|(verdict, _)| *verdict == Verdict::Pass));
    }

    #[test]
    fn what_is_installed_needs_no_repository() {
        let mut observed = after(Some(Fetched::No("no route".to_owned())));
        observed.packages.insert("grafana".to_owned(), "11.4.0".to_owned());
        assert_eq!(said(observed)[0].0, Verdict::Pass);
    }
}
