// SPDX-License-Identifier: Apache-2.0
//! One machine's wants against what was seen there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::build::{Draft, Inputs, PlannedStep};
use super::hosts::Hosts;
use super::step::{Stage, Step};
use super::{diff, homes, people, secrets, units};
use crate::config_file::{Access, ConfigFile};
use crate::desired::{MachineWants, Want};
use crate::layout;
use crate::observe::{FileState, Observation};
use crate::render::hosts::FILE as HOSTS_FILE;
use crate::secret::SecretId;
use crate::site::Role;

pub(super) fn plan(
    inputs: &Inputs<'_>,
    hosts: &mut Hosts,
    wants: &MachineWants,
    observed: &Observation,
    draft: &mut Draft,
) {
    let name = &wants.machine.name;
    let mut written = secrets::placed_on(inputs, wants);
    if !observed.binary_in_use {
        draft.push(Stage::Base, name, Step::UseBinary);
    }
    // What is mounted there is not slurmha's then, and is to be kept, whatever a file says.
    let are_homes_blocked = about_homes(wants, observed, draft);
    let mut reload_systemd: BTreeSet<Stage> = BTreeSet::new();
    for (stage, want) in &wants.wants {
        if let Want::MountInForce { unit, file } = want
            && !are_homes_blocked
            && units::is_outdated(observed, unit, file, &written)
        {
            draft.note_on(name, units::outdated_mount(unit));
        }
        for step in several(inputs, want, observed) {
            draft.push(*stage, name, step);
        }
        if let Want::People(wanted) = want {
            for stranger in people::strangers(wanted, &observed.people) {
                draft.refuse(name, stranger.what, &stranger.cure);
            }
            if let Some(people) = people::at_work(wanted, &observed.people) {
                draft.refuse(name, people.what(), &people.cure(&wants.machine));
            }
            if !wants.machine.roles.contains(&Role::Controller) {
                let homes = &inputs.site.people.homes;
                let notes = people::regrouped(homes, wanted, &observed.people);
                notes.into_iter().for_each(|note| draft.note_once(note));
            }
        }
        if *want == Want::Hosts && is_no_text(observed, Path::new(HOSTS_FILE)) {
            draft.refuse(
                name,
                format!(
                    "{HOSTS_FILE} is no text in UTF-8 of 1 MiB at most: its lines would be lost"
                ),
                "put right what is in it; `iconv -f latin1 -t utf8` converts it",
            );
            continue;
        }
        let Some(step) = step(hosts, want, observed, &written) else { continue };
        if let Step::WriteFile(file) = &step.step {
            written.insert(file.path.clone());
            if file.path.starts_with("/etc/systemd") {
                reload_systemd.insert(*stage);
            }
        }
        draft.push(*stage, name, step);
    }
    for stage in reload_systemd {
        draft.push(stage, name, Step::ReloadSystemd);
    }
}

/// Refuses homes where something else is mounted, and names what is left of earlier ones. Says
/// whether they are refused.
fn about_homes(wants: &MachineWants, observed: &Observation, draft: &mut Draft) -> bool {
    let place = wants.wants.iter().find_map(|(_, want)| match want {
        Want::Homes(place) => Some(place),
        _ => None,
    });
    let (Some(place), Some(seen)) = (place, observed.homes.as_ref()) else { return false };
    let name = &wants.machine.name;
    homes::left(place, seen).into_iter().for_each(|text| draft.note_on(name, text));
    let obstacle = homes::obstacle(place, seen);
    let is_refused = obstacle.is_some();
    if let Some(obstacle) = obstacle {
        draft.refuse(name, obstacle.what, &obstacle.cure);
    }
    is_refused
}

/// The steps of a want that may need more than one.
fn several(inputs: &Inputs<'_>, want: &Want, observed: &Observation) -> Vec<PlannedStep> {
    match want {
        Want::People(wanted) => people::plan(wanted, &inputs.site.people, &observed.people),
        Want::Retired { unit, ours } => units::retired(observed, unit, ours),
        _ => Vec::new(),
    }
}

