// SPDX-License-Identifier: Apache-2.0
//! What a person has told Pacemaker by hand, for as long as some work takes:
//! to leave a resource alone, or to keep it stopped. It stays as it is, or an
//! `apply` of anything else would start a database in the middle of its repair.

use super::restart::is_of_restart;
use crate::watch::is_true;
use crate::xml::Element;

/// Meta attributes of a resource that are a person's to set (Pacemaker
/// Explained): what `pcs resource disable` and `unmanage` write. slurmha
/// writes none of them but the first, for [`hold`].
const NAMES: [&str; 3] = ["target-role", "is-managed", "maintenance"];

/// Something that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What is so, in a few words.
    pub what: String,
    /// What takes it back.
    pub cure: String,
}

/// Id of the pair by which slurmha itself holds a resource back, during the
/// first start. Pacemaker's tools name theirs after the set and the
/// attribute.
pub(super) fn own_id(resource: &str) -> String {
    format!("{resource}-first-start")
}

/// Whether slurmha itself holds the resource back.
pub fn is_held(cib: &Element, resource: &str) -> bool {
    let resources = cib.find("configuration").and_then(|c| c.find("resources"));
    let own =
        resources.and_then(|resources| resources.children.iter().find(|r| r.id() == resource));
    own.is_some_and(|own| {
        pairs(own).any(|pair| is_own(pair) && pair.attribute("value") == Some("Stopped"))
    })
}

/// The wanted element with what a person has set in the live one.
pub(super) fn keep(wanted: &Element, live: &Element) -> Element {
    let mut kept = wanted.clone();
    for child in &mut kept.children {
        let same = |other: &&Element| other.name == child.name && other.id() == child.id();
        if let Some(live) = live.children.iter().find(same) {
            *child = keep(child, live);
        }
    }
    if is_resource(wanted) {
        // Only what is new, or was never let go, is held for a first start: a
        // plan for a new cluster must not stop the scheduler of one at work.
        if !pairs(live).any(is_own) {
            let_go(&mut kept);
        }
        for set in live.children.iter().filter(|child| child.name == "meta_attributes") {
            let theirs: Vec<Element> = set.children.iter().filter(is_theirs).cloned().collect();
            match kept.children.iter_mut().find(|own| own.id() == set.id()) {
                Some(own) => own.children.extend(theirs),
                // An empty one is what `crm_resource --delete-parameter` leaves.
                None if theirs.is_empty() && !set.children.is_empty() => {}
                None => kept.children.push(Element { children: theirs, ..set.clone() }),
            }
        }
    }
    kept
}

fn let_go(resource: &mut Element) {
    for set in &mut resource.children {
        set.children.retain(|pair| !is_own(pair));
    }
    resource.children.retain(|set| set.name != "meta_attributes" || !set.children.is_empty());
}

/// What somebody has set by hand that keeps the wanted resources from running,
/// or Pacemaker from doing anything about them.
pub fn holds(cib: &Element, wanted: &Element) -> Vec<Hold> {
    let Some(live) = cib.find("configuration") else { return Vec::new() };
    let mut holds = of_cluster(live);
    let nodes = live.find("nodes").into_iter().flat_map(|nodes| &nodes.children);
    holds.extend(nodes.flat_map(of_node));
    if let (Some(wanted), Some(live)) = (wanted.find("resources"), live.find("resources")) {
        of_resources(wanted, live, &mut holds);
    }
    holds
}

fn of_cluster(live: &Element) -> Vec<Hold> {
    let words = [
        ("crm_config", "maintenance-mode", true, "the cluster is in maintenance mode"),
        ("crm_config", "stop-all-resources", true, "all resources are kept stopped"),
        ("crm_config", "is-managed-default", false, "no resource is managed"),
        ("rsc_defaults", "is-managed", false, "no resource is managed"),
        ("rsc_defaults", "maintenance", true, "every resource is in maintenance mode"),
    ];
    let mut holds = Vec::new();
    for (section, name, value, what) in words {
        let is_set = live.find(section).is_some_and(|section| {
            pairs(section).any(|pair| {
                pair.attribute("name") == Some(name)
                    && pair.attribute("value").map(is_true) == Some(value)
            })
        });
        if is_set {
            let cure = format!("crm_attribute --type {section} --name {name} --delete");
            holds.push(Hold { what: what.to_owned(), cure });
        }
    }
    holds
}

fn of_node(node: &Element) -> Vec<Hold> {
    let name = node.attribute("uname").unwrap_or_default();
    let is_set = |attribute: &str| {
        pairs(node).any(|pair| {
            pair.attribute("name") == Some(attribute)
                && pair.attribute("value").is_some_and(is_true)
        })
    };
    let words = [("standby", "in standby"), ("maintenance", "in maintenance mode")];
    let set = words.into_iter().filter(|(attribute, _)| is_set(attribute));
    set.map(|(attribute, words)| Hold {
        what: format!("{name} is {words}"),
        cure: format!("pcs node un{attribute} {name}"),
    })
    .collect()
}

fn of_resources(wanted: &Element, live: &Element, holds: &mut Vec<Hold>) {
    for wanted in wanted.children.iter().filter(|wanted| is_resource(wanted)) {
        let same = |other: &&Element| other.name == wanted.name && other.id() == wanted.id();
        let Some(live) = live.children.iter().find(same) else { continue };
        let sets = live.children.iter().filter(|child| child.name == "meta_attributes");
        let theirs = sets.flat_map(|set| &set.children).filter(is_theirs);
        holds.extend(theirs.filter_map(|pair| of_resource(live.id(), pair)));
        of_resources(wanted, live, holds);
    }
}

fn of_resource(id: &str, pair: &Element) -> Option<Hold> {
    let (name, value) = (pair.attribute("name")?, pair.attribute("value")?);
    let runs = |role: &&str| value.eq_ignore_ascii_case(role);
    let what = match name {
        "target-role" if ["Started", "Promoted", "Master"].iter().any(runs) => None,
        "target-role" => Some(format!("{id} is kept {}", value.to_ascii_lowercase())),
        "is-managed" => (!is_true(value)).then(|| format!("{id} is unmanaged")),
        _ => is_true(value).then(|| format!("{id} is in maintenance mode")),
    };
    let cure = format!("crm_resource --resource {id} --meta --delete-parameter {name}");
    what.map(|what| Hold { what, cure })
}

fn is_resource(element: &Element) -> bool {
    matches!(element.name.as_str(), "primitive" | "clone")
}

/// The pairs of all sets of an element.
fn pairs(element: &Element) -> impl Iterator<Item = &Element> {
    element.children.iter().flat_map(|set| &set.children)
}

fn is_theirs(pair: &&Element) -> bool {
    let is_ours = is_own(pair) || is_of_restart(pair);
    pair.attribute("name").is_some_and(|name| NAMES.contains(&name)) && !is_ours
}

fn is_own(pair: &Element) -> bool {
    pair.id().ends_with(&own_id(""))
}
