// SPDX-License-Identifier: Apache-2.0
//! Accounts of people.

use std::path::Path;

use slurmha_core::observe::{People, PeopleRequest, PersonState};
use slurmha_core::plan::{Outcome, Person};

use super::context::Context;
use super::{Refusal, StepError};
use crate::accounts::{AccountError, Accounts};
use crate::command::{CommandError, Exit};
use crate::people;
use crate::program::shadow;
use crate::system::System;

/// Creates the account, or makes it what it shall be. An account with another
/// user id, or an id that somebody else has, is refused: its files would be
/// given away.
pub(super) fn set(context: &Context<'_>, person: &Person) -> Result<Outcome, StepError> {
    let system = context.system;
    let seen = look(system, person)?;
    refuse(&seen, person)?;
    refuse_group(system, &seen, person)?;
    let present = seen.accounts.get(&person.name);
    let Some(_) = person.difference(present) else { return Ok(Outcome::Unchanged) };
    match present {
        None => shadow::add_person(system, person)?,
        Some(present) => {
            change(system, person, present)?;
            for group in present.groups.intersection(&person.not_groups) {
                shadow::leave_group(system, &person.name, group)?;
            }
        }
    }
    if person.makes_home && !present.is_some_and(|present| present.has_home) {
        shadow::make_home(system, &person.name)?;
    }
    Ok(Outcome::Changed)
}

/// The plan has looked who works here; somebody may have come since.
fn change(system: &dyn System, person: &Person, present: &PersonState) -> Result<(), StepError> {
    match shadow::change_person(system, person, present) {
        Err(CommandError::Failed { exit: Exit::Status(shadow::USER_BUSY), .. }) => {
            let (name, from, to) = (person.name.clone(), present.home.clone(), person.home.clone());
            Err(Refusal::AtWork { name, from, to }.into())
        }
        Err(error) if is_about_files(&error, person, present) && is_done(system, person)? => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// With another primary group usermod gives the files in the home to that. On a server most
/// often it may not (`root_squash`), or one home takes longer than a program may; the plan has
/// said that they keep the old one then, and how to change it there.
fn is_about_files(error: &CommandError, person: &Person, present: &PersonState) -> bool {
    let exit = Exit::Status(shadow::HOME_NOT_CHANGED);
    let ended = match error {
        CommandError::Failed { exit: found, .. } => *found == exit,
        CommandError::TimedOut { .. } => true,
        CommandError::NotFound { .. } | CommandError::Io { .. } => false,
    };
    ended && !person.makes_home && present.gid != person.gid
}

/// Whether the account is as usermod shall make it; out of groups it takes nobody.
fn is_done(system: &dyn System, person: &Person) -> Result<bool, StepError> {
    let wanted = Person { not_groups: [].into(), ..person.clone() };
    let seen = look(system, &wanted)?;
    let present = seen.accounts.get(&wanted.name);
    Ok(present.is_some() && wanted.difference(present).is_none())
}

fn look(system: &dyn System, person: &Person) -> Result<People, StepError> {
    let homes = person.makes_home.then(|| person.home.clone());
    let request = PeopleRequest {
        names: [person.name.clone()].into(),
        uids: [person.uid].into(),
        gids: [person.gid].into(),
        homes: homes.into_iter().collect(),
        ..PeopleRequest::default()
    };
    Ok(people::load(system, &request)?)
}

fn refuse(seen: &People, person: &Person) -> Result<(), Refusal> {
    let name = person.name.clone();
    if let Some(present) = seen.accounts.get(&name) {
        if present.uid != person.uid {
            return Err(Refusal::OtherUserId { name, found: present.uid, wanted: person.uid });
        }
        return Ok(());
    }
    match seen.uids.get(&person.uid).cloned() {
        Some(holder) => Err(Refusal::UserIdTaken { name, uid: person.uid, holder }),
        None => Ok(()),
    }
}

/// A primary group of another id would be taken for the wanted one by its name.
fn refuse_group(system: &dyn System, seen: &People, person: &Person) -> Result<(), StepError> {
    let (name, gid) = (person.group.clone(), person.gid);
    match seen.gids.get(&gid) {
        Some(holder) if *holder == name => Ok(()),
        Some(holder) => Err(Refusal::GroupIdTaken { name, gid, holder: holder.clone() }.into()),
        None => match Accounts::load(system)?.groups.get(&name) {
            Some(&found) => Err(Refusal::OtherGroupId { name, found, wanted: gid }.into()),
            None => Err(AccountError::NoGroup(name).into()),
        },
    }
}

/// Closes an account that slurmha has made, and no other. The keys go first:
/// what has died in between is closed by the next run.
pub(super) fn close(context: &Context<'_>, name: &str, keys: &Path) -> Result<Outcome, StepError> {
    let system = context.system;
    let seen = people::load(system, &PeopleRequest::default())?;
    if !seen.accounts.get(name).is_some_and(|state| state.is_open) {
        return Ok(Outcome::Unchanged);
    }
    system.remove_file(keys)?;
    shadow::expire(system, name)?;
    Ok(Outcome::Changed)
}
