// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker remembers of each resource's last operations, in the
//! document of crm_mon.
//!
//! | attribute | what it is (Pacemaker 2.1.5) |
//! |---|---|
//! | `last-rc-change` | for an operation that is not repeated, when its agent was started, in whole seconds of that machine's clock (`epoch_last_run`, execd_commands.c; `pcmk__create_history_xml`, pcmk_sched_actions.c) |
//! | `exec-time` | how long the agent took, in milliseconds |
//! | `queue-time` | how long it waited before, so not a part of either |
//!
//! Not so for systemd's units: those are asked again until the start is done,
//! each time anew, so that `last-rc-change` is nearer to the end
//! (`action_complete`, execd_commands.c; until 3.0.1). Their operations are
//! left out: a control plane of ours has agents of its own.
//!
//! The time is printed as ctime(3) does, without its zone (`op_history_xml`,
//! pe_output.c), which pacemakerd's `last_updated` in the same document has.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use roxmltree::Node;
use serde::{Deserialize, Serialize};

use super::FailCount;

/// The last time that a resource was started, promoted, demoted or stopped on
/// a node. Of these Pacemaker remembers one, and one more that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Id without instance number.
    pub resource: String,
    /// Where.
    pub node: String,
    /// What was done.
    pub task: Task,
    /// Whether the agent says that it is done.
    pub done: bool,
    /// When the agent was started, by that node's clock, cut to the second.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// What an agent was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// `start`.
    Start,
    /// `promote`.
    Promote,
    /// `demote`.
    Demote,
    /// `stop`.
    Stop,
}

impl Task {
    fn named(name: &str) -> Option<Self> {
        match name {
            "start" => Some(Self::Start),
            "promote" => Some(Self::Promote),
            "demote" => Some(Self::Demote),
            "stop" => Some(Self::Stop),
            _ => None,
        }
    }
}

/// How often resources have failed, where they have: `fail-count`, which the
/// document has for those alone (`resource_history_xml`, pe_output.c).
pub(super) fn fail_counts(root: Node<'_, '_>) -> Vec<FailCount> {
    histories(root)
        .filter_map(|(node, id, history)| {
            let count = match history.attribute("fail-count")? {
                "INFINITY" => FailCount::INFINITY,
                count => count.parse().ok().filter(|count| *count > 0)?,
            };
            Some(FailCount { resource: id.to_owned(), node: node.to_owned(), count })
        })
        .collect()
}

/// Each resource's history on each node: node, resource and element.
fn histories<'a, 'i>(root: Node<'a, 'i>) -> impl Iterator<Item = (&'a str, &'a str, Node<'a, 'i>)> {
    root.descendants().filter(|it| it.has_tag_name("resource_history")).filter_map(|history| {
        let node = history.parent()?.attribute("name")?;
        Some((node, without_instance_number(history.attribute("id")?), history))
    })
}

/// The operations in crm_mon's document. What cannot be read, or is still
/// being done, is left out: nobody depends on it.
pub(super) fn operations(root: Node<'_, '_>) -> Vec<Operation> {
    let Some(zone) = zone(root) else { return Vec::new() };
    let systemd = systemd_units(root);
    let mut operations = Vec::new();
    for (node, id, history) in histories(root) {
        if systemd.contains(id) {
            continue;
        }
        let entries = history.children().filter(|it| it.has_tag_name("operation_history"));
        operations.extend(entries.filter_map(|entry| operation(entry, id, node, zone)));
    }
    operations
}

/// Unique clones are called `id:0`, `id:1`, ...
pub(super) fn without_instance_number(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((base, number)) if number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => id,
    }
}

fn operation(entry: Node<'_, '_>, id: &str, node: &str, zone: Offset) -> Option<Operation> {
    let task = Task::named(entry.attribute("task")?)?;
    // One that is under way has no number yet (`-1`).
    entry.attribute("call")?.parse::<u32>().ok()?;
    let time = DateTime::strptime("%a %b %d %H:%M:%S %Y", entry.attribute("last-rc-change")?);
    let took = entry.attribute("exec-time")?.strip_suffix("ms")?.parse().ok()?;
    Some(Operation {
        resource: id.to_owned(),
        node: node.to_owned(),
        task,
        done: entry.attribute("rc") == Some("0"),
        began: zone.to_timestamp(time.ok()?).ok()?,
        took: Duration::from_millis(took),
    })
}

/// The zone in which the document's times are: `Z`, or ` +01:00`
/// (`crm_time_as_string`, iso8601.c). In the night in which the clocks are
/// changed an operation from before is an hour wrong.
fn zone(root: Node<'_, '_>) -> Option<Offset> {
    let daemon = root.children().find(|it| it.has_tag_name("pacemakerd"))?;
    let updated = daemon.attribute("last_updated")?;
    if updated.ends_with('Z') {
        return Some(Offset::UTC);
    }
    let (_, offset) = updated.rsplit_once(' ')?;
    let (hours, minutes) = offset.split_once(':')?;
    let sign = if hours.starts_with('-') { -1 } else { 1 };
    let seconds = hours.parse::<i32>().ok()? * 3600 + sign * minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(seconds).ok()
}

