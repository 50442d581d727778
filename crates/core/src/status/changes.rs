// SPDX-License-Identifier: Apache-2.0
//! What happened between two looks.
//!
//! A status is broken down into facts, each of which has a name that stays
//! and a value in a few words. What could not be asked is no fact: a machine
//! that does not answer for a while has not changed for all that is known,
//! and when it answers again, only what is different is news.

use std::fmt;

use super::line::Tone;
use super::model::{Contact, MachineStatus, Member, Status};
use super::problem::takes_no_jobs;
use super::text::{health_word, member_tone, places, verdict_tone, volume_name};
use crate::observe::{DrbdStatus, DrbdVolumeStatus, Health, Reading};

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is about, such as `slurmctld`.
    pub subject: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
    /// What the new value means.
    pub tone: Tone,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.subject, self.before, self.after)
    }
}

/// All that is known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(Vec<Fact>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    subject: String,
    value: String,
    tone: Tone,
}

impl Facts {
    /// What a status tells. Counts of jobs and of nodes at work change all the
    /// time and are none of it.
    pub fn of(status: &Status) -> Self {
        let mut facts = Self::default();
        facts.add("cluster", status.verdict.word(), verdict_tone(status.verdict));
        if status.resources.known().is_some() {
            let active = status.active.as_ref().map_or("nobody", |name| name.as_str());
            let tone = if status.active.is_some() { Tone::Good } else { Tone::Bad };
            facts.add("active", active, tone);
        }
        facts.add_quorum(status);
        status.machines.iter().for_each(|machine| facts.add_machine(machine));
        if let Reading::Known(resources) = &status.resources {
            facts.add_pacemaker(status);
            for resource in resources {
                let mut places = places(resource);
                // Pacemaker lists a clone's instances in no fixed order.
                places.sort();
                let is_marked = resource.instances.iter().any(|i| !i.marks.is_empty());
                let tone = if is_marked { Tone::Bad } else { Tone::Plain };
                facts.add(&resource.id, places.join(", "), tone);
            }
        }
        for (name, side) in &status.replication {
            if let Reading::Known(side) = side {
                facts.add_replication(name.as_str(), side);
            }
        }
        let daemons = &status.daemons;
        facts.add_daemon("slurmctld", &daemons.slurmctld);
        facts.add_daemon("slurmdbd", &daemons.slurmdbd);
        facts.add_daemon("MariaDB", &daemons.mariadb);
        if let Reading::Known(nodes) = &status.nodes {
            let out = nodes.iter().filter(|(state, _)| takes_no_jobs(state)).map(|(_, n)| n);
            facts.add_count("nodes that take no jobs", out.sum());
        }
        facts
    }

    /// These, and of the older ones those about which nothing is known now.
    #[must_use]
    pub fn or(mut self, older: &Self) -> Self {
        let missing = older.0.iter().filter(|old| self.value(&old.subject).is_none());
        let missing: Vec<Fact> = missing.cloned().collect();
        self.0.extend(missing);
        self
    }

    /// What is different from before, the whole first and its parts after it.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let change = |fact: &Fact| {
            let before = before.value(&fact.subject).filter(|before| *before != fact.value)?;
            Some(Change {
                subject: fact.subject.clone(),
                before: before.to_owned(),
                after: fact.value.clone(),
                tone: fact.tone,
            })
        };
        self.0.iter().filter_map(change).collect()
    }

    fn value(&self, subject: &str) -> Option<&str> {
        let fact = self.0.iter().find(|fact| fact.subject == subject)?;
        Some(&fact.value)
    }

    fn add(&mut self, subject: &str, value: impl Into<String>, tone: Tone) {
        self.0.push(Fact { subject: subject.to_owned(), value: value.into(), tone });
    }

    fn add_count(&mut self, subject: &str, count: u64) {
        let tone = if count == 0 { Tone::Good } else { Tone::Warning };
        self.add(subject, count.to_string(), tone);
    }

    fn add_quorum(&mut self, status: &Status) {
        let Reading::Known(quorum) = &status.quorum else { return };
        let (held, tone) = if quorum.quorate { ("held", Tone::Good) } else { ("lost", Tone::Bad) };
        self.add("quorum", held, tone);
        let all = quorum.total_votes >= quorum.expected_votes;
        let votes = format!("{} of {}", quorum.total_votes, quorum.expected_votes);
        self.add("votes", votes, if all { Tone::Good } else { Tone::Warning });
        if let Some(votes) = quorum.qdevice {
            let (word, tone) =
                if votes { ("votes", Tone::Good) } else { ("does not vote", Tone::Warning) };
            self.add("arbiter", word, tone);
        }
    }

    fn add_machine(&mut self, machine: &MachineStatus) {
        let name = machine.name.as_str();
        match machine.contact {
            Contact::Reachable => self.add(name, "answers", Tone::Good),
            Contact::Unreachable(_) => self.add(name, "does not answer", Tone::Warning),
            Contact::NotAsked => {}
        }
        if let Some(member) = machine.member.filter(|member| *member != Member::Unknown) {
            self.add(&format!("{name} in Pacemaker"), member.word(), member_tone(member));
        }
    }

    /// What only Pacemaker can tell, beside the resources.
    fn add_pacemaker(&mut self, status: &Status) {
        self.add("DC", status.dc.as_deref().unwrap_or("nobody"), Tone::Plain);
        for machine in status.machines.iter().filter(|machine| machine.member.is_some()) {
            let last = status.fencing.iter().find(|event| event.target == machine.name.as_str());
            let (value, tone) = match last {
                None => ("none".to_owned(), Tone::Plain),
                Some(event) => {
                    let good = event.status == "success";
                    let value = format!("{} {} {}", event.action, event.status, event.completed);
                    (value.trim_end().to_owned(), if good { Tone::Plain } else { Tone::Warning })
                }
            };
            self.add(&format!("fencing of {}", machine.name), value, tone);
        }
        self.add_count("failed operations", status.failures.len() as u64);
        let left = status.leftover_bans.len() + status.leftover_preferences.len();
        self.add_count("constraints left over", left as u64);
    }

    fn add_replication(&mut self, name: &str, side: &DrbdStatus) {
        let subject = format!("DRBD on {name}");
        if !side.up {
            return self.add(&subject, "not up", Tone::Warning);
        }
        let connected = side.connection == "Connected";
        let tone = if connected && !side.suspended { Tone::Good } else { Tone::Warning };
        let waits = if side.suspended { ", writes wait" } else { "" };
        self.add(&subject, format!("{}, {}{waits}", side.role, side.connection), tone);
        for volume in &side.volumes {
            let subject = format!("{} on {name}", disk_name(volume));
            let good = volume.disk == "UpToDate";
            let copies = if volume.replication.contains("Target") { ", is copied to" } else { "" };
            let tone = if good { Tone::Good } else { Tone::Warning };
            self.add(&subject, format!("{}{copies}", volume.disk), tone);
        }
    }

    fn add_daemon(&mut self, name: &str, health: &Health) {
        if matches!(health, Health::Up | Health::Down(_)) {
            let (tone, word) = health_word(health);
            self.add(&format!("{name} (asked)"), word, tone);
        }
    }
}

/// The file system's volume `state` is a resource of that name, too.
fn disk_name(volume: &DrbdVolumeStatus) -> String {
    format!("{} disk", volume_name(volume.volume))
}
