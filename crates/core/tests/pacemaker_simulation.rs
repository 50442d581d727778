// SPDX-License-Identifier: Apache-2.0
//! What the generated configuration does in each failure, answered by
//! Pacemaker's own scheduler without any machine.
//!
//! `crm_simulate` forms the cluster from nothing, then one event is injected
//! and the golden file says what moves and in which order. Whatever the
//! event, nothing may be left running on two controllers.

#[path = "pacemaker_simulation/cluster.rs"]
mod cluster;
#[path = "pacemaker_simulation/reach.rs"]
mod reach;

use cluster::{
    Cluster, assert_one_place_each, crm_resource, joined, joined_with, on_configuration, run, site,
};
use jiff::Timestamp;
use slurmha_core::desired::configuration;
use slurmha_core::fence_peer::{mark_element, mark_id};
use slurmha_core::observe::{parse_peer_record, peer_query};
use slurmha_core::plan::cib::with_target_role;
use slurmha_core::plan::restart::stop_until;
use slurmha_core::render::cib::ACTIVE_RESOURCES;
use slurmha_core::xml::Element;

#[test]
fn pacemaker_finds_no_fault_in_the_configuration() {
    let cluster = Cluster::formed();
    assert_eq!(run("crm_verify", &cluster.cib(), &["-VV"]), "");
}

/// A new cluster begins without its scheduler.
#[test]
fn pacemaker_finds_no_fault_in_a_configuration_with_a_resource_held_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let cib = directory.path().join("cib.xml");
    for id in ACTIVE_RESOURCES {
        let wanted = Element::parse(&configuration(&site())).expect("XML");
        let held = with_target_role(&wanted, id, "Stopped").to_xml();
        std::fs::write(&cib, joined_with(&site(), &held)).expect("the CIB is written");
        assert_eq!(run("crm_verify", &cib, &["-VV"]), "", "{id}");
    }
}

