// SPDX-License-Identifier: Apache-2.0
//! When something was missing: what Pacemaker wrote down, and what was seen.

use super::story::{self, Done, Views};
use super::*;
use crate::console::{Failover, Phase};
use crate::observe::{FencingEvent, ResourceFailure, Task};

const RESTART: [Done; 1] = [("slurmctld", Task::Start, 4_200, 700)];

fn remembering(mut views: Views, node: &str, done: &[Done]) -> Views {
    story::remember(&mut views, node, done, i64::MAX);
    views
}

fn clusters(views: &mut Views, change: impl Fn(&mut crate::observe::ClusterStatus)) {
    for view in views.iter_mut().flatten() {
        if let Reading::Known(cluster) = &mut view.pacemaker {
            change(cluster);
        }
    }
}

fn only(story: &Story) -> Failover {
    let failovers = story.memory.failovers();
    let [failover] = failovers.as_slice() else { panic!("{failovers:#?}") };
    (*failover).clone()
}

/// Begin, begin of the start, and end, in milliseconds of the story.
fn times(phase: &Phase) -> (i64, Option<i64>, Option<i64>) {
    let ms = |at: Timestamp| at.duration_since(story::moment(0)).as_millis() as i64;
    (ms(phase.began), phase.started.map(ms), phase.ended.map(ms))
}

fn phase(failover: &Failover, id: &str) -> (i64, Option<i64>, Option<i64>) {
    times(failover.phases.iter().find(|phase| phase.id == id).expect("a phase"))
}

/// What has not been seen is known all the same.
#[test]
fn a_restart_between_two_looks_is_seen() {
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(15_000, remembering(healthy(), "ctl1", &RESTART));
    story.at(19_000, remembering(healthy(), "ctl1", &RESTART));
    let failover = only(&story);
    assert_eq!(failover.title, "scheduler was restarted");
    assert_eq!(failover.cost, "scheduler away for 1.7 s");
    assert_eq!(phase(&failover, "slurmctld"), (4_000, Some(5_000), Some(5_700)));
}

/// The monitor has found it before.
#[test]
fn a_restart_begins_with_the_failure_that_was_found() {
    let mut story = Story::new();
    story.at(0, healthy());
    let mut views = remembering(healthy(), "ctl1", &RESTART);
    clusters(&mut views, |cluster| {
        cluster.failures.push(ResourceFailure {
            operation: "slurmctld_monitor_10000".to_owned(),
            node: "ctl1".to_owned(),
            when: story::moment(2_000).to_string(),
            ..ResourceFailure::default()
        });
    });
    story.at(15_000, views.clone());
    story.at(19_000, views);
    assert_eq!(phase(&only(&story), "slurmctld"), (2_000, Some(5_000), Some(5_700)));
}

#[test]
fn what_was_done_before_the_first_look_is_the_past() {
    let mut story = Story::new();
    story.at(5_000, remembering(healthy(), "ctl1", &RESTART));
    story.at(9_000, remembering(healthy(), "ctl1", &RESTART));
    assert!(story.memory.failovers().is_empty());
    // As when the exporter has learnt to tell it.
    let mut story = Story::new();
    story.at(100_000, healthy());
    story.at(101_000, remembering(healthy(), "ctl1", &RESTART));
    assert!(story.memory.failovers().is_empty());
}

#[test]
fn a_move_begins_with_what_was_stopped() {
    let stopped = [("slurmctld", Task::Stop, 2_600, 900), ("drbd", Task::Demote, 5_300, 400)];
    let started = [("slurmctld", Task::Start, 8_100, 1_200), ("drbd", Task::Promote, 6_000, 300)];
    let moved = || remembering(remembering(moved(), "ctl1", &stopped), "ctl2", &started);
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(15_000, moved());
    story.at(19_000, moved());
    let failover = only(&story);
    assert_eq!(phase(&failover, "slurmctld"), (2_000, Some(9_000), Some(10_200)));
    assert_eq!(phase(&failover, "drbd"), (5_000, Some(7_000), Some(7_300)));
    // Nobody has written that down.
    assert_eq!(phase(&failover, "vip"), (0, None, Some(15_000)));
    assert_eq!(failover.title, "moved from ctl1 to ctl2");
    assert_eq!(failover.cost, "scheduler away for 8.2 s");
}

/// It is written down when it has ended, and seen before.
#[test]
fn a_stop_that_is_told_later_counts() {
    let stopped = [("slurmctld", Task::Stop, 1_100, 2_900)];
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(2_300, moving());
    story.at(4_300, remembering(moving(), "ctl1", &stopped));
    let current = story.memory.current().expect("a move");
    assert_eq!(phase(current, "slurmctld"), (1_000, None, None));
    assert_eq!(phase(current, "vip"), (2_300, None, None));
    assert_eq!(current.began, story::moment(1_000));
}

#[test]
fn clocks_that_differ_change_nothing() {
    let failovers = |ahead| {
        let mut story = Story::new();
        story.ahead = SignedDuration::from_millis(ahead);
        for (ms, views) in story::power_loss() {
            story.at(ms, views);
        }
        story.memory.failovers().into_iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(failovers(0), failovers(7_200_000));
    assert_eq!(failovers(0), failovers(-86_400_000));
}

#[test]
fn where_the_two_contradict_what_was_seen_counts() {
    let takeover = |done: &[Done]| {
        let mut story = Story::new();
        story.at(0, healthy());
        story.at(3_000, moving());
        story.at(9_000, remembering(moved(), "ctl2", done));
        story.at(13_000, remembering(moved(), "ctl2", done));
        phase(&only(&story), "slurmctld")
    };
    // Later than it was seen to work.
    let late = [("slurmctld", Task::Start, 60_000, 500)];
    assert_eq!(takeover(&late), (3_000, Some(8_500), Some(9_000)));
    // Before it was away.
    let early = [("slurmctld", Task::Start, 1_000, 500)];
    assert_eq!(takeover(&early), (3_000, None, Some(9_000)));
    // Longer than it was away.
    let long = [("slurmctld", Task::Start, 1_000, 6_500)];
    assert_eq!(takeover(&long), (3_000, Some(3_000), Some(8_500)));
}

#[test]
fn a_fence_between_two_looks_is_seen() {
    let mut views = healthy();
    clusters(&mut views, |cluster| {
        let fence = FencingEvent {
            action: "reboot".to_owned(),
            target: "ctl2".to_owned(),
            delegate: "ctl1".to_owned(),
            status: "success".to_owned(),
            completed: "2026-11-28 14:00:06Z".to_owned(),
            ..FencingEvent::default()
        };
        cluster.fencing.insert(0, fence);
    });
    let mut story = Story::new();
    assert_eq!(story::moment(6_000).to_string(), "2026-11-28T14:00:06Z");
    story.at(0, healthy());
    story.at(15_000, views.clone());
    story.at(19_000, views);
    let failover = only(&story);
    assert_eq!(failover.title, "a fence");
    assert_eq!(phase(&failover, "fence-ctl2"), (6_000, None, Some(7_000)));
}
