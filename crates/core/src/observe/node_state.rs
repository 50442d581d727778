// SPDX-License-Identifier: Apache-2.0
//! What the CIB's status section says of one node, and which nodes have
//! been marked as outdated, from one cheap query (`cibadmin --query
//! --no-children --xpath`).

use roxmltree::{Document, Node};

use super::ParseError;
use crate::fence_peer::OUTDATED;

const PROGRAM: &str = "cibadmin";

/// Pacemaker's record of the last action of DRBD's agent that does not recur.
const LAST_OF_DRBD: &str = "drbd_last_0";

/// The answer to [`peer_query`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerRecord {
    /// Whether this partition has quorum.
    pub quorate: bool,
    /// The peer's `<node_state>`; `None` when this side has not seen it since
    /// it started.
    pub state: Option<NodeState>,
    /// Nodes on which promotion is forbidden because their data are old.
    pub outdated: Vec<String>,
}

/// `<node_state>` of a cluster node. Pacemaker 2.1.5 writes `true` and
/// `online`, later versions the seconds at which the node came (0: it is not
/// there); both are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeState {
    /// Corosync counts it as a member.
    pub in_membership: bool,
    /// Its controller is in the process group.
    pub online: bool,
    /// `join`: `member`, `down`, `pending`, ...
    pub join: String,
    /// `expected`: `member` or `down`; empty when nothing was ever expected.
    pub expected: String,
    /// Whether there is an `<lrm>` below it: what ran on the node.
    pub has_history: bool,
    /// Whether the last thing that DRBD's agent did there was a stop that
    /// succeeded.
    pub drbd_stopped: bool,
}

impl NodeState {
    /// Whether this is what a successful fence leaves, and nothing else does;
    /// see [`crate::fence_peer`].
    pub fn is_erased(&self) -> bool {
        let is_gone = !self.in_membership && !self.online;
        is_gone && self.join == "down" && self.expected == "down" && !self.has_history
    }
}

impl NodeState {
    /// Whether the node stopped DRBD and left, as it was asked to. Where
    /// Pacemaker left while it managed nothing, DRBD runs on, and the last
    /// that its agent did was no stop.
    pub fn has_left(&self) -> bool {
        !self.online && self.expected == "down" && self.has_history && self.drbd_stopped
    }
}

/// The XPath of everything that [`parse_peer_record`] reads.
pub fn peer_query(peer: &str) -> String {
    let state = format!("/cib/status/node_state[@uname='{peer}']");
    let drbd = format!("{state}/lrm//lrm_rsc_op[@id='{LAST_OF_DRBD}']");
    format!("/cib | {state} | {state}/lrm | {drbd} | //rsc_location[starts-with(@id,'{OUTDATED}')]")
}

/// Reads the answer to [`peer_query`].
///
/// # Errors
/// When the text is not such an answer.
pub fn parse_peer_record(xml: &str) -> Result<PeerRecord, ParseError> {
    let document = Document::parse(xml)
        .map_err(|e| ParseError::unexpected(PROGRAM, "XML", &format!("{e}: {xml}")))?;
    let root = document.root_element();
    let named = |name: &'static str| root.descendants().filter(move |n| n.has_tag_name(name));
    let cib = named("cib").next().ok_or(ParseError::Missing { program: PROGRAM, what: "cib" })?;
    let states: Vec<Node<'_, '_>> = named("node_state").collect();
    if states.len() > 1 {
        return Err(ParseError::unexpected(PROGRAM, "one node_state", xml));
    }
    let has_history = named("lrm").next().is_some();
    let drbd_stopped = named("lrm_rsc_op").any(is_stop);
    Ok(PeerRecord {
        quorate: cib.attribute("have-quorum") == Some("1"),
        state: states
            .first()
            .map(|state| node_state(*state, has_history, drbd_stopped))
            .transpose()?,
        outdated: named("rsc_location").filter_map(|n| marked(n.attribute("id")?)).collect(),
    })
}

