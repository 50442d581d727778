// SPDX-License-Identifier: Apache-2.0
//! What there is to say of one controller, for a drawing of the cluster.

use super::line::{Line, Tone};
use super::model::{Contact, MachineStatus, Member, Status};
use super::text::{disk, member_tone, volume_count, volume_name};
use crate::observe::{DrbdStatus, Reading};
use crate::render::cib::id;
use crate::site::NodeName;

/// Daemons that are named on the card of the controller that runs them.
const DAEMONS: [&str; 3] = [id::MARIADB, id::SLURMDBD, id::SLURMCTLD];

/// One controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its name.
    pub name: NodeName,
    /// Whether it runs, or should run, the scheduler.
    pub is_active: bool,
    /// Whether it did not answer; what is said of it then comes from the other.
    pub is_silent: bool,
    /// Pacemaker's word, VIP, daemons and DRBD's role: the same number of
    /// lines on every card.
    pub lines: Vec<Line>,
    /// Its side of each replicated volume, in order of number: as many on
    /// every card.
    pub volumes: Vec<Volume>,
}

/// One side of a replicated volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// What lies on it, such as `state`.
    pub name: String,
    /// DRBD's word for the disk, and what it means.
    pub disk: Line,
    /// Part in sync, 0 to 1, while this side receives.
    pub received: Option<f64>,
}

/// The controllers, in the order of the site file.
pub fn cards(status: &Status) -> Vec<Card> {
    let controllers = status.machines.iter().filter(|machine| machine.member.is_some());
    controllers.map(|machine| card(status, machine)).collect()
}

fn card(status: &Status, machine: &MachineStatus) -> Card {
    let name = &machine.name;
    let side = status.replication.get(name).and_then(Reading::known);
    Card {
        name: name.clone(),
        is_active: status.active.as_ref() == Some(name),
        is_silent: matches!(machine.contact, Contact::Unreachable(_)),
        lines: vec![pacemaker(status, machine), vip(status, name), runs(status, name), drbd(side)],
        volumes: (0..volume_count(status)).map(|number| volume(side, number)).collect(),
    }
}

fn pacemaker(status: &Status, machine: &MachineStatus) -> Line {
    let member = machine.member.unwrap_or(Member::Unknown);
    let line = Line::named("Pacemaker").tone(member_tone(member), member.word());
    if status.dc.as_deref() == Some(machine.name.as_str()) { line.plain(", DC") } else { line }
}

/// Nobody holds it only when Pacemaker could be asked.
fn vip(status: &Status, name: &NodeName) -> Line {
    let line = Line::named("VIP");
    match (&status.vip.holder, &status.resources) {
        (Some(holder), _) if holder == name.as_str() => line.plain(status.vip.address.to_string()),
        (_, Reading::Known(_)) => line.tone(Tone::Faint, "-"),
        (_, Reading::Unknown(_)) => line.tone(Tone::Warning, "unknown"),
    }
}

fn runs(status: &Status, name: &NodeName) -> Line {
    let line = Line::named("Runs");
    let Reading::Known(resources) = &status.resources else {
        return line.tone(Tone::Warning, "unknown");
    };
    let is_here = |daemon: &&str| {
        let instances = resources.iter().filter(|r| r.id == **daemon).flat_map(|r| &r.instances);
        instances
            .into_iter()
            .any(|i| i.role == "Started" && i.node.as_deref() == Some(name.as_str()))
    };
    let here: Vec<&str> = DAEMONS.into_iter().filter(is_here).collect();
    if here.is_empty() { line.tone(Tone::Faint, "-") } else { line.plain(here.join(" ")) }
}

fn drbd(side: Option<&DrbdStatus>) -> Line {
    let line = Line::named("DRBD");
    match side {
        None => line.tone(Tone::Warning, "unknown"),
        Some(side) if !side.up => line.tone(Tone::Warning, "not up"),
        Some(side) => {
            let tone = if side.connection == "Connected" { Tone::Good } else { Tone::Warning };
            let line = line.plain(format!("{}, ", side.role)).tone(tone, side.connection.clone());
            if side.suspended { line.tone(Tone::Bad, ", writes wait") } else { line }
        }
    }
}

fn volume(side: Option<&DrbdStatus>, number: u32) -> Volume {
    let told = side.and_then(|side| {
        let volume = side.volumes.iter().find(|volume| volume.volume == number)?;
        Some((side, volume))
    });
    let empty = Line::named(&volume_name(number));
    match told {
        None => {
            let word = if side.is_some() { "-" } else { "unknown" };
            let disk = empty.tone(Tone::Warning, word);
            Volume { name: volume_name(number), disk, received: None }
        }
        Some((side, told)) => {
            let (tone, word) = disk(side, told);
            let received = told.done_percent.filter(|_| told.replication.contains("Target"));
            Volume {
                name: volume_name(number),
                disk: empty.tone(tone, word),
                received: received.map(|percent| (percent / 100.0).clamp(0.0, 1.0)),
            }
        }
    }
}
