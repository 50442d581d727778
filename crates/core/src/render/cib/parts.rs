// SPDX-License-Identifier: Apache-2.0
//! The CIB's recurring shapes, with ids derived from what they join.

use crate::xml::Element;

/// A primitive resource without attributes or operations.
pub fn primitive(id: &str, class: &str, provider: Option<&str>, kind: &str) -> Element {
    let mut element = Element::new("primitive").with("id", id).with("class", class);
    if let Some(provider) = provider {
        element = element.with("provider", provider);
    }
    element.with("type", kind)
}

/// A set of name-value pairs of the given kind for the given owner.
pub fn set(kind: &str, owner: &str, pairs: &[(&str, &str)]) -> Element {
    let id = format!("{owner}-{kind}");
    let pairs = pairs.iter().map(|(name, value)| property(&id, name, value));
    let element = Element::new(kind).with("id", id.clone());
    element.children(pairs.collect::<Vec<_>>())
}

/// One name-value pair.
pub fn property(owner: &str, name: &str, value: &str) -> Element {
    Element::new("nvpair")
        .with("id", format!("{owner}-{name}"))
        .with("name", name)
        .with("value", value)
}

/// The operations of a resource.
pub fn operations(owner: &str, operations: &[Element]) -> Element {
    let operations = operations.iter().cloned().map(|mut op| {
        let role = op.attribute("role").map(|role| format!("-{role}")).unwrap_or_default();
        let id = format!(
            "{owner}-{}-{}{role}",
            op.attribute("name").unwrap_or_default(),
            op.attribute("interval").unwrap_or_default(),
        );
        op.attributes.insert(0, ("id".to_owned(), id));
        op
    });
    Element::new("operations").children(operations.collect::<Vec<_>>())
}

/// One operation, run every `interval` (never when `0s`).
pub fn op(name: &str, interval: &str, timeout: &str) -> Element {
    Element::new("op").with("name", name).with("interval", interval).with("timeout", timeout)
}

/// One operation for instances in one role. Pacemaker tells recurring
/// operations apart by their interval, so two roles need two intervals.
pub fn op_in_role(name: &str, interval: &str, timeout: &str, role: &str) -> Element {
    op(name, interval, timeout).with("role", role)
}

/// `dependent` runs where `needed` runs.
pub fn colocate(dependent: &str, needed: &str) -> Element {
    Element::new("rsc_colocation")
        .with("id", format!("{dependent}-with-{needed}"))
        .with("rsc", dependent)
        .with("with-rsc", needed)
        .with("score", "INFINITY")
}

/// `dependent` runs where `clone` is promoted.
pub fn colocate_promoted(dependent: &str, clone: &str) -> Element {
    colocate(dependent, clone).with("with-rsc-role", "Promoted")
}

/// `first` starts before `then`, and stops after it.
pub fn order(first: &str, then: &str) -> Element {
    Element::new("rsc_order")
        .with("id", format!("{first}-then-{then}"))
        .with("first", first)
        .with("then", then)
        .with("kind", "Mandatory")
}

/// `clone` is promoted before `then` starts.
pub fn order_promote(clone: &str, then: &str) -> Element {
    order(clone, then).with("first-action", "promote").with("then-action", "start")
}

/// When both stop, `first` stops before `then`; nothing else.
pub fn order_stop(first: &str, then: &str) -> Element {
    Element::new("rsc_order")
        .with("id", format!("stop-{first}-then-{then}"))
        .with("first", first)
        .with("then", then)
        .with("first-action", "stop")
        .with("then-action", "stop")
        .with("kind", "Optional")
        .with("symmetrical", "false")
}

/// `resource` never runs on `node`.
pub fn ban(resource: &str, node: &str) -> Element {
    Element::new("rsc_location")
        .with("id", format!("{resource}-not-on-{node}"))
        .with("rsc", resource)
        .with("node", node)
        .with("score", "-INFINITY")
}