/// The step that brings about one want, or nothing when it is there.
fn step(
    hosts: &mut Hosts,
    want: &Want,
    observed: &Observation,
    written: &BTreeSet<PathBuf>,
) -> Option<PlannedStep> {
    match want {
        Want::Group(group) => (!observed.groups.contains_key(&group.name))
            .then(|| Step::CreateGroup(group.clone()).into()),
        // The step refuses one with another id: people would be put into it by its name.
        Want::PeoplesGroup(group) => (observed.groups.get(&group.name) != Some(&group.gid))
            .then(|| Step::CreateGroup(group.clone()).into()),
        Want::User(user) => (!observed.users.contains_key(&user.name))
            .then(|| Step::CreateUser(user.clone()).into()),
        Want::Packages(names) => packages(names, observed),
        Want::Directory(directory) => (observed.directories.get(&directory.path)
            != Some(&directory.access))
        .then(|| Step::MakeDirectory(directory.clone()).into()),
        Want::File(file) => match changing_secret(file, observed, written) {
            Some(id) => Some(writing(file, observed, format!("its secret {id} changes"))),
            None => write(file, observed),
        },
        Want::Leftover(file) => {
            observed.files.contains_key(&file.path).then(|| write(file, observed)).flatten()
        }
        Want::Hosts => hosts.step(observed),
        // Where secrets come from is a question across machines.
        Want::Secret(_) => None,
        Want::People(_) | Want::Retired { .. } => None,
        // People work there.
        Want::MountInForce { .. } | Want::Homes(_) => None,
        Want::Enablement { unit, enablement } => units::enablement(observed, unit, *enablement),
        Want::NotEnabled { unit } => units::not_enabled(observed, unit),
        Want::Running { unit, reads } => units::running(observed, unit, reads, written),
        Want::NotRunning { unit } => units::not_running(observed, unit),
    }
}

fn packages(names: &[String], observed: &Observation) -> Option<PlannedStep> {
    let absent: Vec<String> =
        names.iter().filter(|name| !observed.packages.contains_key(*name)).cloned().collect();
    if absent.is_empty() && !is_policy_left(observed) {
        return None;
    }
    Some(Step::InstallPackages { packages: absent }.into())
}

/// Whether a run that died as it installed the last package has left behind
/// what keeps daemons from being started: a security update later would leave
/// the old ones running.
fn is_policy_left(observed: &Observation) -> bool {
    let policy = observed.files.get(Path::new(layout::POLICY_RC_D));
    policy
        .and_then(|file| file.text.as_deref())
        .is_some_and(|text| text.contains(layout::POLICY_RC_D_MARKER))
}

/// Something is there that could not be read. What is not known cannot be kept.
fn is_no_text(observed: &Observation, path: &Path) -> bool {
    observed.files.get(path).is_some_and(|file| file.text.is_none())
}

/// What a program has written for a program: its difference tells nobody anything, and
/// is longer than all others together.
fn is_data(file: &ConfigFile) -> bool {
    file.path.extension().is_some_and(|extension| extension == "json")
}

/// The secret of a file that is there which this plan changes: its text stays the same, with
/// the placeholder in it, and what it holds does not.
fn changing_secret<'a>(
    file: &'a ConfigFile,
    observed: &Observation,
    written: &BTreeSet<PathBuf>,
) -> Option<&'a SecretId> {
    let is_there = observed.files.contains_key(&file.path);
    file.secrets.iter().find(|id| is_there && written.contains(&id.location().path))
}

pub(super) fn write(file: &ConfigFile, observed: &Observation) -> Option<PlannedStep> {
    let why = difference(file, observed.files.get(&file.path))?;
    Some(writing(file, observed, why))
}

/// In what a file differs from what is there; empty where its diff says it.
fn difference(file: &ConfigFile, present: Option<&FileState>) -> Option<String> {
    let Some(present) = present else { return Some("new".to_owned()) };
    if let Some(id) = present.lacks.first() {
        return Some(format!("does not hold {id} as it shall, and is not shown"));
    }
    if present.text.as_ref() != Some(&file.text) {
        return Some(String::new());
    }
    let Access { owner, group, mode } = &present.access;
    (present.access != file.access).then(|| format!("is {owner}:{group} {mode:04o}"))
}

fn writing(file: &ConfigFile, observed: &Observation, why: String) -> PlannedStep {
    let step = Step::WriteFile(file.clone());
    if is_data(file) {
        let lines = format!("{} lines", file.text.lines().count());
        let why = if why.is_empty() { lines } else { format!("{why}, {lines}") };
        return PlannedStep::because(step, why);
    }
    let diff = shown(file, observed.files.get(&file.path));
    PlannedStep { step, why, diff: diff.filter(|diff| !diff.is_empty()) }
}

/// The diff, unless the machine has kept its side of it to itself.
fn shown(file: &ConfigFile, present: Option<&FileState>) -> Option<String> {
    if present.is_some_and(|present| !present.lacks.is_empty()) {
        return None;
    }
    let old = present.and_then(|present| present.text.as_deref());
    Some(diff::unified(old.unwrap_or_default(), &file.text))
}
