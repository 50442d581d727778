// SPDX-License-Identifier: Apache-2.0
//! Sequences of views, and what a person is shown and told.

mod attention;
mod story;
mod tally;
mod times;

use jiff::{SignedDuration, Timestamp};

use self::story::{Story, alone, healthy, lost, moved, moving, returned, taking_over};
use super::action::Action;
use super::{Contact, Heard, Line, Memory, PartState, Picture, Tone, View, draw};
use crate::observe::{Preference, Reading};
use crate::status::Verdict;
use crate::status::made_up::site;

#[test]
fn a_healthy_cluster_is_shown_as_such() {
    let mut story = Story::new();
    let picture = story.at(0, healthy());
    assert_eq!(picture.verdict, Verdict::Healthy, "{:#?}", picture.problems);
    assert_eq!(picture.headline.text, "All is well. ctl1 is active.");
    assert_eq!(picture.vip.holders, ["ctl1"]);
    assert_eq!(picture.quorum.text, "quorum with 3 of 3 votes");
    assert!(picture.parts.iter().all(|part| part.state == PartState::Up), "{:#?}", picture.parts);
    assert!(picture.volumes.iter().all(|volume| volume.state.text == "two good copies"));
    assert!(picture.links.iter().all(|link| link.state.text == "connected"));
    assert_eq!((picture.scheduler.running, picture.scheduler.pending), (Some(2), Some(7)));
    assert!(story.memory.failovers().is_empty());
    assert_eq!(story.memory.last_event(), 0);
}

/// What `slurmha status` calls degraded is not well on the page either.
#[test]
fn what_only_a_failure_needs_is_judged_as_on_the_command_line() {
    let with = |how: &dyn Fn(&mut View)| {
        let mut views = healthy();
        how(views[1].as_mut().expect("it tells"));
        Story::new().at(0, views)
    };
    let words = |picture: &Picture| -> Vec<String> {
        picture.problems.iter().map(|problem| problem.text.clone()).collect()
    };
    let picture = with(&|view| view.watch_running = Reading::Known(false));
    let dead = "a daemon that hangs on ctl2 is not noticed: no slurmha-watch.service";
    assert_eq!((words(&picture), picture.verdict), (vec![dead.to_owned()], Verdict::Degraded));
    assert!(picture.refusal(&site(), &Action::Switchover("ctl2".into())).is_some());

    let picture = with(&|view| {
        let policy = Reading::Known("dont-care".to_owned());
        view.safeguards.as_mut().expect("settings").drbd_fencing = policy;
    });
    assert!(words(&picture)[0].contains("does not wait until a lost peer"), "{picture:?}");
    let mut views = healthy();
    for view in views.iter_mut().flatten() {
        let id = "cli-prefer-drbd-clone".to_owned();
        let moved = Preference { id, node: "ctl2".to_owned(), ..Preference::default() };
        view.preferences = Some(Reading::Known(vec![moved]));
    }
    let picture = Story::new().at(0, views);
    let left = "a constraint is left over: cli-prefer-drbd-clone prefers ctl2 for ever";
    assert_eq!(words(&picture), [left]);
    let picture = with(&|view| {
        if let Reading::Known(quorum) = &mut view.quorum {
            quorum.qdevice = Some(false);
        }
    });
    assert_eq!(words(&picture), ["the arbiter login1 gives no vote to ctl2"]);
}

#[test]
fn somebody_who_has_to_tell_what_is_saved_is_missed() {
    let mut site = site();
    site.durable_submit = crate::site::DurableSubmit::OnRequest;
    let [mut first, _] = healthy();
    let view = first.as_mut().expect("it tells");
    view.durable_running = Reading::Known(Some(false));
    let answers = [(site.controllers[0].name.clone(), Ok(view.observation()))].into();
    let status = crate::status::assemble(&site, &answers);
    assert!(status.problems.iter().any(|problem| problem.text.contains("slurmha-durable")));
}

/// While one controller after the other is brought to another version.
#[test]
fn a_version_that_tells_less_is_no_problem_and_not_all_is_called_well() {
    let [first, second] = healthy();
    let mut older = serde_json::to_value(second).expect("JSON");
    let parts = older.as_object_mut().expect("parts");
    for part in ["safeguards", "preferences", "durable_running"] {
        assert!(parts.remove(part).is_some(), "{part}");
    }
    let second: Option<View> = serde_json::from_value(older).expect("a view");
    let picture = Story::new().at(0, [first, second]);
    assert_eq!((picture.verdict, picture.problems.len()), (Verdict::Healthy, 0));
    assert_eq!(picture.headline.tone, Tone::Notice);
    assert_eq!(
        picture.headline.text,
        "Nothing wrong in what is told; ctl2 has slurmha 0.1.0, which tells less than `slurmha \
         status`."
    );
    assert!(picture.refusal(&site(), &Action::Switchover("ctl2".into())).is_none());
}

