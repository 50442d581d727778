// SPDX-License-Identifier: Apache-2.0
//! A status as text: one screen, or its parts.

use super::line::{Line, NAMES, Tone};
use super::model::{
    Contact, MachineStatus, Member, ResourceInstance, ResourceStatus, Severity, Status, Verdict,
};
use crate::layout::VOLUMES;
use crate::observe::{DrbdStatus, DrbdVolumeStatus, Health, Reading};
use crate::site::Role;

/// Width that the screen is made for.
const WIDTH: usize = 80;
/// Machines outside the control plane that are listed one by one.
const LISTED_MACHINES: usize = 12;
/// Fencing actions that are shown.
const SHOWN_FENCING: usize = 3;

/// The lines of the screen.
pub fn render(status: &Status) -> Vec<Line> {
    let mut lines = vec![headline(status)];
    lines.extend(problem_lines(status, WIDTH));
    lines.push(Line::new());
    lines.extend(service_lines(status));
    lines.push(Line::new());
    lines.extend(controllers(status));
    lines.extend(other_machine_lines(status));
    lines.push(Line::new());
    lines.extend(resource_lines(status, WIDTH));
    lines.extend(fencing_lines(status));
    lines
}

/// What the cluster gives to its users: votes, VIP, daemons, jobs and nodes.
pub fn service_lines(status: &Status) -> Vec<Line> {
    let mut lines = vec![votes(status), vip(status)];
    lines.extend(daemons(status));
    lines.push(counts("Jobs", &status.jobs));
    lines.push(counts("Nodes", &status.nodes));
    lines
}

/// What a DRBD volume holds; the numbers are slurmha's own choice.
pub(super) fn volume_name(volume: u32) -> String {
    match VOLUMES.get(volume as usize) {
        Some(name) => (*name).to_owned(),
        None => format!("volume {volume}"),
    }
}

/// The cluster's name, all of it in one word, and who is active.
pub fn headline(status: &Status) -> Line {
    let line = Line::new()
        .tone(Tone::Title, format!("Cluster {}: ", status.cluster))
        .tone(verdict_tone(status.verdict), status.verdict.word());
    match &status.active {
        Some(active) => line.plain(format!(", active on {active}")),
        None => line,
    }
}

pub(super) fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Healthy => Tone::Good,
        Verdict::Degraded | Verdict::Unknown => Tone::Warning,
        Verdict::Down => Tone::Bad,
    }
}

/// What is not as it should be, and what to type, in lines of at most that
/// many columns.
pub fn problem_lines(status: &Status, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for problem in &status.problems {
        let (sign, tone) = match problem.severity {
            Severity::Down => ("!!", Tone::Bad),
            Severity::Degraded => ("! ", Tone::Warning),
            Severity::Unknown => ("? ", Tone::Warning),
        };
        let mut first = true;
        for part in wrapped(&problem.text, width.saturating_sub(5)) {
            let sign = if std::mem::take(&mut first) { sign } else { "  " };
            lines.push(Line::new().plain("  ").tone(tone, sign).plain(format!(" {part}")));
        }
        if let Some(next) = &problem.next {
            lines.push(Line::new().tone(Tone::Faint, format!("       {next}")));
        }
    }
    lines
}

/// Text in lines of at most that width, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width
        });
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn votes(status: &Status) -> Line {
    let line = Line::named("Votes");
    let quorum = match &status.quorum {
        Reading::Unknown(_) => return line.tone(Tone::Warning, "unknown"),
        Reading::Known(quorum) => quorum,
    };
    let all = quorum.total_votes >= quorum.expected_votes;
    let tone = if all { Tone::Good } else { Tone::Warning };
    let line = line.tone(tone, format!("{} of {}", quorum.total_votes, quorum.expected_votes));
    let line = if quorum.quorate {
        line.plain(", quorum held")
    } else {
        line.tone(Tone::Bad, ", no quorum")
    };
    let line = match (&status.arbiter, quorum.qdevice) {
        (Some(arbiter), Some(true)) => line.plain(format!(", arbiter {arbiter} votes")),
        (Some(arbiter), _) => line.tone(Tone::Warning, format!(", arbiter {arbiter} does not")),
        (None, _) => line,
    };
    match &status.dc {
        Some(dc) => line.tone(Tone::Faint, format!("; DC {dc}")),
        None => line,
    }
}

