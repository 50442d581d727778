// SPDX-License-Identifier: Apache-2.0
//! Corosync, Pacemaker and what it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use slurmha_core::xml::Element;
use slurmha_core::{layout, slurm_conf};

use super::programs::Answer;
use super::state::State;

/// A CIB as Pacemaker makes it by itself.
const FIRST_CIB: &str = r#"<cib crm_feature_set="3.16.2" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="cib-bootstrap-options-dc-version" name="dc-version" value="2.1.5"/></cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration><status/></cib>"#;

/// `CRM_EX_OLD`, `CRM_EX_NOSUCH`, `CRM_EX_DISCONNECT`.
const OLD: i32 = 103;
const NO_SUCH: i32 = 105;
const DISCONNECTED: i32 = 102;

pub(super) struct Cluster {
    peer: String,
    cib: String,
    /// How often somebody else still gets in between.
    pub(super) disturbances: u32,
    /// Resources that do not start, and why.
    pub(super) broken: BTreeMap<String, String>,
}

impl Cluster {
    pub(super) fn new(peer: &str) -> Self {
        Self {
            peer: peer.to_owned(),
            cib: FIRST_CIB.to_owned(),
            disturbances: 0,
            broken: BTreeMap::new(),
        }
    }

    fn bump_epoch(&mut self) {
        let epoch = epoch_of(&self.cib);
        let (old, new) = (format!(" epoch=\"{epoch}\""), format!(" epoch=\"{}\"", epoch + 1));
        self.cib = self.cib.replacen(&old, &new, 1);
    }
}

