// SPDX-License-Identifier: Apache-2.0
//! `crm_mon --output-as=xml --one-shot --inactive`.
//!
//! The document follows Pacemaker's published schema (crm_mon-2.25.rng in
//! 2.1.5); attributes that older or newer versions leave out are optional
//! here, everything else is required.

use roxmltree::{Document, Node};

use super::operations::without_instance_number;
use super::{
    ClusterBan, ClusterNode, ClusterResource, ClusterStatus, FencingEvent, ParseError,
    ResourceFailure,
};
use crate::watch::{REACH_ATTRIBUTE, REACHES_NOBODY};

const PROGRAM: &str = "crm_mon";

/// Pacemaker's `-INFINITY` as a number.
const MINUS_INFINITY: i64 = -1_000_000;

/// Reads the whole status document.
///
/// # Errors
/// When the text is not such a document, or when crm_mon says in it that it
/// has no connection to the cluster.
pub fn parse_crm_mon_xml(xml: &str) -> Result<ClusterStatus, ParseError> {
    let document = Document::parse(xml)
        .map_err(|e| ParseError::unexpected(PROGRAM, "XML", &format!("{e}: {xml}")))?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "pacemaker-result" | "crm_mon") {
        return Err(ParseError::unexpected(PROGRAM, "pacemaker-result", root.tag_name().name()));
    }
    refused(root)?;
    let summary = section(root, "summary")?;
    let dc = section(summary, "current_dc")?;
    let options = section(summary, "cluster_options")?;
    let dc_present = flag(dc, "present")?;
    Ok(ClusterStatus {
        dc: if dc_present { Some(attribute(dc, "name")?.to_owned()) } else { None },
        with_quorum: dc_present && flag(dc, "with_quorum")?,
        fencing_enabled: flag(options, "stonith-enabled")?,
        maintenance: flag(options, "maintenance-mode")?,
        nodes: nodes(root)?,
        resources: resources(root)?,
        failures: entries(root, "failures", "failure").map(failure).collect::<Result<_, _>>()?,
        fail_counts: super::operations::fail_counts(root),
        fencing: entries(root, "fence_history", "fence_event")
            .map(fencing)
            .collect::<Result<_, _>>()?,
        bans: bans(root)?,
        operations: super::operations::operations(root),
    })
}

/// Reads `stonith_admin --history NODE --verbose --output-as=xml`: the same
/// entries as in crm_mon's document, in a list of their own.
///
/// # Errors
/// When the text is not such a document, or when stonith_admin says in it
/// that it could not ask the fencer.
pub fn parse_fence_history(xml: &str) -> Result<Vec<FencingEvent>, ParseError> {
    const PROGRAM: &str = "stonith_admin";
    let document = Document::parse(xml)
        .map_err(|e| ParseError::unexpected(PROGRAM, "XML", &format!("{e}: {xml}")))?;
    let root = document.root_element();
    let status = children(root, "status").next();
    let status = status.ok_or(ParseError::Missing { program: PROGRAM, what: "status" })?;
    if status.attribute("code") != Some("0") {
        let message = status.attribute("message").unwrap_or("unknown error").to_owned();
        return Err(ParseError::Refused { program: PROGRAM, message });
    }
    root.descendants().filter(|n| n.has_tag_name("fence_event")).map(fencing).collect()
}

/// The answer when Pacemaker does not run: a status other than 0 and nothing
/// of what was asked for.
fn refused(root: Node<'_, '_>) -> Result<(), ParseError> {
    let Some(status) = children(root, "status").next() else { return Ok(()) };
    if status.attribute("code") == Some("0") {
        return Ok(());
    }
    let message = status.attribute("message").unwrap_or("unknown error").to_owned();
    Err(ParseError::Refused { program: PROGRAM, message })
}

