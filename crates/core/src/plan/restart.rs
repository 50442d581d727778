// SPDX-License-Identifier: Apache-2.0
//! A resource that is stopped to be started again, in a way that nothing
//! outlives.
//!
//! `crm_resource --restart` keeps a resource stopped by a `target-role` that the
//! same process takes away again: with the controller on which it runs goes the
//! one that would, and the other controller takes over everything but the
//! scheduler. Here the pair has a rule with an end, so that Pacemaker itself lets
//! go of the resource.

use jiff::Timestamp;

use super::cib::Error;
use crate::render::cib::property;
use crate::xml::Element;

/// How the id of the set ends; the pair's begins with it.
const SET: &str = "-restart";

/// The CIB with the resource kept stopped until then, by the clock of the DC.
///
/// # Errors
/// When it is not XML, or has no such resource outside of a clone.
pub fn stop_until(cib: &str, resource: &str, end: Timestamp) -> Result<String, Error> {
    let mut cib = Element::parse(cib)?;
    let primitive = primitive(&mut cib, resource)?;
    primitive.children.retain(|set| set.id() != id(resource));
    primitive.children.push(stopped(resource, end));
    Ok(cib.to_xml())
}

/// The CIB without that; nothing when it holds nothing of the kind.
///
/// # Errors
/// When it is not XML, or has no such resource outside of a clone.
pub fn let_run(cib: &str, resource: &str) -> Result<Option<String>, Error> {
    let mut cib = Element::parse(cib)?;
    let primitive = primitive(&mut cib, resource)?;
    let before = primitive.children.len();
    primitive.children.retain(|set| set.id() != id(resource));
    let is_held = primitive.children.len() < before;
    Ok(is_held.then(|| cib.to_xml()))
}

/// Whether a pair is that of a restart: one that was cut off has left it.
pub(super) fn is_of_restart(pair: &Element) -> bool {
    pair.id().ends_with(&format!("{SET}-target-role"))
}

fn id(resource: &str) -> String {
    format!("{resource}{SET}")
}

/// The set counts before all others: somebody may have set `Started` by hand.
fn stopped(resource: &str, end: Timestamp) -> Element {
    let id = id(resource);
    let until = Element::new("date_expression")
        .with("id", format!("{id}-until"))
        .with("operation", "lt")
        .with("end", end.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let rule = Element::new("rule")
        .with("id", format!("{id}-rule"))
        .with("boolean-op", "and")
        .with("score", "INFINITY")
        .child(until);
    Element::new("meta_attributes")
        .with("id", id.clone())
        .with("score", "INFINITY")
        .child(rule)
        .child(property(&id, "target-role", "Stopped"))
}

fn primitive<'a>(cib: &'a mut Element, resource: &str) -> Result<&'a mut Element, Error> {
    let child = |element: &'a mut Element, name: &str| {
        element.children.iter_mut().find(|child| child.name == name)
    };
    let resources = child(cib, "configuration").and_then(|it| child(it, "resources"));
    let mut resources = resources.into_iter().flat_map(|all| &mut all.children);
    let found = resources.find(|known| known.id() == resource);
    found.ok_or_else(|| Error::NoResource(resource.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib><configuration><resources><primitive id=\"slurmctld\"/></resources>\
                       </configuration></cib>";

    fn noon() -> Timestamp {
        "2026-01-01T12:00:00.5Z".parse().expect("a time")
    }

    #[test]
    fn what_is_stopped_has_an_end_and_is_let_go() {
        let stopped = stop_until(CIB, "slurmctld", noon()).expect("a CIB");
        insta::assert_snapshot!(stopped);
        let again = stop_until(&stopped, "slurmctld", noon()).expect("a CIB");
        assert_eq!(again, stopped, "one set, also of a second restart");
        let free = let_run(&stopped, "slurmctld").expect("a CIB").expect("it was held");
        assert_eq!(let_run(&free, "slurmctld").expect("a CIB"), None);
        assert!(!free.contains("Stopped"), "{free}");
    }

    #[test]
    fn what_is_not_there_cannot_be_stopped() {
        let error = stop_until(CIB, "mariadb", noon()).expect_err("it is not there");
        assert!(error.to_string().ends_with("no resource mariadb"), "{error}");
        assert!(stop_until("<cib/>", "slurmctld", noon()).is_err());
    }
}
