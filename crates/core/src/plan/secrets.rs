// SPDX-License-Identifier: Apache-2.0
//! Secrets: made once by their keeper, the same everywhere; or a machine's own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::build::{Draft, Inputs, PlannedStep};
use super::step::{Stage, Step};
use crate::desired::Want;
use crate::secret::{Digest, SecretForm, SecretId};
use crate::site::NodeName;

/// Plans every secret of the site.
///
/// The keeper is the first controller that has the secret; when none has, the
/// first controller makes it. Whoever holds another value gets the keeper's:
/// the second controller's key must never win by accident of order.
pub(super) fn plan(inputs: &Inputs<'_>, draft: &mut Draft) {
    for id in ids(inputs) {
        match id.location().form {
            SecretForm::Given => place_given(inputs, &id, draft),
            SecretForm::Bytes(_) | SecretForm::Hex(_) => spread(inputs, &id, draft),
            SecretForm::WireguardKey => make_on_each(inputs, &id, draft),
        }
    }
}

/// Paths of the secrets that will be written on a machine, so that daemons
/// that read them are restarted.
pub(super) fn placed_on(inputs: &Inputs<'_>, machine: &NodeName) -> BTreeSet<PathBuf> {
    ids(inputs)
        .into_iter()
        .filter(|id| holders(inputs, id).contains(&machine))
        .filter(|id| match id.location().form {
            SecretForm::Given => {
                inputs.given.get(id).is_some_and(|d| Some(d) != digest_on(inputs, id, machine))
            }
            SecretForm::WireguardKey => digest_on(inputs, id, machine).is_none(),
            SecretForm::Bytes(_) | SecretForm::Hex(_) => match keeper(inputs, id) {
                Some((keeper, digest)) => {
                    keeper != machine && digest_on(inputs, id, machine) != Some(digest)
                }
                None => true,
            },
        })
        .map(|id| id.location().path)
        .collect()
}

fn ids(inputs: &Inputs<'_>) -> BTreeSet<SecretId> {
    let wants = inputs.wants.iter().flat_map(|machine| &machine.wants);
    wants
        .filter_map(|(_, want)| match want {
            Want::Secret(id) => Some(id.clone()),
            _ => None,
        })
        .collect()
}

/// The observed machines that shall have the secret, controllers first.
fn holders<'a>(inputs: &'a Inputs<'_>, id: &SecretId) -> Vec<&'a NodeName> {
    let wants_it = |wants: &[(Stage, Want)]| {
        wants.iter().any(|(_, want)| matches!(want, Want::Secret(wanted) if wanted == id))
    };
    inputs
        .wants
        .iter()
        .filter(|machine| wants_it(&machine.wants))
        .map(|machine| &machine.machine.name)
        .filter(|name| inputs.observed.contains_key(*name))
        .collect()
}

fn digest_on<'a>(inputs: &'a Inputs<'_>, id: &SecretId, machine: &NodeName) -> Option<&'a Digest> {
    Some(&inputs.observed.get(machine)?.secret(id)?.digest)
}

fn keeper<'a>(inputs: &'a Inputs<'_>, id: &SecretId) -> Option<(&'a NodeName, &'a Digest)> {
    inputs
        .site
        .controllers
        .iter()
        .find_map(|c| digest_on(inputs, id, &c.name).map(|digest| (&c.name, digest)))
}

fn spread(inputs: &Inputs<'_>, id: &SecretId, draft: &mut Draft) {
    let first = &inputs.site.controllers[0].name;
    let (keeper, digest) = match keeper(inputs, id) {
        Some((keeper, digest)) => (keeper, Some(digest)),
        None => (first, None),
    };
    if !inputs.observed.contains_key(keeper) {
        return;
    }
    let takers: Vec<&NodeName> = holders(inputs, id)
        .into_iter()
        .filter(|name| *name != keeper)
        .filter(|name| digest.is_none() || digest_on(inputs, id, name) != digest)
        .collect();
    let file = id.location();
    // The step also corrects owner and mode of a secret that exists.
    if digest.is_none() || wrong_access(inputs, id, keeper) {
        draft.push(Stage::Base, keeper, Step::MakeSecret(file.clone()));
    }
    if !takers.is_empty() {
        draft.push(Stage::Base, keeper, Step::ExportSecret(file.clone()));
    }
    for taker in takers {
        let replaces = digest_on(inputs, id, taker).is_some();
        let why = if replaces { format!("differs from {keeper}'s") } else { String::new() };
        let step = Step::PlaceSecret { file: file.clone(), value: None };
        draft.push_first(Stage::Secrets, taker, PlannedStep::because(step, why));
    }
}

fn wrong_access(inputs: &Inputs<'_>, id: &SecretId, machine: &NodeName) -> bool {
    let state = inputs.observed.get(machine).and_then(|observed| observed.secret(id));
    state.is_some_and(|state| state.access != id.location().access)
}

/// A key that is a machine's own.
fn make_on_each(inputs: &Inputs<'_>, id: &SecretId, draft: &mut Draft) {
    for holder in holders(inputs, id) {
        if digest_on(inputs, id, holder).is_none() || wrong_access(inputs, id, holder) {
            draft.push(Stage::Base, holder, Step::MakeSecret(id.location()));
        }
    }
}

/// A password that somebody else made: from the administrator's file, unless
/// that file is not at hand and the controllers already have it.
fn place_given(inputs: &Inputs<'_>, id: &SecretId, draft: &mut Draft) {
    let file = id.location();
    for holder in holders(inputs, id) {
        let present = digest_on(inputs, id, holder);
        match inputs.given.get(id) {
            Some(digest) if present == Some(digest) => {}
            Some(_) => {
                let step = Step::PlaceSecret { file: file.clone(), value: None };
                draft.push_first(Stage::Secrets, holder, step);
            }
            None if present.is_some() => {}
            None => draft.refuse(
                holder,
                format!("{id} is on no machine, and its file could not be read"),
                "put it into the file that the site file names, mode 0600",
            ),
        }
    }
}
