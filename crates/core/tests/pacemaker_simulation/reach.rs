// SPDX-License-Identifier: Apache-2.0
//! Where the role goes when a controller says that it reaches nobody.

use super::cluster::Cluster;
use super::mark_ctl2;

/// Sets the watcher's attribute, as attrd writes it.
fn say(cluster: &Cluster, node: u32, value: &str) {
    let score = format!(r#"<nvpair id="status-{node}-master-drbd""#);
    let reach = format!(
        r#"<nvpair id="status-{node}-slurmha-reach" name="slurmha-reach" value="{value}"/>"#
    );
    cluster.edit(&score, &format!("{reach}{score}"));
}

fn score_of_ctl2(cluster: &Cluster, score: &str) {
    let of = |value: &str| format!(r#"name="master-drbd" value="{value}"/>"#);
    let text = std::fs::read_to_string(cluster.cib()).expect("the CIB");
    let (before, after) = text.rsplit_once(&of("10000")).expect("the score of ctl2");
    let own = if score.is_empty() { r#"name="none" value="0"/>"#.to_owned() } else { of(score) };
    std::fs::write(cluster.cib(), format!("{before}{own}{after}")).expect("the CIB is written");
}

fn summary(reaction: &str) -> &str {
    reaction.split_once("Executing Cluster Transition:").expect("actions").0.trim()
}

#[test]
fn the_role_leaves_a_controller_that_reaches_nobody() {
    for other in ["", "1"] {
        let cluster = Cluster::formed();
        say(&cluster, 1, "0");
        if !other.is_empty() {
            say(&cluster, 2, other);
        }
        let reaction = cluster.after(&[]);
        assert!(reaction.contains("Promoted: [ ctl2 ]"), "{reaction}");
        assert!(!reaction.contains("Fence"), "it lives: {reaction}");
        if other.is_empty() {
            insta::assert_snapshot!("the_role_leaves_a_controller_that_reaches_nobody", reaction);
        }
    }
}

#[test]
fn nothing_moves_when_nobody_is_reached_from_anywhere() {
    let cluster = Cluster::formed();
    say(&cluster, 1, "0");
    say(&cluster, 2, "0");
    assert_eq!(summary(&cluster.after(&[])), "");
}

/// Also not back, when the link works again.
#[test]
fn nothing_moves_because_of_the_passive_controller() {
    for (active, passive) in [("1", "0"), ("1", "1"), ("", "1")] {
        let cluster = Cluster::formed();
        if !active.is_empty() {
            say(&cluster, 1, active);
        }
        say(&cluster, 2, passive);
        assert_eq!(summary(&cluster.after(&[])), "", "{active} {passive}");
    }
}

/// The bonus is for a controller with all data. Without a score of its own a
/// location would promote it.
#[test]
fn old_data_are_not_promoted_for_the_sake_of_a_link() {
    for score in ["", "5", "10"] {
        let cluster = Cluster::formed();
        score_of_ctl2(&cluster, score);
        say(&cluster, 1, "0");
        let reaction = cluster.after(&[]);
        assert!(reaction.contains("Promoted: [ ctl1 ]"), "{score}: {reaction}");
    }
    let cluster = Cluster::formed();
    mark_ctl2(&cluster);
    say(&cluster, 1, "0");
    let reaction = cluster.after(&[]);
    assert!(reaction.contains("Promoted: [ ctl1 ]"), "{reaction}");
}

/// One that is left alone is promoted wherever it can be.
#[test]
fn a_controller_that_reaches_nobody_is_better_than_none() {
    let cluster = Cluster::formed();
    say(&cluster, 2, "0");
    let reaction = cluster.after(&["--node-fail", "ctl1"]);
    assert!(reaction.contains("Promoted: [ ctl2 ]"), "{reaction}");
}
