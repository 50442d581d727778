// SPDX-License-Identifier: Apache-2.0
//! Secrets: made once by their keeper, the same everywhere; or a machine's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::build::{Draft, Inputs, PlannedStep};
use super::cib;
use super::step::{Stage, Step};
use crate::desired::{MachineWants, Want};
use crate::secret::{Digest, SecretForm, SecretId};
use crate::site::NodeName;

/// Plans every secret of the site.
///
/// The keeper is the first controller that has the secret; when none has, the
/// first controller makes it. Whoever holds another value gets the keeper's:
/// the second controller's key must never win by accident of order, and one that
/// has come with a new machine (Debian's munge makes a key when it is installed)
/// never over that of the controller that is a member of the cluster.
pub(super) fn plan(inputs: &Inputs<'_>, draft: &mut Draft) {
    for (id, holders) in holders(inputs) {
        match id.location().form {
            SecretForm::Given => place_given(inputs, id, &holders, draft),
            SecretForm::Bytes(_) | SecretForm::Hex(_) => spread(inputs, id, &holders, draft),
            SecretForm::WireguardKey => make_on_each(inputs, id, &holders, draft),
        }
    }
}

/// Paths of the secrets that will be written on a machine that was seen, so that
/// daemons that read them are restarted.
pub(super) fn placed_on(inputs: &Inputs<'_>, wants: &MachineWants) -> BTreeSet<PathBuf> {
    let machine = &wants.machine.name;
    ids(wants)
        .filter(|&id| match id.location().form {
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

/// The secrets that a machine shall have.
fn ids(machine: &MachineWants) -> impl Iterator<Item = &SecretId> {
    machine.wants.iter().filter_map(|(_, want)| match want {
        Want::Secret(id) => Some(id),
        _ => None,
    })
}

/// Every secret with the observed machines that shall have it, controllers first.
fn holders<'a>(inputs: &'a Inputs<'_>) -> BTreeMap<&'a SecretId, Vec<&'a NodeName>> {
    let mut holders: BTreeMap<&SecretId, Vec<&NodeName>> = BTreeMap::new();
    for machine in inputs.wants {
        let name = &machine.machine.name;
        for id in ids(machine) {
            let holders = holders.entry(id).or_default();
            if inputs.observed.contains_key(name) && holders.last() != Some(&name) {
                holders.push(name);
            }
        }
    }
    holders
}

fn digest_on<'a>(inputs: &'a Inputs<'_>, id: &SecretId, machine: &NodeName) -> Option<&'a Digest> {
    Some(&inputs.observed.get(machine)?.secret(id)?.digest)
}

fn keeper<'a>(inputs: &'a Inputs<'_>, id: &SecretId) -> Option<(&'a NodeName, &'a Digest)> {
    let names = inputs.site.controllers.iter().map(|controller| &controller.name);
    let holders: Vec<(&NodeName, &Digest)> =
        names.filter_map(|name| Some((name, digest_on(inputs, id, name)?))).collect();
    let first = *holders.first()?;
    let is_one_value = holders.iter().all(|(_, digest)| *digest == first.1);
    let is_member =
        |(name, _): &&(&NodeName, &Digest)| inputs.observed.get(name).is_some_and(cib::is_members);
    // To look into the cluster's configuration takes a while, and is seldom needed.
    if is_one_value { Some(first) } else { holders.iter().find(is_member).copied().or(Some(first)) }
}

fn spread(inputs: &Inputs<'_>, id: &SecretId, holders: &[&NodeName], draft: &mut Draft) {
    let first = &inputs.site.controllers[0].name;
    let (keeper, digest) = match keeper(inputs, id) {
        Some((keeper, digest)) => (keeper, Some(digest)),
        None => (first, None),
    };
    if !inputs.observed.contains_key(keeper) {
        return;
    }
    let takers: Vec<&NodeName> = holders
        .iter()
        .copied()
        .filter(|name| *name != keeper)
        .filter(|name| {
            let is_other = digest.is_none() || digest_on(inputs, id, name) != digest;
            is_other || wrong_access(inputs, id, name)
        })
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
        let present = digest_on(inputs, id, taker);
        let why = match present {
            None => String::new(),
            Some(_) if present == digest => "owner or mode".to_owned(),
            Some(_) => format!("differs from {keeper}'s"),
        };
        let step = Step::PlaceSecret { file: file.clone(), value: None };
        draft.push_first(Stage::Secrets, taker, PlannedStep::because(step, why));
    }
}

fn wrong_access(inputs: &Inputs<'_>, id: &SecretId, machine: &NodeName) -> bool {
    let state = inputs.observed.get(machine).and_then(|observed| observed.secret(id));
    state.is_some_and(|state| state.access != id.location().access)
}

/// A key that is a machine's own.
fn make_on_each(inputs: &Inputs<'_>, id: &SecretId, holders: &[&NodeName], draft: &mut Draft) {
    for &holder in holders {
        if digest_on(inputs, id, holder).is_none() || wrong_access(inputs, id, holder) {
            draft.push(Stage::Base, holder, Step::MakeSecret(id.location()));
        }
    }
}

/// A password that somebody else made: from the administrator's file, unless
/// that file is not at hand and the controllers already have it.
fn place_given(inputs: &Inputs<'_>, id: &SecretId, holders: &[&NodeName], draft: &mut Draft) {
    let file = id.location();
    for &holder in holders {
        let present = digest_on(inputs, id, holder);
        match inputs.given.get(id) {
            Some(digest) if present == Some(digest) && !wrong_access(inputs, id, holder) => {}
            Some(_) => {
                let step = Step::PlaceSecret { file: file.clone(), value: None };
                draft.push_first(Stage::Secrets, holder, step);
            }
            None if present.is_some() => {}
            None => draft.refuse(
                holder,
                format!("{id} is not on this machine, and its file could not be read"),
                "put it into the file that the site file names, mode 0600",
            ),
        }
    }
}