fn epoch_of(cib: &str) -> u64 {
    let after = cib.split_once(" epoch=\"").map_or("", |(_, after)| after);
    after.split('"').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

impl State {
    pub(super) fn quorumtool(&self) -> Answer {
        if !self.is_active("corosync.service") {
            return Answer::fails(1, "Cannot initialize QUORUM service");
        }
        Answer::says(&format!(
            "Ring ID: 1.5\nQuorate: Yes\nExpected votes: 2\nTotal votes: 2\nFlags: Quorate\n\
             1 1 {} (local)\n",
            self.hostname
        ))
    }

    pub(super) fn cibadmin(&mut self, arguments: &[String]) -> Answer {
        if !self.is_active("pacemaker.service") {
            return Answer::fails(DISCONNECTED, "Transport endpoint is not connected");
        }
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["--query"] => {
                let answer = Answer::says(&self.cluster.cib);
                if self.cluster.disturbances > 0 {
                    self.cluster.disturbances -= 1;
                    self.cluster.bump_epoch();
                }
                answer
            }
            // The only question of that kind is for the DRBD resource.
            ["--query", "--xpath", _] if self.cluster.cib.contains("\"drbd_resource\"") => {
                Answer::says("<nvpair/>")
            }
            // Nobody moves anything by hand there.
            ["--query", "--local", "--xpath", _] | ["--query", "--xpath", _] => {
                Answer::fails(NO_SUCH, "No such device or address")
            }
            ["--patch", "--sync-call", "--xml-file", path] => self.apply_patch(path),
            _ => Answer::fails(64, "usage"),
        }
    }

    /// Our patches are the epoch they were made against and the new CIB.
    fn apply_patch(&mut self, path: &str) -> Answer {
        let text = self.text(path);
        let Some((epoch, cib)) = text.split_once('\n') else { return Answer::fails(78, "bad") };
        if epoch != epoch_of(&self.cluster.cib).to_string() {
            return Answer::fails(OLD, "Update was older than existing configuration");
        }
        self.cluster.cib = cib.to_owned();
        if !self.runs("slurmctld") {
            self.scheduler_nodes = None;
        }
        Answer::ok()
    }

    pub(super) fn crm_diff(&self, arguments: &[String]) -> Answer {
        let value = |flag: &str| {
            let at = arguments.iter().position(|argument| argument == flag)?;
            arguments.get(at + 1).map(|path| self.text(path))
        };
        let (old, new) = (value("--original"), value("--new"));
        if old == new {
            return Answer::ok();
        }
        let epoch = epoch_of(&old.unwrap_or_default());
        Answer::ends(1, &format!("{epoch}\n{}", new.unwrap_or_default()))
    }

    pub(super) fn crm_mon(&self) -> Answer {
        if !self.is_active("pacemaker.service") {
            let text = "<pacemaker-result><status code=\"102\" message=\"Not connected\"/>\
                        </pacemaker-result>";
            return Answer::ends(DISCONNECTED, text);
        }
        Answer::says(&self.status_document())
    }

    fn status_document(&self) -> String {
        let (here, there) = (&self.hostname, &self.cluster.peer);
        let mut text = format!(
            "<pacemaker-result><summary>\
             <current_dc present=\"true\" name=\"{here}\" with_quorum=\"true\"/>\
             <cluster_options stonith-enabled=\"true\" maintenance-mode=\"false\"/></summary>\
             <nodes>"
        );
        for name in [here, there] {
            let _ = write!(
                text,
                "<node name=\"{name}\" online=\"true\" standby=\"false\" \
                 standby_onfail=\"false\" maintenance=\"false\" pending=\"false\" \
                 unclean=\"false\"/>"
            );
        }
        text.push_str("</nodes><resources>");
        for (id, role) in self.resource_roles() {
            let _ = write!(
                text,
                "<resource id=\"{id}\" resource_agent=\"x\" role=\"{role}\" managed=\"true\" \
                 failed=\"false\">"
            );
            if role != "Stopped" {
                let _ = write!(text, "<node name=\"{here}\"/>");
            }
            text.push_str("</resource>");
        }
        text.push_str("</resources><failures>");
        for (id, reason) in &self.cluster.broken {
            let _ = write!(
                text,
                "<failure op_key=\"{id}_start_0\" node=\"{here}\" status=\"complete\" \
                 exitstatus=\"error\" exitreason=\"{reason}\"/>"
            );
        }
        text.push_str("</failures></pacemaker-result>");
        text
    }

    /// Every primitive of the configuration with the role it has.
    pub(super) fn resource_roles(&self) -> Vec<(String, &'static str)> {
        let Ok(cib) = Element::parse(&self.cluster.cib) else { return Vec::new() };
        let mut primitives = Vec::new();
        collect_primitives(&cib, false, &mut primitives);
        let roles = primitives.into_iter().map(|(primitive, promotable)| {
            let stopped = self.cluster.broken.contains_key(primitive.id())
                || primitive.to_xml().contains("value=\"Stopped\"");
            let role = match (stopped, promotable) {
                (true, _) => "Stopped",
                (false, true) => "Promoted",
                (false, false) => "Started",
            };
            (primitive.id().to_owned(), role)
        });
        roles.collect()
    }

    pub(super) fn runs(&self, resource: &str) -> bool {
        self.resource_roles().iter().any(|(id, role)| id == resource && *role != "Stopped")
    }

    pub(super) fn scontrol(&self, arguments: &[String]) -> Answer {
        match (arguments.first().map(String::as_str), self.runs("slurmctld")) {
            (Some("ping"), true) => {
                Answer::says(&format!("Slurmctld(primary) at {} is UP\n", self.hostname))
            }
            (Some("ping"), false) => {
                let text = format!("Slurmctld(primary) at {} is DOWN\n", self.hostname);
                Answer::ends(1, &text)
            }
            (Some("reconfigure"), true) if self.has_other_nodes() => {
                Answer::fails(1, "slurm_reconfigure error: Zero Bytes were transmitted or received")
            }
            (Some("reconfigure" | "create" | "delete"), true) => Answer::ok(),
            (Some("--oneliner"), true) => {
                let nodes = self.scheduler_nodes.clone().unwrap_or_else(|| self.nodes_of_file());
                Answer::says(
                    &nodes.iter().map(|it| format!("NodeName={it} \n")).collect::<String>(),
                )
            }
            _ => Answer::fails(1, "slurm_reconfigure error: Unable to contact slurm controller"),
        }
    }

    fn nodes_of_file(&self) -> BTreeSet<String> {
        slurm_conf::nodes(&self.text(layout::SLURM_CONF))
    }

    /// slurmctld of 22.05 ends itself then.
    fn has_other_nodes(&self) -> bool {
        self.scheduler_nodes.as_ref().is_some_and(|nodes| *nodes != self.nodes_of_file())
    }

    pub(super) fn sacctmgr(&mut self, arguments: &[String]) -> Answer {
        if !self.runs("slurmdbd") {
            return Answer::fails(1, "sacctmgr: error: ... Connection refused");
        }
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [.., "add", "cluster", name] => {
                self.registered.insert((*name).to_owned());
                Answer::ok()
            }
            _ => {
                Answer::says(&self.registered.iter().map(|c| format!("{c}\n")).collect::<String>())
            }
        }
    }
}

fn collect_primitives<'a>(
    element: &'a Element,
    promotable: bool,
    found: &mut Vec<(&'a Element, bool)>,
) {
    if element.name == "primitive" {
        found.push((element, promotable));
    }
    for child in &element.children {
        collect_primitives(child, promotable || element.name == "clone", found);
    }
}
