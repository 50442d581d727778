// SPDX-License-Identifier: Apache-2.0
//! A cluster that is only a CIB, and Pacemaker's own tools on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use slurmha_core::desired::configuration;
use slurmha_core::render::cib::ACTIVE_RESOURCES;
use slurmha_core::site::{self, Site};

const SITE: &str = include_str!("../../../../examples/lab/site.toml");

pub struct Cluster {
    pub directory: tempfile::TempDir,
}

impl Cluster {
    /// Two controllers that have just joined, then everything started.
    pub fn formed() -> Self {
        let cluster = Self { directory: tempfile::tempdir().expect("a directory") };
        std::fs::write(cluster.cib(), joined(&site())).expect("the CIB is written");
        let formed = cluster.directory.path().join("formed.xml");
        cluster.simulate(&["--simulate", "--save-output", &formed.to_string_lossy()]);
        std::fs::rename(formed, cluster.cib()).expect("the formed CIB takes its place");
        cluster
    }

    pub fn cib(&self) -> PathBuf {
        self.directory.path().join("cib.xml")
    }

    pub fn simulate(&self, arguments: &[&str]) -> String {
        run("crm_simulate", &self.cib(), arguments)
    }

    /// Changes the CIB's text, which must have what is to be changed.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.cib()).expect("the CIB");
        assert!(text.contains(from), "{from}");
        std::fs::write(self.cib(), text.replace(from, to)).expect("the CIB is written");
    }

    /// What happens after the event, without what was there before it.
    pub fn after(&self, event: &[&str]) -> String {
        let output = self.simulate(&[&["--simulate"], event].concat());
        let (_, reaction) = output.split_once("Transition Summary:").expect("a transition");
        assert_one_place_each(reaction);
        reaction.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

pub fn site() -> Site {
    site::parse("site.toml", SITE).expect("the lab's site file is valid").0
}

/// The CIB of a cluster whose DRBD has told both sides that they may be
/// promoted (the agent's `master-drbd` attribute) and where nothing runs yet.
pub fn joined(site: &Site) -> String {
    joined_with(site, &configuration(site))
}

/// The same with another configuration.
pub fn joined_with(site: &Site, configuration: &str) -> String {
    let mut nodes = String::new();
    let mut states = String::new();
    for (index, controller) in site.controllers.iter().enumerate() {
        let (id, name) = (index + 1, &controller.name);
        nodes.push_str(&format!(r#"<node id="{id}" uname="{name}"/>"#));
        states.push_str(&format!(
            r#"<node_state id="{id}" uname="{name}" in_ccm="true" crmd="online" join="member"
                 expected="member"><transient_attributes id="{id}">
                 <instance_attributes id="status-{id}"><nvpair id="status-{id}-master-drbd"
                 name="master-drbd" value="10000"/></instance_attributes>
                 </transient_attributes><lrm id="{id}"><lrm_resources/></lrm></node_state>"#
        ));
    }
    let configuration = configuration
        .replace("</configuration>", &format!("<nodes>{nodes}</nodes></configuration>"));
    format!(
        r#"<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"
             have-quorum="1" dc-uuid="1">{configuration}<status>{states}</status></cib>"#
    )
}

#[allow(clippy::disallowed_methods, reason = "Pacemaker's own tools are asked")]
pub fn run(program: &str, cib: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .arg("--xml-file")
        .arg(cib)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; install pacemaker-cli-utils"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

/// In the status after the event, each resource is in at most one place.
pub fn assert_one_place_each(reaction: &str) {
    let (_, status) = reaction.split_once("Revised Cluster Status:").expect("a status");
    for id in ACTIVE_RESOURCES {
        let lines: Vec<&str> =
            status.lines().filter(|l| l.trim_start().starts_with(&format!("* {id}\t"))).collect();
        assert_eq!(lines.len(), 1, "{id}: {status}");
        assert!(!lines[0].contains('['), "{id} runs in more than one place: {}", lines[0]);
    }
    let promoted = status.lines().find(|l| l.contains("* Promoted:"));
    let count = promoted.map_or(0, |line| line.matches("ctl").count());
    assert!(count <= 1, "{promoted:?}");
}

pub fn crm_resource(cluster: &Cluster, arguments: &[&str]) {
    on_configuration("crm_resource", cluster, arguments);
}

/// A tool of Pacemaker 2.1.5 on the simulated cluster's configuration.
#[allow(clippy::disallowed_methods, reason = "Pacemaker's own tools are asked")]
pub fn on_configuration(program: &str, cluster: &Cluster, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .env("CIB_file", cluster.cib())
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; install pacemaker-cli-utils"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
