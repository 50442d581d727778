// SPDX-License-Identifier: Apache-2.0
//! Pacemaker's live configuration against the wanted one.
//!
//! slurmha owns the elements whose ids it generates, or has generated for
//! another site file or in an earlier version, and leaves
//! everything else alone: a resource that an administrator added stays, so does a
//! ban that a DRBD fence handler needs until the resync is done, and what somebody
//! has [held](by_hand).

mod retired;

use super::by_hand;
use crate::observe::Observation;
use crate::render::cib::{id, set};
use crate::xml::Element;
use retired::Retired;

/// Sections of `<configuration>` that slurmha writes into.
const SECTIONS: [&str; 4] = ["crm_config", "resources", "constraints", "rsc_defaults"];

/// Why a configuration could not be merged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not XML.
    #[error("the cluster's configuration is not well-formed XML: {0}")]
    NotXml(#[from] roxmltree::Error),
    /// XML, but not a CIB.
    #[error("the cluster's configuration has no <configuration> element")]
    NotACib,
    /// A CIB without that resource.
    #[error("the cluster's configuration has no resource {0}")]
    NoResource(String),
}

/// The live CIB with slurmha's elements made as wanted, or nothing when they
/// already are.
///
/// # Errors
/// When one of the two is not what it should be.
pub fn merge(live: &str, wanted: &str) -> Result<Option<String>, Error> {
    let mut cib = Element::parse(live)?;
    let wanted = kept(&cib, &Element::parse(wanted)?);
    if differences(&cib, &wanted).is_empty() {
        return Ok(None);
    }
    let retired = Retired::by(&wanted);
    let configuration =
        cib.children.iter_mut().find(|c| c.name == "configuration").ok_or(Error::NotACib)?;
    for section in SECTIONS {
        let Some(wanted) = wanted.find(section) else { continue };
        let live = configuration.find_or_add(section);
        for element in &wanted.children {
            place(live, element);
        }
        live.children.retain(|element| !retired.is(element));
    }
    Ok(Some(cib.to_xml()))
}

/// What differs, one line for each element, in the order of the wanted
/// configuration. `+` is new, `~` differs, `-` goes.
pub fn changes(live_cib: &Element, wanted: &Element) -> Vec<String> {
    differences(live_cib, &kept(live_cib, wanted))
}

fn differences(live_cib: &Element, wanted: &Element) -> Vec<String> {
    let live = live_cib.find("configuration");
    let retired = Retired::by(wanted);
    let mut lines = Vec::new();
    for section in SECTIONS {
        let Some(wanted) = wanted.find(section) else { continue };
        let live = live.and_then(|live| live.find(section));
        for element in &wanted.children {
            let present = live.and_then(|live| by_id(live, element.id()));
            lines.extend(change(present, element));
        }
        let present = live.iter().flat_map(|live| &live.children);
        let gone = present.filter(|element| retired.is(element));
        lines.extend(gone.map(|element| format!("- {}", describe(element))));
    }
    lines
}

/// Whether what was seen is of a member of the cluster: a controller that is none yet has an empty
/// configuration of its own.
pub(super) fn is_members(observed: &Observation) -> bool {
    let cib = observed.cib.known().and_then(|text| Element::parse(text).ok());
    cib.is_some_and(|cib| has_resource(&cib, id::DRBD))
}

/// Whether the CIB has a resource of that id, at any depth.
pub fn has_resource(cib: &Element, id: &str) -> bool {
    fn contains(element: &Element, id: &str) -> bool {
        element.name == "primitive" && element.id() == id
            || element.children.iter().any(|child| contains(child, id))
    }
    cib.find("configuration")
        .and_then(|configuration| configuration.find("resources"))
        .is_some_and(|resources| contains(resources, id))
}

/// The wanted configuration with what people have set by hand.
fn kept(live_cib: &Element, wanted: &Element) -> Element {
    match live_cib.find("configuration") {
        Some(live) => by_hand::keep(wanted, live),
        None => wanted.clone(),
    }
}