#[test]
fn a_power_loss_with_its_phases() {
    let mut story = Story::new();
    for (ms, views) in story::power_loss() {
        story.at(ms, views);
    }
    insta::assert_json_snapshot!("a_power_loss", story.memory.failovers());
    insta::assert_snapshot!("the_events_of_a_power_loss", story.events());
}

#[test]
fn while_it_is_under_way_phases_tick() {
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(3_000, lost());
    let picture = story.at(4_000, taking_over(2));
    let current = story.memory.current().expect("a failover");
    assert_eq!(current.title, "ctl1 is lost");
    let open: Vec<&str> = current
        .phases
        .iter()
        .filter(|phase| phase.ended.is_none())
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(
        open,
        [
            "database volume away",
            "address away",
            "scheduler away",
            "database away",
            "accounting away"
        ]
    );
    assert_eq!(picture.controllers[0].role.text, "away");
    assert_eq!(picture.parts[1].state, PartState::Up);
}

#[test]
fn a_planned_move_has_no_loss() {
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(1_000, moving());
    story.at(3_500, moved());
    story.at(7_000, moved());
    let failovers = story.memory.failovers();
    let [failover] = failovers.as_slice() else { panic!("{failovers:#?}") };
    assert_eq!(failover.title, "moved from ctl1 to ctl2");
    assert_eq!(failover.cost, "scheduler away for 2.5 s");
    assert!(failover.lost.is_empty() && failover.ended.is_some());
}

/// The console looked seldom, or the move was quick.
#[test]
fn a_move_between_two_looks_is_seen() {
    let mut story = Story::new();
    story.at(0, healthy());
    story.at(15_000, moved());
    story.at(19_000, moved());
    let failovers = story.memory.failovers();
    assert_eq!(failovers[0].title, "moved from ctl1 to ctl2");
    assert_eq!(failovers[0].phases.len(), 7);
}

#[test]
fn a_daemon_that_is_started_again_is_no_move() {
    let mut story = Story::new();
    story.at(0, healthy());
    let mut views = healthy();
    story::each_resource(&mut views, |resource| {
        if resource.id == "slurmctld" {
            (resource.role, resource.node) = ("Stopped".to_owned(), None);
        }
    });
    story.at(1_000, views);
    story.at(2_200, healthy());
    story.at(6_000, healthy());
    let failovers = story.memory.failovers();
    assert_eq!(failovers[0].title, "scheduler was restarted");
    assert_eq!(failovers[0].cost, "scheduler away for 1.2 s");
}

/// While it lasts, the title is what is still away; afterwards, what was.
#[test]
fn a_part_that_is_back_is_not_called_away() {
    let mut story = Story::new();
    story.at(0, healthy());
    let without = |gone: &'static [&str]| {
        let mut views = healthy();
        story::each_resource(&mut views, |resource| {
            if gone.contains(&resource.id.as_str()) {
                (resource.role, resource.node) = ("Stopped".to_owned(), None);
            }
        });
        views
    };
    let title = |story: &Story| story.memory.failovers()[0].title.clone();
    story.at(1_000, without(&["mariadb", "slurmdbd"]));
    story.at(2_000, without(&["slurmdbd"]));
    assert_eq!(title(&story), "accounting is away");
    story.at(3_000, without(&["mariadb", "slurmdbd"]));
    story.at(4_000, healthy());
    story.at(9_000, healthy());
    assert_eq!(title(&story), "database, accounting was restarted");
}

/// A large site never has all of its nodes.
#[test]
fn a_compute_node_that_is_down_is_not_called_a_danger() {
    let mut views = healthy();
    for view in views.iter_mut().flatten() {
        if let Some(slurm) = view.slurm.as_mut() {
            slurm.nodes = Reading::Known([("idle".to_owned(), 1), ("down*".to_owned(), 1)].into());
        }
    }
    let picture = Story::new().at(0, views);
    assert_eq!(picture.verdict, Verdict::Degraded);
    assert_eq!(picture.headline.text, "ctl1 serves. Not all compute and login nodes are well.",);
}

