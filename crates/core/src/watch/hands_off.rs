// SPDX-License-Identifier: Apache-2.0
//! Whether Pacemaker keeps its hands off a resource, by its configuration
//! alone.

use crate::xml::Element;

/// Whether somebody has told Pacemaker to leave the resource on this node as
/// it is, or that cannot be told; the reason in words. Says nothing of what runs
/// where.
///
/// Maintenance is a property of the cluster, an attribute of a node, or a
/// meta attribute of a resource and of what it is part of, as is `is-managed`
/// (Pacemaker Explained).
pub fn hands_off(cib: &Element, node: &str, resource: &str) -> Option<String> {
    let Some(configuration) = cib.find("configuration") else {
        return Some("Pacemaker's configuration is not known".to_owned());
    };
    let section = |name: &str| configuration.find(name);
    let cluster = section("crm_config").into_iter();
    let defaults = section("rsc_defaults").into_iter();
    let nodes = section("nodes").into_iter().flat_map(|nodes| &nodes.children);
    let here = nodes.filter(|known| known.attribute("uname") == Some(node));
    let Some(resources) = section("resources").and_then(|all| with_parents(all, resource)) else {
        return Some(format!("Pacemaker's configuration has no {resource}"));
    };
    if cluster.clone().any(|it| says(it, "maintenance-mode", true)) {
        Some("the cluster is in maintenance mode".to_owned())
    } else if here.into_iter().any(|it| says(it, "maintenance", true)) {
        Some(format!("{node} is in maintenance mode"))
    } else if cluster.chain(defaults).chain(resources).any(|it| {
        says(it, "is-managed", false)
            || says(it, "is-managed-default", false)
            || says(it, "maintenance", true)
    }) {
        Some(format!("{resource} is unmanaged"))
    } else {
        None
    }
}

/// The resource, wherever it is, and the groups and clones that it is in.
fn with_parents<'a>(within: &'a Element, id: &str) -> Option<Vec<&'a Element>> {
    within.children.iter().find_map(|child| {
        if child.name == "primitive" && child.id() == id {
            return Some(vec![child]);
        }
        let mut found = with_parents(child, id)?;
        found.push(child);
        Some(found)
    })
}

/// Whether an nvpair in one of the element's sets has this name and value.
fn says(element: &Element, name: &str, value: bool) -> bool {
    let mut pairs = element.children.iter().flat_map(|set| &set.children);
    pairs.any(|pair| {
        pair.attribute("name") == Some(name) && pair.attribute("value").map(is_true) == Some(value)
    })
}

/// As `crm_is_true` of Pacemaker's lib/common/strings.c.
pub(crate) fn is_true(text: &str) -> bool {
    ["true", "on", "yes", "y", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(crm_config: &str, node: &str, meta: &str) -> Option<String> {
        let pair = |text: &str| match text.split_once('=') {
            Some((name, value)) => {
                format!("<set><nvpair id=\"x\" name=\"{name}\" value=\"{value}\"/></set>")
            }
            None => String::new(),
        };
        let cib = format!(
            "<cib><configuration><crm_config>{}</crm_config><nodes><node id=\"1\" uname=\"ctl1\">{}\
             </node><node id=\"2\" uname=\"ctl2\"/></nodes><resources><group id=\"g\"><primitive \
             id=\"slurmctld\">{}</primitive></group></resources></configuration></cib>",
            pair(crm_config),
            pair(node),
            pair(meta),
        );
        hands_off(&Element::parse(&cib).expect("XML"), "ctl1", "slurmctld")
    }

    #[test]
    fn every_way_to_say_it_is_heard() {
        assert_eq!(told("", "", ""), None);
        assert_eq!(told("maintenance-mode=false", "maintenance=off", "is-managed=true"), None);
        assert_eq!(
            told("maintenance-mode=True", "", "").as_deref(),
            Some("the cluster is in maintenance mode")
        );
        assert_eq!(told("", "maintenance=1", "").as_deref(), Some("ctl1 is in maintenance mode"));
        for meta in ["is-managed=false", "maintenance=yes"] {
            assert_eq!(told("", "", meta).as_deref(), Some("slurmctld is unmanaged"));
        }
        assert_eq!(
            told("is-managed-default=no", "", "").as_deref(),
            Some("slurmctld is unmanaged")
        );
    }

    #[test]
    fn what_is_said_of_others_does_not_count() {
        let set = "<set><nvpair name=\"maintenance\" value=\"true\"/></set>";
        let cib = format!(
            "<cib><configuration><nodes><node uname=\"ctl2\">{set}</node></nodes><resources>\
             <primitive id=\"other\">{set}</primitive><group id=\"h\">{set}<primitive id=\"x\"/>\
             </group><primitive id=\"slurmctld\"/></resources></configuration></cib>"
        );
        let cib = Element::parse(&cib).expect("XML");
        assert_eq!(hands_off(&cib, "ctl1", "slurmctld"), None);
        assert_eq!(hands_off(&cib, "ctl1", "x").as_deref(), Some("x is unmanaged"), "its group");
    }

    #[test]
    fn what_cannot_be_told_is_left_alone() {
        for (cib, reason) in [
            ("<cib/>", "Pacemaker's configuration is not known"),
            ("<cib><configuration/></cib>", "Pacemaker's configuration has no slurmctld"),
            (
                "<cib><configuration><resources/></configuration></cib>",
                "Pacemaker's configuration has no slurmctld",
            ),
        ] {
            let cib = Element::parse(cib).expect("XML");
            assert_eq!(hands_off(&cib, "ctl1", "slurmctld").as_deref(), Some(reason));
        }
    }
}