/// The configuration with one resource held in a role, by a pair that nobody
/// can take for a person's.
pub fn with_target_role(configuration: &Element, resource: &str, role: &str) -> Element {
    let mut configuration = configuration.clone();
    let resources = configuration.find_or_add("resources");
    if let Some(primitive) = resources.children.iter_mut().find(|r| r.id() == resource) {
        let mut held = set("meta_attributes", resource, &[("target-role", role)]);
        for pair in &mut held.children {
            set_attribute(pair, "id", by_hand::own_id(resource));
        }
        match primitive.children.iter_mut().find(|own| own.id() == held.id()) {
            Some(own) => own.children.extend(held.children),
            None => primitive.children.push(held),
        }
    }
    configuration
}

fn by_id<'a>(parent: &'a Element, id: &str) -> Option<&'a Element> {
    parent.children.iter().find(|child| child.id() == id)
}

fn change(present: Option<&Element>, wanted: &Element) -> Vec<String> {
    match present {
        None if is_shared(wanted) => {
            wanted.children.iter().map(|pair| format!("+ {}", describe(pair))).collect()
        }
        None => vec![format!("+ {}", describe(wanted))],
        Some(present) if is_shared(wanted) => wanted
            .children
            .iter()
            .filter_map(|pair| match pair_named(present, pair) {
                None => Some(format!("+ {}", describe(pair))),
                Some(live) if value(live) != value(pair) => {
                    Some(format!("~ {} (was {})", describe(pair), value(live).unwrap_or_default()))
                }
                Some(_) => None,
            })
            .collect(),
        Some(present) if !same(present, wanted) => vec![format!("~ {}", describe(wanted))],
        Some(_) => Vec::new(),
    }
}

/// Sets in which Pacemaker and administrators keep pairs of their own
/// (`dc-version`, `maintenance-mode`): only our names are ours.
fn is_shared(element: &Element) -> bool {
    element.name == "cluster_property_set" || element.id() == "rsc-defaults-meta_attributes"
}

fn pair_named<'a>(set: &'a Element, pair: &Element) -> Option<&'a Element> {
    let name = pair.attribute("name");
    set.children.iter().find(|live| live.attribute("name") == name)
}

fn value(pair: &Element) -> Option<&str> {
    pair.attribute("value")
}

/// Equal up to the order of attributes, and of children that have ids.
fn same(a: &Element, b: &Element) -> bool {
    let sorted = |element: &Element| {
        let mut attributes = element.attributes.clone();
        attributes.sort();
        attributes
    };
    a.name == b.name
        && sorted(a) == sorted(b)
        && a.children.len() == b.children.len()
        && a.children.iter().all(|child| {
            b.children.iter().any(|other| {
                child.name == other.name && child.id() == other.id() && same(child, other)
            })
        })
}

fn place(live: &mut Element, wanted: &Element) {
    match live.children.iter_mut().find(|child| child.id() == wanted.id()) {
        None => live.children.push(wanted.clone()),
        Some(present) if is_shared(wanted) => {
            for pair in &wanted.children {
                let name = pair.attribute("name");
                match present.children.iter_mut().find(|live| live.attribute("name") == name) {
                    // Its id may be another tool's; the name is what counts.
                    Some(live) => set_value(live, pair),
                    None => present.children.push(pair.clone()),
                }
            }
        }
        Some(present) => *present = wanted.clone(),
    }
}

fn set_value(live: &mut Element, pair: &Element) {
    set_attribute(live, "value", value(pair).unwrap_or_default().to_owned());
}

fn set_attribute(element: &mut Element, name: &str, value: String) {
    match element.attributes.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => element.attributes.push((name.to_owned(), value)),
    }
}

fn describe(element: &Element) -> String {
    match element.name.as_str() {
        "nvpair" => format!(
            "{} = {}",
            element.attribute("name").unwrap_or_default(),
            value(element).unwrap_or_default()
        ),
        "primitive" => {
            let agent: Vec<&str> = ["class", "provider", "type"]
                .iter()
                .filter_map(|name| element.attribute(name))
                .collect();
            format!("resource {} ({})", element.id(), agent.join(":"))
        }
        "clone" => format!("clone {}", element.id()),
        "rsc_order" => format!("order {}", element.id()),
        "rsc_colocation" => format!("colocation {}", element.id()),
        "rsc_location" => format!("location {}", element.id()),
        name => format!("{name} {}", element.id()),
    }
}