fn vip(status: &Status) -> Line {
    let line = Line::named("VIP").plain(status.vip.address.to_string());
    match (&status.vip.holder, &status.resources) {
        (Some(holder), _) => line.plain(format!(" on {holder}")),
        (None, Reading::Known(_)) => line.tone(Tone::Bad, " nowhere"),
        (None, Reading::Unknown(_)) => line.tone(Tone::Warning, " unknown"),
    }
}

fn daemons(status: &Status) -> Vec<Line> {
    let line = |title: &str, daemons: &[(&str, &Health)]| {
        let mut line = Line::named(title);
        for (index, (name, health)) in daemons.iter().enumerate() {
            let gap = if index == 0 { "" } else { ", " };
            let (tone, word) = health_word(health);
            line = line.plain(format!("{gap}{name} ")).tone(tone, word);
        }
        line
    };
    let daemons = &status.daemons;
    vec![
        line("Scheduler", &[("slurmctld", &daemons.slurmctld)]),
        line("Accounting", &[("slurmdbd", &daemons.slurmdbd), ("MariaDB", &daemons.mariadb)]),
    ]
}

pub(super) fn health_word(health: &Health) -> (Tone, &'static str) {
    match health {
        Health::Up => (Tone::Good, "answers"),
        Health::Down(_) => (Tone::Bad, "does not answer"),
        Health::Unknown(_) => (Tone::Warning, "unknown"),
        Health::Elsewhere => (Tone::Faint, "is not asked from here"),
    }
}

fn counts(title: &str, counts: &Reading<std::collections::BTreeMap<String, u64>>) -> Line {
    let line = Line::named(title);
    match counts {
        Reading::Unknown(_) => line.tone(Tone::Warning, "unknown"),
        Reading::Known(counts) if counts.is_empty() => line.plain("none"),
        Reading::Known(counts) => {
            let each: Vec<String> =
                counts.iter().map(|(state, n)| format!("{n} {}", state.to_lowercase())).collect();
            line.plain(each.join(", "))
        }
    }
}

fn controllers(status: &Status) -> Vec<Line> {
    let volumes = volume_count(status);
    let mut head = Line::new().tone(Tone::Title, "Controller").at_column(NAMES);
    head = head.tone(Tone::Title, "Pacemaker").at_column(NAMES + 13).tone(Tone::Title, "DRBD");
    for volume in 0..volumes {
        let column = NAMES + 26 + 20 * volume as usize;
        head = head.at_column(column).tone(Tone::Title, format!("{} disk", volume_name(volume)));
    }
    let machines = status.machines.iter().filter(|m| m.member.is_some());
    std::iter::once(head).chain(machines.map(|machine| controller(status, machine))).collect()
}

/// The columns for volumes; two even when nobody could tell.
pub(super) fn volume_count(status: &Status) -> u32 {
    let sides = status.replication.values().filter_map(Reading::known);
    let last = sides.flat_map(|side| &side.volumes).map(|volume| volume.volume + 1).max();
    last.unwrap_or(2)
}

fn controller(status: &Status, machine: &MachineStatus) -> Line {
    let member = machine.member.unwrap_or(Member::Unknown);
    let tone = member_tone(member);
    let mut line = Line::new()
        .plain(machine.name.to_string())
        .at_column(NAMES)
        .tone(tone, member.word())
        .at_column(NAMES + 13);
    match status.replication.get(&machine.name) {
        Some(Reading::Known(side)) => {
            let role = if side.up { side.role.as_str() } else { "not up" };
            line = line.plain(role);
            for volume in &side.volumes {
                let (tone, text) = disk(side, volume);
                let column = NAMES + 26 + 20 * volume.volume as usize;
                line = line.at_column(column).tone(tone, text);
            }
        }
        _ => line = line.tone(Tone::Warning, "unknown"),
    }
    line
}

pub(super) fn member_tone(member: Member) -> Tone {
    match member {
        Member::Online => Tone::Good,
        Member::Unclean => Tone::Bad,
        _ => Tone::Warning,
    }
}