#[test]
fn a_new_cluster_forms() {
    let directory = tempfile::tempdir().expect("a directory");
    let cib = directory.path().join("cib.xml");
    std::fs::write(&cib, joined(&site())).expect("the CIB is written");
    let output = run("crm_simulate", &cib, &["--simulate"]);
    let (_, reaction) = output.split_once("Transition Summary:").expect("a transition");
    assert_one_place_each(reaction);
    insta::assert_snapshot!(reaction.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_formed_cluster_stays_as_it_is() {
    let output = Cluster::formed().simulate(&["--simulate"]);
    let (_, reaction) = output.split_once("Transition Summary:").expect("a transition");
    let (summary, _) = reaction.split_once("Executing Cluster Transition:").expect("actions");
    assert_eq!(summary.trim(), "");
}

#[test]
fn the_active_controller_is_lost() {
    insta::assert_snapshot!(Cluster::formed().after(&["--node-fail", "ctl1"]));
}

#[test]
fn the_passive_controller_is_lost() {
    insta::assert_snapshot!(Cluster::formed().after(&["--node-fail", "ctl2"]));
}

#[test]
fn quorum_is_lost() {
    let cluster = Cluster::formed();
    cluster.edit(r#"have-quorum="1""#, r#"have-quorum="0""#);
    insta::assert_snapshot!(cluster.after(&[]));
}

/// A resource that fails once is started again where it is, with what
/// depends on it and nothing else.
#[test]
fn each_resource_fails_once() {
    for id in ACTIVE_RESOURCES {
        let event = format!("{id}_monitor_10000@ctl1=7");
        let reaction = Cluster::formed().after(&["--op-inject", &event]);
        insta::assert_snapshot!(format!("{id}_fails_once"), reaction);
    }
}

/// `apply` restarts what has to read another file. Nothing of it is left when its
/// time is over, whoever takes over meanwhile.
#[test]
fn a_restart_stops_what_needs_the_resource_and_ends_by_itself() {
    let date = |text: &str| text.parse::<Timestamp>().expect("a date");
    for (id, expected) in
        [("slurmctld", vec!["slurmctld"]), ("mariadb", vec!["mariadb", "slurmdbd"])]
    {
        let cluster = Cluster::formed();
        let formed = std::fs::read_to_string(cluster.cib()).expect("the CIB");
        let stopped_until = |end| {
            let cib = stop_until(&formed, id, end).expect("a CIB");
            std::fs::write(cluster.cib(), cib).expect("the CIB is written");
            assert_eq!(run("crm_verify", &cluster.cib(), &["-VV"]), "");
            let reaction = cluster.after(&[]);
            let (summary, _) = reaction.split_once("Executing").expect("actions");
            let stops: Vec<&str> = summary.lines().filter(|l| l.contains("* Stop ")).collect();
            let is_one = |id: &&str| stops.iter().any(|line| line.contains(&format!(" {id} ")));
            let mut named: Vec<&str> = ACTIVE_RESOURCES.into_iter().filter(is_one).collect();
            assert_eq!(named.len(), stops.len(), "{summary}");
            named.sort_unstable();
            named
        };
        assert_eq!(stopped_until(date("2099-01-01T00:00:00Z")), expected);
        assert_eq!(stopped_until(date("2001-01-01T00:00:00Z")), [""; 0]);
    }
}

/// What `crm_resource --fail` makes of an exit or a hang: an operation that
/// nobody scheduled, `asyncmon`.
#[test]
fn a_reported_failure_is_treated_like_a_found_one() {
    for id in ["slurmctld", "slurmdbd", "mariadb"] {
        let found = format!("{id}_monitor_10000@ctl1=7");
        let reported = format!("{id}_asyncmon_0@ctl1=1");
        assert_eq!(
            Cluster::formed().after(&["--op-inject", &reported]),
            Cluster::formed().after(&["--op-inject", &found]),
        );
    }
}

/// One failure counts up to three: twice as it is reported, once more when the monitor finds
/// it before the daemon was stopped. Two are at least four.
#[test]
fn a_daemon_is_started_again_where_it_failed_and_moves_when_it_fails_twice() {
    let score = r#"<nvpair id="status-1-master-drbd""#;
    for id in ["slurmctld", "slurmdbd", "mariadb"] {
        let place = |counted: u32| {
            let cluster = Cluster::formed();
            let count = format!(
                r#"<nvpair id="count" name="fail-count-{id}#monitor_10000" value="{counted}"/>"#
            );
            cluster.edit(score, &format!("{count}{score}"));
            // Or they are counted under names of long ago (failcounts.c, `generate_fail_regexes`).
            cluster.edit("<cib ", r#"<cib crm_feature_set="3.16.1" "#);
            // It adds one itself.
            let reaction = cluster.after(&["--op-inject", &format!("{id}_asyncmon_0@ctl1=1")]);
            reaction.contains("Promoted: [ ctl1 ]")
        };
        assert!(place(2), "{id} moved after one failure");
        assert!(!place(3), "{id} stayed after two failures");
    }
}

/// Why nothing is reported in maintenance mode: the failure is kept, and the
/// daemon that an administrator has long started again is stopped when the
/// mode ends.
#[test]
fn a_failure_reported_in_maintenance_mode_costs_a_restart_when_the_mode_ends() {
    let (on, off) = (r#"name="maintenance-mode" value="true"/>"#, r#"name="maintenance-mode"/>"#);
    let cluster = Cluster::formed();
    let property = r#"name="no-quorum-policy" value="stop"/>"#;
    cluster.edit(property, &format!(r#"{property}<nvpair id="mode" {on}"#));
    let after = cluster.directory.path().join("after.xml");
    let report = ["--op-inject", "slurmctld_asyncmon_0@ctl1=1"];
    let save = ["--simulate", "--save-output", &after.to_string_lossy()];
    let reaction = cluster.simulate(&[&report[..], &save[..]].concat());
    assert!(!reaction.contains("slurmctld       stop"), "{reaction}");
    std::fs::rename(after, cluster.cib()).expect("the CIB after the report");
    cluster.edit(on, off);
    let reaction = cluster.after(&[]);
    assert!(reaction.contains("slurmctld       stop on ctl1"), "{reaction}");
}

/// Why nothing is reported where Pacemaker has not started the daemon: a
/// failure says that it ran there, and what runs on two machines is stopped
/// on both.
#[test]
fn a_failure_reported_where_nothing_runs_stops_the_daemon_where_it_does() {
    let cluster = Cluster::formed();
    let output = cluster.simulate(&["--simulate", "--op-inject", "slurmctld_asyncmon_0@ctl2=1"]);
    assert!(output.contains("slurmctld       stop on ctl1"), "{output}");
}

#[test]
fn drbd_fails_on_the_active_controller() {
    let reaction = Cluster::formed().after(&["--op-inject", "drbd_monitor_20000@ctl1=1"]);
    insta::assert_snapshot!(reaction);
}

#[test]
fn a_daemon_that_cannot_be_stopped_costs_its_machine_the_power() {
    let cluster = Cluster::formed();
    let reaction = cluster.after(&[
        "--op-inject",
        "slurmctld_monitor_10000@ctl1=7",
        "--op-inject",
        "slurmctld_stop_0@ctl1=1",
    ]);
    assert!(reaction.contains("Fence (off) ctl1"), "{reaction}");
}

#[test]
fn standby_moves_everything_without_a_fence() {
    let cluster = Cluster::formed();
    cluster.edit(
        r#"<node id="1" uname="ctl1"/>"#,
        r#"<node id="1" uname="ctl1"><instance_attributes id="n1"><nvpair id="n1-standby"
           name="standby" value="on"/></instance_attributes></node>"#,
    );
    let reaction = cluster.after(&[]);
    assert!(!reaction.contains("Fencing"));
    insta::assert_snapshot!(reaction);
}

/// As the fence-peer handler does it.
fn mark_ctl2(cluster: &Cluster) {
    let mark = mark_element("ctl2").to_xml();
    let arguments =
        ["--modify", "--allow-create", "--scope", "constraints", "--xml-text", mark.trim_end()];
    on_configuration("cibadmin", cluster, &arguments);
}

/// A link is cut, the active controller writes on alone, and then it dies:
/// the other one has old data and must not take over.
#[test]
fn a_side_that_is_marked_as_outdated_is_not_promoted() {
    let cluster = Cluster::formed();
    mark_ctl2(&cluster);
    let reaction = cluster.after(&["--node-fail", "ctl1"]);
    assert!(reaction.contains("Fence (off) ctl1"), "{reaction}");
    assert!(!reaction.contains("Promoted: ["), "{reaction}");
    assert!(reaction.contains("Unpromoted: [ ctl2 ]"), "{reaction}");
}

/// DRBD runs on, so that it can get the new data, and nothing moves.
#[test]
fn the_mark_itself_moves_nothing() {
    let cluster = Cluster::formed();
    mark_ctl2(&cluster);
    let reaction = cluster.after(&[]);
    let (summary, status) = reaction.split_once("Executing Cluster Transition:").expect("actions");
    assert_eq!(summary.trim(), "");
    assert!(status.contains("Promoted: [ ctl1 ]"), "{status}");
    assert!(status.contains("Unpromoted: [ ctl2 ]"), "{status}");
}

/// The handler's one query, answered by cibadmin.
#[test]
fn the_record_of_a_peer_is_what_cibadmin_prints() {
    let cluster = Cluster::formed();
    mark_ctl2(&cluster);
    let record = |peer| {
        let query = peer_query(peer);
        let arguments = ["--query", "--local", "--no-children", "--xpath", &query];
        parse_peer_record(&on_configuration("cibadmin", &cluster, &arguments)).expect("a record")
    };
    let ctl2 = record("ctl2");
    assert!(ctl2.quorate);
    assert_eq!(ctl2.outdated, ["ctl2"]);
    let state = ctl2.state.expect("a state");
    assert!(state.in_membership && state.online && state.has_history);
    assert_eq!(record("nobody").state, None);

    assert!(!state.drbd_stopped);
    crm_resource(&cluster, &["--ban", "--resource", "drbd-clone", "--node", "ctl2"]);
    let stopped = cluster.directory.path().join("stopped.xml");
    cluster.simulate(&["--simulate", "--save-output", &stopped.to_string_lossy()]);
    std::fs::rename(stopped, cluster.cib()).expect("the CIB takes its place");
    assert!(record("ctl2").state.expect("a state").drbd_stopped);
    assert!(!record("ctl1").state.expect("a state").drbd_stopped);

    let delete = format!("//rsc_location[@id='{}']", mark_id("ctl2"));
    for _ in 0..2 {
        on_configuration("cibadmin", &cluster, &["--delete", "--xpath", &delete]);
    }
    assert_eq!(record("ctl2").outdated, [""; 0]);
}

const PREFER: [&str; 8] =
    ["--move", "--resource", "drbd-clone", "--promoted", "--node", "ctl2", "--lifetime", "PT10M"];

/// A planned move: DRBD stays up on both sides, nothing is fenced, and when
/// the preference is gone everything stays where it is.
#[test]
fn a_preference_moves_everything_and_leaves_nothing_behind() {
    let cluster = Cluster::formed();
    let before = std::fs::read_to_string(cluster.cib()).expect("the CIB");
    crm_resource(&cluster, &PREFER);
    let reaction = cluster.after(&[]);
    assert!(!reaction.contains("Fencing"), "{reaction}");
    assert!(!reaction.contains("drbd            stop"), "{reaction}");
    insta::assert_snapshot!(reaction);

    let moved = cluster.directory.path().join("moved.xml");
    cluster.simulate(&["--simulate", "--save-output", &moved.to_string_lossy()]);
    std::fs::rename(moved, cluster.cib()).expect("the moved CIB takes its place");
    crm_resource(&cluster, &["--clear", "--resource", "drbd-clone"]);
    let after = std::fs::read_to_string(cluster.cib()).expect("the CIB");
    assert!(!before.contains("cli-") && !after.contains("cli-"), "{after}");
    let settled = cluster.after(&[]);
    let (summary, status) = settled.split_once("Executing Cluster Transition:").expect("actions");
    assert_eq!(summary.trim(), "");
    assert!(status.contains("Promoted: [ ctl2 ]"), "{status}");
}

/// A preference is no ban: when the target dies in the middle of the move,
/// the old side is taken again. That is why a move does not use `--ban`.
#[test]
fn a_target_that_dies_does_not_end_the_service() {
    let cluster = Cluster::formed();
    crm_resource(&cluster, &PREFER);
    let reaction = cluster.after(&["--node-fail", "ctl2"]);
    assert!(reaction.contains("Promoted: [ ctl1 ]"), "{reaction}");
}