fn systemd_units<'a>(root: Node<'a, '_>) -> BTreeSet<&'a str> {
    root.descendants()
        .filter(|it| it.has_tag_name("resource"))
        .filter(|it| {
            it.attribute("resource_agent")
                .is_some_and(|agent| agent.starts_with("systemd:") || agent.starts_with("service:"))
        })
        .filter_map(|it| it.attribute("id"))
        .map(without_instance_number)
        .collect()
}

/// `2026-11-25 07:51:19Z`, or with the zone of the machine
/// `2026-11-25 08:51:19 +01:00` (`crm_time_as_string`, iso8601.c of 2.1.5);
/// newer versions have fractions of a second.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    text.replace(" +", "+").replace(" -", "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::parse_crm_mon_xml;

    const HEALTHY: &str = include_str!("../../tests/fixtures/observe/crm_mon-healthy.xml");
    const FAILED_OVER: &str = include_str!("../../tests/fixtures/observe/crm_mon-failed-over.xml");

    fn read(xml: &str) -> Vec<Operation> {
        parse_crm_mon_xml(xml).expect("a status").operations
    }

    fn lines(operations: &[Operation]) -> Vec<String> {
        let line = |it: &Operation| {
            format!("{} {} {:?} {} {:?}", it.node, it.resource, it.task, it.began, it.took)
        };
        operations.iter().map(line).collect()
    }

    #[test]
    fn a_running_cluster_is_read() {
        assert_eq!(
            lines(&read(HEALTHY)),
            [
                "ctl2 drbd Start 2026-11-25T08:28:50Z 8.541s",
                "ctl2 fence-ctl1 Start 2026-11-25T08:28:52Z 3.112s",
                "ctl1 fence-ctl2 Start 2026-11-25T08:23:05Z 1.76s",
                "ctl1 vip Start 2026-11-25T08:25:30Z 4.528s",
                "ctl1 slurmdbd Start 2026-11-25T08:25:43Z 2.49s",
                "ctl1 database Start 2026-11-25T08:25:30Z 4.763s",
                "ctl1 slurmctld Start 2026-11-25T08:26:41Z 4.156s",
                "ctl1 state Start 2026-11-25T08:25:31Z 4.735s",
                "ctl1 drbd Promote 2026-11-25T08:25:25Z 2.353s",
                "ctl1 mariadb Start 2026-11-25T08:25:36Z 6.088s",
            ]
        );
    }

    #[test]
    fn what_systemd_started_is_left_out() {
        let read = read(FAILED_OVER);
        let ids: Vec<&str> = read.iter().map(|it| it.resource.as_str()).collect();
        assert_eq!(ids, ["drbd", "state", "database", "vip", "fence-ctl1"]);
        assert_eq!(read[0].task, Task::Promote);
        assert_eq!(read[0].began.to_string(), "2026-11-25T07:51:23Z");
        assert_eq!(read[0].took, Duration::from_millis(4_818));
        assert!(read.iter().all(|it| it.done && it.node == "ctl2"));
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let abroad = FAILED_OVER.replace("07:53:30Z", "02:23:30 -05:30");
        assert_eq!(read(&abroad)[0].began.to_string(), "2026-11-25T13:21:23Z");
        let berlin = FAILED_OVER.replace("07:53:30Z", "08:53:30 +01:00");
        assert_eq!(read(&berlin)[0].began.to_string(), "2026-11-25T06:51:23Z");
        let unknown = FAILED_OVER.replace("07:53:30Z", "07:53:30");
        assert_eq!(read(&unknown), []);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let all = read(FAILED_OVER).len();
        for (text, other) in [
            ("Wed Nov 25 07:51:23 2026", "yesterday"),
            (r#"call="48""#, r#"call="-1""#),
            (r#"exec-time="4818ms""#, ""),
        ] {
            assert!(FAILED_OVER.contains(text), "{text}");
            assert_eq!(read(&FAILED_OVER.replace(text, other)).len(), all - 1, "{other}");
        }
        let early = FAILED_OVER.replace("Wed Nov 25 07:51:23 2026", "Thu Nov  5 07:51:23 2026");
        assert_eq!(read(&early)[0].began.to_string(), "2026-11-05T07:51:23Z");
        let failed = FAILED_OVER.replace(r#"task="promote" rc="0""#, r#"task="promote" rc="1""#);
        assert!(!read(&failed)[0].done);
    }

    #[test]
    fn times_are_read_in_every_zone() {
        let seconds = |text: &str| timestamp(text).map(|it| it.as_second());
        assert_eq!(seconds("2026-11-25 07:51:19Z"), Some(1_795_593_079));
        assert_eq!(seconds("2026-11-25 08:51:19 +01:00"), Some(1_795_593_079));
        assert_eq!(seconds("2026-11-25 02:21:19 -05:30"), Some(1_795_593_079));
        assert_eq!(seconds("2026-11-25 07:51:19.250000Z"), Some(1_795_593_079));
        assert_eq!(seconds("yesterday"), None);
    }
}