fn marked(id: &str) -> Option<String> {
    id.strip_prefix(OUTDATED).map(str::to_owned)
}

/// Done, and with success.
fn is_stop(action: Node<'_, '_>) -> bool {
    [("id", LAST_OF_DRBD), ("operation", "stop"), ("rc-code", "0"), ("op-status", "0")]
        .iter()
        .all(|(name, value)| action.attribute(*name) == Some(value))
}

fn node_state(
    element: Node<'_, '_>,
    has_history: bool,
    drbd_stopped: bool,
) -> Result<NodeState, ParseError> {
    let text = |name| element.attribute(name).unwrap_or_default().to_owned();
    Ok(NodeState {
        in_membership: present(element, "in_ccm", "true", "false")?,
        online: present(element, "crmd", "online", "offline")?,
        join: text("join"),
        expected: text("expected"),
        has_history,
        drbd_stopped,
    })
}

fn present(
    element: Node<'_, '_>,
    name: &'static str,
    yes: &'static str,
    no: &'static str,
) -> Result<bool, ParseError> {
    let value = element.attribute(name);
    let value = value.ok_or(ParseError::Missing { program: PROGRAM, what: name })?;
    match value.parse::<u64>() {
        Ok(since) => Ok(since != 0),
        Err(_) if value == yes => Ok(true),
        Err(_) if value == no => Ok(false),
        Err(_) => Err(ParseError::unexpected(PROGRAM, yes, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form that cibadmin 2.1.5 prints for several matches.
    const FENCED: &str = r#"<xpath-query>
  <cib validate-with="pacemaker-3.9" epoch="9" have-quorum="1" dc-uuid="2"/>
  <rsc_location id="slurmha-outdated-ctl1" rsc="drbd-clone"/>
  <node_state id="1" uname="ctl1" in_ccm="false" crmd="offline" join="down" expected="down"/>
</xpath-query>"#;

    #[test]
    fn a_fenced_node_has_no_history() {
        let record = parse_peer_record(FENCED).unwrap();
        assert!(record.quorate);
        assert_eq!(record.outdated, ["ctl1"]);
        let state = record.state.unwrap();
        assert!(!state.in_membership && !state.online && !state.has_history);
        assert_eq!((state.join.as_str(), state.expected.as_str()), ("down", "down"));
    }

    #[test]
    fn a_node_has_left_only_when_drbd_was_stopped_there() {
        let with = |action: &str| {
            let text = FENCED.replace("</xpath-query>", &format!("<lrm/>{action}</xpath-query>"));
            parse_peer_record(&text).unwrap().state.unwrap()
        };
        let stop = r#"<lrm_rsc_op id="drbd_last_0" operation="stop" rc-code="0" op-status="0"/>"#;
        assert!(with(stop).has_left() && !with(stop).is_erased());
        for (from, to) in
            [("stop", "promote"), ("rc-code=\"0\"", "rc-code=\"1\""), ("us=\"0", "us=\"-1")]
        {
            assert!(!with(&stop.replace(from, to)).has_left(), "{to}");
        }
        assert!(!with("").has_left());
    }

    #[test]
    fn an_unseen_node_and_lost_quorum_are_read() {
        let alone = r#"<cib epoch="1" have-quorum="0"/>"#;
        assert_eq!(parse_peer_record(alone).unwrap(), PeerRecord::default());
    }

    #[test]
    fn times_of_later_versions_are_read() {
        let newer = FENCED.replace("false", "1700000000").replace("offline", "0");
        let state = parse_peer_record(&newer).unwrap().state.unwrap();
        assert!(state.in_membership && !state.online);
    }

    #[test]
    fn what_is_no_such_answer_is_an_error() {
        let odd = FENCED.replace("in_ccm=\"false\"", "in_ccm=\"perhaps\"");
        let twice = FENCED.replace("</xpath-query>", "<node_state/></xpath-query>");
        for text in ["", "<status/>", odd.as_str(), twice.as_str()] {
            assert!(parse_peer_record(text).is_err(), "{text}");
        }
    }
}