#[test]
fn a_controller_that_is_silent_is_not_down() {
    let mut story = Story::new();
    story.at(0, healthy());
    let [_, second] = healthy();
    let picture = story.at(9_000, [None, second]);
    assert_eq!(picture.controllers[0].contact, Contact::Silent);
    assert_eq!(picture.controllers[0].silent_since, Some(story.time(0)));
    assert_eq!(picture.controllers[0].member.text, "online");
    assert_eq!(picture.vip.state.tone, Tone::Unknown);
    assert!(story.memory.failovers().is_empty());
    assert_eq!(story.events(), "ctl1 says nothing any more\n");
}

#[test]
fn when_both_are_silent_nothing_is_known_and_nothing_has_happened() {
    let mut story = Story::new();
    story.at(0, healthy());
    let picture = story.at(9_000, [None, None]);
    assert_eq!(picture.verdict, Verdict::Unknown);
    assert!(picture.parts.iter().all(|part| part.state == PartState::Unknown));
    assert_eq!(picture.scheduler.running, None);
    assert_eq!(picture.quorum.tone, Tone::Unknown);
    assert!(story.memory.failovers().is_empty());
    story.at(20_000, healthy());
    let events = story.events();
    assert_eq!(events.lines().count(), 4, "{events}");
    assert!(events.lines().all(|line| line.contains("says nothing") || line.contains("tells how")));
}

/// Each side of a cut: the one without quorum is not believed about the
/// cluster, but about itself.
#[test]
fn of_two_halves_the_one_with_quorum_is_believed() {
    let mut story = Story::new();
    story.at(0, healthy());
    let picture = story.at(2_000, story::split());
    assert_eq!(picture.quorum.text, "quorum with 2 of 3 votes");
    assert_eq!(picture.controllers[0].role.text, "lost, and not yet proved dead");
    assert_eq!(picture.vip.state.text, "on ctl1");
    assert!(picture.links.iter().all(|link| link.state.text == "cut"));
    assert!(story.memory.current().is_some());
}

#[test]
fn what_could_not_be_read_changes_nothing() {
    let mut story = Story::new();
    story.at(0, healthy());
    let mut views = healthy();
    for view in views.iter_mut().flatten() {
        view.pacemaker = Reading::Unknown("crm_mon did not end".to_owned());
        view.drbd = Reading::default();
    }
    let picture = story.at(2_000, views);
    assert!(picture.parts.iter().all(|part| part.state == PartState::Unknown));
    assert_eq!(picture.volumes[0].state.tone, Tone::Unknown);
    story.at(4_000, healthy());
    assert_eq!(story.events(), "");
}

#[test]
fn a_resync_is_news_when_it_begins_and_ends() {
    let mut story = Story::new();
    story.at(0, alone());
    let picture = story.at(2_000, returned(Some(12.7)));
    assert_eq!(picture.volumes[0].state.text, "resync, 12 % in sync");
    assert_eq!(picture.volumes[0].in_sync_percent, Some(12.7));
    story.at(4_000, returned(Some(99.9)));
    story.at(6_000, returned(None));
    let about: Vec<String> = story
        .events()
        .lines()
        .filter(|line| line.starts_with("state volume:"))
        .map(str::to_owned)
        .collect();
    assert_eq!(about, ["state volume: resync", "state volume: two good copies"]);
}

#[test]
fn what_was_written_down_is_read_again() {
    let mut story = Story::new();
    let mut text = String::new();
    for (ms, views) in story::power_loss() {
        story.at(ms, views);
    }
    for line in &story.lines {
        text.push_str(&serde_json::to_string(line).expect("JSON"));
        text.push('\n');
    }
    text.push_str("{\"event\":{\"id\":99,\"at\"");
    let restored = Memory::restore(&text);
    assert_eq!(restored.failovers(), story.memory.failovers());
    assert_eq!(restored.last_event(), story.memory.last_event());
    assert_eq!(restored.lines().len(), story.lines.len());
}

/// What the page is tested with, and the next console has to understand.
#[test]
fn the_recording_is_this_story() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/console/power-loss.jsonl");
    let told = story::recording();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(file, &told).expect("a file that can be written");
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(kept == told, "UPDATE_EXPECTED=1 cargo test -p slurmha-core the_recording");
}

#[test]
fn what_prometheus_answers_is_read() {
    let text = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"state":"pending"},"values":[[1795874400,"7"],[1795874415.5,"NaN"]]}]}}"#;
    let lines = super::parse_matrix(text, "state").expect("a matrix");
    assert_eq!(lines[0].name, "pending");
    assert_eq!(lines[0].points, [(1_795_874_400.0, Some(7.0)), (1_795_874_415.5, None)]);
    let failed = r#"{"status":"error","error":"query timed out"}"#;
    assert_eq!(super::parse_matrix(failed, ""), Err("Prometheus: query timed out".to_owned()));
    assert!(super::parse_matrix("<html>", "").is_err());
}