fn nodes(root: Node<'_, '_>) -> Result<Vec<ClusterNode>, ParseError> {
    let mut nodes: Vec<ClusterNode> =
        children(section(root, "nodes")?, "node").map(node).collect::<Result<_, _>>()?;
    for attributes in entries(root, "node_attributes", "node") {
        let says_so = |it: Node<'_, '_>| {
            it.attribute("name") == Some(REACH_ATTRIBUTE)
                && it.attribute("value") == Some(REACHES_NOBODY)
        };
        let reaches_nobody = children(attributes, "attribute").any(says_so);
        let name = attribute(attributes, "name")?;
        nodes
            .iter_mut()
            .filter(|node| node.name == name)
            .for_each(|node| node.reaches_nobody = reaches_nobody);
    }
    Ok(nodes)
}

fn node(element: Node<'_, '_>) -> Result<ClusterNode, ParseError> {
    Ok(ClusterNode {
        name: attribute(element, "name")?.to_owned(),
        online: flag(element, "online")? && !flag(element, "pending")?,
        standby: flag(element, "standby")? || flag(element, "standby_onfail")?,
        maintenance: flag(element, "maintenance")?,
        unclean: flag(element, "unclean")?,
        pending: flag(element, "pending")?,
        reaches_nobody: false,
    })
}

/// Every primitive, however deep in clones, groups and bundles.
fn resources(root: Node<'_, '_>) -> Result<Vec<ClusterResource>, ParseError> {
    let mut found = Vec::new();
    // A cluster without any resource has no such section in some versions.
    for section in children(root, "resources") {
        for element in section.descendants().filter(|n| n.has_tag_name("resource")) {
            instances(element, &mut found)?;
        }
    }
    Ok(found)
}

/// One entry per place where the instance is active, one if it is nowhere.
fn instances(element: Node<'_, '_>, found: &mut Vec<ClusterResource>) -> Result<(), ParseError> {
    let id = attribute(element, "id")?;
    let instance = ClusterResource {
        id: without_instance_number(id).to_owned(),
        agent: attribute(element, "resource_agent")?.to_owned(),
        role: attribute(element, "role")?.to_owned(),
        node: None,
        failed: flag(element, "failed")?,
        managed: flag(element, "managed")?,
        blocked: optional_flag(element, "blocked")?,
    };
    let mut nodes = children(element, "node").peekable();
    if nodes.peek().is_none() {
        found.push(instance);
        return Ok(());
    }
    for node in nodes {
        let name = attribute(node, "name")?.to_owned();
        found.push(ClusterResource { node: Some(name), ..instance.clone() });
    }
    Ok(())
}

fn failure(element: Node<'_, '_>) -> Result<ResourceFailure, ParseError> {
    // `op_key` since 1.1; a failed action without one is known by its id.
    let operation = element.attribute("op_key").or_else(|| element.attribute("id"));
    let status = attribute(element, "status")?;
    let exit_status = attribute(element, "exitstatus")?;
    Ok(ResourceFailure {
        operation: operation
            .ok_or(ParseError::Missing { program: PROGRAM, what: "op_key of a failure" })?
            .to_owned(),
        node: attribute(element, "node")?.to_owned(),
        // "complete" only says that the agent ended; then its exit status
        // tells more. Otherwise (Timed Out, Error, ...) the status does.
        status: if status == "complete" { exit_status } else { status }.to_owned(),
        reason: element.attribute("exitreason").unwrap_or_default().to_owned(),
        when: element.attribute("last-rc-change").unwrap_or_default().to_owned(),
    })
}

fn fencing(element: Node<'_, '_>) -> Result<FencingEvent, ParseError> {
    let optional = |name| element.attribute(name).unwrap_or_default().to_owned();
    Ok(FencingEvent {
        action: attribute(element, "action")?.to_owned(),
        target: attribute(element, "target")?.to_owned(),
        // Nobody has been chosen yet while the action is pending.
        delegate: optional("delegate"),
        client: optional("client"),
        status: attribute(element, "status")?.to_owned(),
        completed: optional("completed"),
    })
}

