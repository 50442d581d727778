// SPDX-License-Identifier: Apache-2.0
//! Groups and users with fixed ids.

use slurmha_core::plan::{Group, Outcome, User};

use super::context::Context;
use super::{Refusal, StepError};
use crate::accounts::Accounts;
use crate::program::shadow;

pub(super) fn create_group(context: &Context<'_>, group: &Group) -> Result<Outcome, StepError> {
    let accounts = Accounts::load(context.system)?;
    let name = group.name.clone();
    if let Some(found) = accounts.groups.get(&group.name) {
        if *found == group.gid {
            return Ok(Outcome::Unchanged);
        }
        return Err(Refusal::OtherGroupId { name, found: *found, wanted: group.gid }.into());
    }
    if let Some(holder) = accounts.group_with_id(group.gid) {
        let holder = holder.to_owned();
        return Err(Refusal::GroupIdTaken { name, gid: group.gid, holder }.into());
    }
    shadow::add_group(context.system, group)?;
    Ok(Outcome::Changed)
}

pub(super) fn create_user(context: &Context<'_>, user: &User) -> Result<Outcome, StepError> {
    let accounts = Accounts::load(context.system)?;
    let name = user.name.clone();
    if let Some(found) = accounts.users.get(&user.name) {
        if found.uid == user.uid {
            return Ok(Outcome::Unchanged);
        }
        return Err(Refusal::OtherUserId { name, found: found.uid, wanted: user.uid }.into());
    }
    if let Some(holder) = accounts.user_with_id(user.uid) {
        let holder = holder.to_owned();
        return Err(Refusal::UserIdTaken { name, uid: user.uid, holder }.into());
    }
    shadow::add_user(context.system, user)?;
    Ok(Outcome::Changed)
}