pub(super) fn disk(side: &DrbdStatus, volume: &DrbdVolumeStatus) -> (Tone, String) {
    let target = volume.replication.contains("Target");
    match volume.done_percent {
        Some(done) if target => (Tone::Warning, format!("{} {done:.0} %", volume.disk)),
        _ if volume.disk != "UpToDate" => (Tone::Bad, volume.disk.clone()),
        _ if side.connection != "Connected" => (Tone::Warning, format!("{}, alone", volume.disk)),
        _ => (Tone::Good, volume.disk.clone()),
    }
}

/// The machines that are no controllers: few one by one, many as numbers,
/// because a screen is a screen.
pub fn other_machine_lines(status: &Status) -> Vec<Line> {
    let others: Vec<&MachineStatus> =
        status.machines.iter().filter(|m| m.member.is_none()).collect();
    let asked = others.iter().filter(|m| m.contact != Contact::NotAsked).count();
    if asked > LISTED_MACHINES {
        let reachable = others.iter().filter(|m| m.contact == Contact::Reachable).count();
        return vec![Line::named("Others").plain(format!("{reachable} of {asked} reachable"))];
    }
    let asked = others.into_iter().filter(|m| m.contact != Contact::NotAsked);
    asked.map(other_machine).collect()
}

fn other_machine(machine: &MachineStatus) -> Line {
    let roles: Vec<&str> = machine.roles.iter().map(|role| role_word(*role)).collect();
    let (tone, word) = match machine.contact {
        Contact::Reachable => (Tone::Good, "reachable"),
        Contact::Unreachable(_) | Contact::NotAsked => (Tone::Warning, "unknown"),
    };
    Line::new()
        .plain(machine.name.to_string())
        .at_column(NAMES)
        .tone(tone, word)
        .at_column(NAMES + 13)
        .tone(Tone::Faint, roles.join(", "))
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Controller => "controller",
        Role::Arbiter => "arbiter",
        Role::Compute => "compute",
        Role::Login => "login",
        Role::Monitoring => "monitoring",
        Role::Gateway => "gateway",
    }
}

/// Every cluster resource and where it runs, in two columns of that width
/// together.
pub fn resource_lines(status: &Status, width: usize) -> Vec<Line> {
    let title = Line::new().tone(Tone::Title, "Resources");
    let resources = match &status.resources {
        Reading::Unknown(_) => return vec![title.plain("  ").tone(Tone::Warning, "unknown")],
        Reading::Known(resources) => resources,
    };
    let mut lines = vec![title];
    let mut line = Line::new();
    for resource in resources {
        let places = places(resource).join(", ");
        let entry = format!("  {:<NAMES$}{places}", format!("{} ", resource.id));
        // Two columns; what is too long for one gets a line of its own.
        let column = width / 2;
        let long = entry.chars().count() >= column;
        if line.width() > 0 && (long || line.width() >= column) {
            lines.push(std::mem::take(&mut line));
        }
        line =
            if line.width() == 0 { line.plain(entry) } else { line.at_column(column).plain(entry) };
    }
    lines.push(line);
    lines.retain(|line| line.width() > 0);
    lines
}

/// Where the instances of a resource are, in which role, and what is wrong
/// with each.
pub(super) fn places(resource: &ResourceStatus) -> Vec<String> {
    let place = |instance: &ResourceInstance| {
        let node = instance.node.as_deref().unwrap_or_default();
        let role = if instance.role == "Started" { "" } else { instance.role.as_str() };
        let marks = instance.marks.join(" ");
        let words = [role, node, &marks].into_iter().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    };
    resource.instances.iter().map(place).collect()
}

/// The latest fencing actions; nothing when Pacemaker remembers none.
pub fn fencing_lines(status: &Status) -> Vec<Line> {
    if status.fencing.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new().tone(Tone::Title, "Fencing")];
    for event in status.fencing.iter().take(SHOWN_FENCING) {
        let tone = if event.status == "success" { Tone::Plain } else { Tone::Bad };
        let by = if event.delegate.is_empty() {
            String::new()
        } else {
            format!(" by {}", event.delegate)
        };
        lines.push(
            Line::new()
                .plain(format!("  {} {}{by}: ", event.action, event.target))
                .tone(tone, event.status.clone())
                .tone(Tone::Faint, format!("  {}", event.completed)),
        );
    }
    let more = status.fencing.len().saturating_sub(SHOWN_FENCING);
    if more > 0 {
        lines.push(Line::new().tone(Tone::Faint, format!("  {more} more in --json")));
    }
    lines
}