/// What the list calls a ban is any score below zero (pe_output.c of 2.1,
/// `ban_list`); a finite one is a wish, and keeps nothing off. Where no score is
/// printed it counts as a ban.
fn bans(root: Node<'_, '_>) -> Result<Vec<ClusterBan>, ParseError> {
    let keeps_off = |element: &Node<'_, '_>| {
        let weight = element.attribute("weight").and_then(|weight| weight.parse::<i64>().ok());
        weight.is_none_or(|weight| weight <= MINUS_INFINITY)
    };
    entries(root, "bans", "ban").filter(keeps_off).map(ban).collect()
}

fn ban(element: Node<'_, '_>) -> Result<ClusterBan, ParseError> {
    Ok(ClusterBan {
        id: attribute(element, "id")?.to_owned(),
        resource: attribute(element, "resource")?.to_owned(),
        node: attribute(element, "node")?.to_owned(),
        // Called master_only before 2.1.
        promoted_only: optional_flag(element, "promoted-only")?
            || optional_flag(element, "master_only")?,
    })
}

/// Entries of a section that is left out when it would be empty.
fn entries<'a, 'i>(
    root: Node<'a, 'i>,
    section: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    children(root, section).flat_map(move |section| children(section, name))
}

fn children<'a, 'i>(
    parent: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    parent.children().filter(move |n| n.has_tag_name(name))
}

fn section<'a, 'i>(parent: Node<'a, 'i>, name: &'static str) -> Result<Node<'a, 'i>, ParseError> {
    children(parent, name).next().ok_or(ParseError::Missing { program: PROGRAM, what: name })
}

fn attribute<'a>(element: Node<'a, '_>, name: &'static str) -> Result<&'a str, ParseError> {
    element.attribute(name).ok_or(ParseError::Missing { program: PROGRAM, what: name })
}

fn flag(element: Node<'_, '_>, name: &'static str) -> Result<bool, ParseError> {
    match attribute(element, name)? {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(ParseError::unexpected(PROGRAM, "true or false", other)),
    }
}

