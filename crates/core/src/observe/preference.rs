// SPDX-License-Identifier: Apache-2.0
//! What somebody has moved by hand: the location constraints of `crm_resource
//! --move`, as `cibadmin --query --xpath` prints them.
//!
//! crm_mon does not help: its list of bans has what keeps a resource off a
//! node, and a preference keeps it off none.

use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};

use super::ParseError;

const PROGRAM: &str = "cibadmin";

/// How the id of such a constraint begins (crm_resource_ban.c of 2.1,
/// `cli_resource_prefer`).
const START: &str = "cli-prefer-";

/// A node that somebody prefers for a resource above everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// Id of the constraint.
    pub id: String,
    /// What is moved.
    pub resource: String,
    /// Where to.
    pub node: String,
    /// Whether it loses its force by itself (`--lifetime`), as that of a
    /// planned move of ours does.
    pub ends: bool,
}

/// Id of the constraint that `crm_resource --move` makes for a resource.
pub fn preference_id(resource: &str) -> String {
    format!("{START}{resource}")
}

/// The XPath of everything that [`parse_preferences`] reads.
pub fn preference_query() -> String {
    format!("//rsc_location[starts-with(@id,'{START}')]")
}

/// Reads the answer to [`preference_query`]: one constraint, or several in an
/// element of their own.
///
/// # Errors
/// When the text is not such an answer.
pub fn parse_preferences(xml: &str) -> Result<Vec<Preference>, ParseError> {
    let document = Document::parse(xml)
        .map_err(|e| ParseError::unexpected(PROGRAM, "XML", &format!("{e}: {xml}")))?;
    let constraints = document.descendants().filter(|node| node.has_tag_name("rsc_location"));
    constraints.map(preference).collect()
}

fn preference(element: Node<'_, '_>) -> Result<Preference, ParseError> {
    let attribute = |what: &'static str| {
        let missing = ParseError::Missing { program: PROGRAM, what };
        element.attribute(what).map(str::to_owned).ok_or(missing)
    };
    let inside = |name: &'static str| element.descendants().find(|node| node.has_tag_name(name));
    // With an end the node is named by an expression of its rule.
    let by_rule = inside("expression").and_then(|expression| expression.attribute("value"));
    Ok(Preference {
        id: attribute("id")?,
        resource: attribute("rsc")?,
        node: by_rule.map_or_else(|| attribute("node"), |node| Ok(node.to_owned()))?,
        ends: inside("date_expression").is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written after `cli_resource_prefer` of Pacemaker 2.1.
    const FOR_EVER: &str = r##"<rsc_location id="cli-prefer-drbd-clone" rsc="drbd-clone"
        role="Promoted" node="ctl2" score="INFINITY"/>"##;
    const WITH_AN_END: &str = r##"<rsc_location id="cli-prefer-vip" rsc="vip" role="Started">
        <rule id="cli-prefer-rule-vip" score="INFINITY" boolean-op="and">
        <expression id="cli-prefer-expr-vip" attribute="#uname" operation="eq" value="ctl1"
         type="string"/>
        <date_expression id="cli-prefer-lifetime-end-vip" operation="lt"
         end="2026-11-25 08:15:00Z"/></rule></rsc_location>"##;

    fn preference(id: &str, resource: &str, node: &str, ends: bool) -> Preference {
        let [id, resource, node] = [id, resource, node].map(str::to_owned);
        Preference { id, resource, node, ends }
    }

    #[test]
    fn one_and_several_are_read() {
        let drbd = preference("cli-prefer-drbd-clone", "drbd-clone", "ctl2", false);
        assert_eq!(parse_preferences(FOR_EVER), Ok(vec![drbd.clone()]));
        let both = format!("<xpath-query>{FOR_EVER}{WITH_AN_END}</xpath-query>");
        let vip = preference("cli-prefer-vip", "vip", "ctl1", true);
        assert_eq!(parse_preferences(&both), Ok(vec![drbd, vip]));
    }

    #[test]
    fn what_is_no_such_answer_is_an_error() {
        let nowhere = FOR_EVER.replace(" node=\"ctl2\"", "");
        for (text, part) in [("", "expected XML"), (nowhere.as_str(), "has no node")] {
            let error = parse_preferences(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