fn optional_flag(element: Node<'_, '_>, name: &'static str) -> Result<bool, ParseError> {
    if element.has_attribute(name) { flag(element, name) } else { Ok(false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::FailCount;

    /// crm_mon 2.1.5 (Debian 12) on the sample CIB dc-fence-ordering of
    /// Pacemaker's own scheduler tests: the DC failed to stop a service and
    /// waits to be fenced.
    const UNCLEAN: &str = include_str!("../../tests/fixtures/observe/crm_mon-unclean-promoted.xml");
    /// crm_mon 2.1.5 on the sample CIB of Pacemaker's own crm_mon tests:
    /// bundles, groups in clones, a remote node, a ban.
    const BUNDLES: &str = include_str!("../../tests/fixtures/observe/crm_mon-bundles-ban.xml");
    /// crm_mon 2.1.5 where Pacemaker does not run.
    const NOT_CONNECTED: &str =
        include_str!("../../tests/fixtures/observe/crm_mon-not-connected.xml");

    /// crm_mon 2.1.5 on a running cluster of slurmha's, minutes after the
    /// power loss of one controller.
    const FAILED_OVER: &str = include_str!("../../tests/fixtures/observe/crm_mon-failed-over.xml");

    /// The same cluster when the machine that was fenced had rejoined.
    const HEALTHY: &str = include_str!("../../tests/fixtures/observe/crm_mon-healthy.xml");

    #[test]
    fn a_running_cluster_in_good_health_is_read() {
        let status = parse_crm_mon_xml(HEALTHY).unwrap();
        assert!(status.nodes.iter().all(|n| n.online && !n.unclean && !n.standby));
        assert!(status.resources.iter().all(|r| r.node.is_some() && !r.failed && !r.blocked));
        assert_eq!(status.failures, []);
        assert_eq!(ban_ids(&status), ["fence-ctl2-not-on-ctl2", "fence-ctl1-not-on-ctl1"]);
    }

    #[test]
    fn a_controller_that_reaches_nobody_says_so() {
        let said = |value: &str| {
            let attribute = format!(r#"<attribute name="slurmha-reach" value="{value}"/>"#);
            let at = "<node_attributes>\n    <node name=\"ctl1\">";
            assert!(HEALTHY.contains(at));
            let status = parse_crm_mon_xml(&HEALTHY.replace(at, &format!("{at}{attribute}")));
            status.unwrap().nodes.into_iter().map(|node| node.reaches_nobody).collect::<Vec<_>>()
        };
        assert_eq!(said("0"), [true, false]);
        assert_eq!(said("1"), [false, false]);
    }

    /// `pcs constraint location slurmctld avoids ctl2=100`.
    #[test]
    fn a_wish_is_no_ban() {
        let weight = |weight: &str| {
            let text = BUNDLES.replace("weight=\"-1000000\"", weight);
            parse_crm_mon_xml(&text).unwrap().bans.len()
        };
        assert_eq!(weight("weight=\"-1000000\""), 1);
        assert_eq!(weight("weight=\"-100\""), 0);
        assert_eq!(weight(""), 1);
    }

    fn ban_ids(status: &ClusterStatus) -> Vec<&str> {
        status.bans.iter().map(|ban| ban.id.as_str()).collect()
    }

    #[test]
    fn a_running_cluster_after_a_failover_is_read() {
        let status = parse_crm_mon_xml(FAILED_OVER).unwrap();
        assert_eq!(status.dc.as_deref(), Some("ctl2"));
        let online: Vec<_> = status.nodes.iter().map(|n| (n.name.as_str(), n.online)).collect();
        assert_eq!(online, [("ctl1", false), ("ctl2", true)]);
        let drbd: Vec<_> = status.resources.iter().filter(|r| r.id == "drbd").collect();
        assert_eq!((drbd[0].role.as_str(), drbd[0].node.as_deref()), ("Promoted", Some("ctl2")));
        assert_eq!((drbd[1].role.as_str(), drbd[1].node.as_deref()), ("Stopped", None));
        let vip = status.resources.iter().find(|r| r.id == "vip").unwrap();
        assert_eq!((vip.role.as_str(), vip.agent.as_str()), ("Started", "ocf:heartbeat:IPaddr2"));
        assert_eq!(
            status.fencing,
            [FencingEvent {
                action: "off".to_owned(),
                target: "ctl1".to_owned(),
                delegate: "ctl2".to_owned(),
                client: "pacemaker-controld.652".to_owned(),
                status: "success".to_owned(),
                completed: "2026-11-25 07:51:19Z".to_owned(),
            }]
        );
        assert_eq!(
            ban_ids(&status),
            [
                "drbd-fence-by-handler-slurm_data-rule-drbd-clone",
                "fence-ctl2-not-on-ctl2",
                "fence-ctl1-not-on-ctl1"
            ]
        );
        let handler = &status.bans[0];
        assert_eq!((handler.node.as_str(), handler.promoted_only), ("ctl1", true));
    }

    #[test]
    fn an_unclean_node_and_its_failure_are_read() {
        let status = parse_crm_mon_xml(UNCLEAN).unwrap();
        assert_eq!(status.dc.as_deref(), Some("rhel7-1"));
        assert!(status.with_quorum && status.fencing_enabled && !status.maintenance);
        let unclean: Vec<_> = status.nodes.iter().filter(|n| n.unclean).collect();
        assert_eq!(unclean.len(), 1);
        assert_eq!((unclean[0].name.as_str(), unclean[0].online), ("rhel7-1", true));
        assert!(!status.nodes[2].online);
        assert_eq!(
            status.failures,
            [ResourceFailure {
                operation: "petulant_stop_0".to_owned(),
                node: "rhel7-1".to_owned(),
                status: "Timed Out".to_owned(),
                reason: String::new(),
                when: "2018-11-28 18:35:41Z".to_owned(),
            }]
        );
        assert_eq!(ban_ids(&status), ["connected"; 5]);
    }

    #[test]
    fn a_resource_that_has_failed_is_counted_on_its_node() {
        assert_eq!(parse_crm_mon_xml(HEALTHY).unwrap().fail_counts, []);
        let counts = |written: &str| {
            let at = "<resource_history id=\"slurmctld\" orphan=\"false\"";
            assert!(FAILED_OVER.contains(at));
            let said = format!("{at} fail-count=\"{written}\"");
            parse_crm_mon_xml(&FAILED_OVER.replacen(at, &said, 1)).unwrap().fail_counts
        };
        let two = counts("2");
        assert_eq!(
            two.iter()
                .map(|it| (it.resource.as_str(), it.node.as_str(), it.count))
                .collect::<Vec<_>>(),
            [("slurmctld", "ctl2", 2)]
        );
        assert_eq!(counts("INFINITY")[0].count, FailCount::INFINITY);
        assert_eq!(counts("0"), []);
    }

    #[test]
    fn every_instance_of_a_promotable_clone_is_read() {
        let status = parse_crm_mon_xml(UNCLEAN).unwrap();
        let instances: Vec<_> = status
            .resources
            .iter()
            .filter(|r| r.id == "stateful-1")
            .map(|r| (r.role.as_str(), r.node.as_deref()))
            .collect();
        assert_eq!(
            instances,
            [
                ("Unpromoted", Some("rhel7-5")),
                ("Promoted", Some("rhel7-1")),
                ("Unpromoted", Some("rhel7-2")),
                ("Unpromoted", Some("rhel7-4")),
                ("Stopped", None),
            ]
        );
        let failed: Vec<_> = status.resources.iter().filter(|r| r.failed).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].agent, "service:pacemaker-cts-dummyd@10");
    }

    #[test]
    fn resources_inside_bundles_and_cloned_groups_are_found() {
        let status = parse_crm_mon_xml(BUNDLES).unwrap();
        let ids: Vec<_> = status.resources.iter().map(|r| r.id.as_str()).collect();
        assert!(ids.contains(&"httpd") && ids.contains(&"mysql-proxy"), "{ids:?}");
        assert_eq!(ban_ids(&status), ["not-on-cluster1"]);
        assert_eq!(status.fencing, []);
    }

    #[test]
    fn no_cluster_is_said_in_crm_mons_own_words() {
        let error = parse_crm_mon_xml(NOT_CONNECTED).unwrap_err().to_string();
        assert_eq!(error, "crm_mon says: Not connected");
    }

    #[test]
    fn the_fencers_history_is_read() {
        let history = r#"<pacemaker-result api-version="2.25" request="stonith_admin">
  <list name="fencing history" count="1">
    <fence_event action="off" target="ctl1" client="pacemaker-controld.652" origin="ctl2"
      status="success" delegate="ctl2" completed="2026-11-25 07:51:19Z"/>
  </list>
  <status code="0" message="OK"/>
</pacemaker-result>"#;
        let events = parse_fence_history(history).unwrap();
        assert_eq!(events, parse_crm_mon_xml(FAILED_OVER).unwrap().fencing);
        let refused = r#"<pacemaker-result><status code="102" message="Not connected"/>
            </pacemaker-result>"#;
        let error = parse_fence_history(refused).unwrap_err().to_string();
        assert_eq!(error, "stonith_admin says: Not connected");
        assert!(parse_fence_history("<pacemaker-result/>").is_err());
        assert!(parse_fence_history("").is_err());
    }

    #[test]
    fn what_is_no_such_document_is_an_error() {
        let cut_short = &UNCLEAN[..UNCLEAN.len() / 2];
        let odd_flag = UNCLEAN.replacen("unclean=\"true\"", "unclean=\"perhaps\"", 1);
        let no_nodes = "<pacemaker-result><summary><current_dc present=\"false\"/>\
             <cluster_options stonith-enabled=\"true\" maintenance-mode=\"false\"/>\
             </summary></pacemaker-result>";
        for (text, part) in [
            ("", "expected XML"),
            (cut_short, "expected XML"),
            ("<html/>", "found \"html\""),
            (odd_flag.as_str(), "expected true or false, found \"perhaps\""),
            (no_nodes, "the output has no nodes"),
        ] {
            let error = parse_crm_mon_xml(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
