// SPDX-License-Identifier: Apache-2.0
//! Secrets: made here, handed out inside ssh, placed here.

use slurmha_core::plan::{Outcome, StepEvent};
use slurmha_core::secret::{SecretFile, SecretForm, SecretValue};
use slurmha_core::wireguard::{KEY_BYTES, PrivateKey};

use super::context::Context;
use super::files::{Check, ensure_parent, ids_of, keep_content, put};
use super::{Refusal, StepError};
use crate::system::{System, write_atomically};

/// Keys shorter than this are refused by munged(8), and prove that a file
/// was cut short.
const SHORTEST_KEY_BYTES: usize = 32;

/// A shorter word would be starred out of every message.
const SHORTEST_PASSWORD: usize = 6;

/// Makes a secret unless it exists; an existing one only gets the right
/// owner and mode.
pub(super) fn make(context: &Context<'_>, file: &SecretFile) -> Result<Outcome, StepError> {
    let system = context.system;
    let ids = ids_of(system, &file.access)?;
    let value = match existing(system, file)? {
        Some(value) => value,
        None => new_value(system, file)?,
    };
    write(system, file, &value, ids)
}

/// Sends a secret back, unless it is this machine's own.
pub(super) fn export(context: &Context<'_>, file: &SecretFile) -> Result<Outcome, StepError> {
    if file.form == SecretForm::WireguardKey {
        return Err(Refusal::SecretStays(file.id.to_string()).into());
    }
    let absent = || StepError::NoSecret { id: file.id.to_string(), path: file.path.clone() };
    let value = existing(context.system, file)?.ok_or_else(absent)?;
    context.send(StepEvent::Secret { id: file.id.clone(), value: SecretValue::new(value) })?;
    Ok(Outcome::Unchanged)
}

/// Places a secret that was sent along.
pub(super) fn place(
    context: &Context<'_>,
    file: &SecretFile,
    value: Option<&SecretValue>,
) -> Result<Outcome, StepError> {
    let system = context.system;
    let value = value.ok_or_else(|| StepError::NoValue(file.id.to_string()))?;
    let ids = ids_of(system, &file.access)?;
    let command = file.id.validate();
    let check = Check { command: command.as_deref(), hidden: passwords(value.expose()) };
    put(system, &file.path, value.expose(), ids, &check)
}

/// What a checker could repeat of a file with a password in it: the values of
/// its lines `key = value`.
fn passwords(content: &[u8]) -> Vec<SecretValue> {
    let text = String::from_utf8_lossy(content);
    let values = text.lines().filter_map(|line| Some(line.split_once('=')?.1.trim()));
    let long = values.filter(|value| value.len() >= SHORTEST_PASSWORD);
    long.map(|value| SecretValue::new(value.as_bytes().to_vec())).collect()
}

fn write(
    system: &dyn System,
    file: &SecretFile,
    value: &[u8],
    ids: crate::system::Ids,
) -> Result<Outcome, StepError> {
    if let Some(outcome) = keep_content(system, &file.path, value, ids)? {
        return Ok(outcome);
    }
    ensure_parent(system, &file.path)?;
    write_atomically(system, &file.path, value, ids)?;
    Ok(Outcome::Changed)
}

/// The secret that is there. An empty file counts as none; a short one is an
/// error, because other machines may have it too.
fn existing(system: &dyn System, file: &SecretFile) -> Result<Option<Vec<u8>>, StepError> {
    let Some(value) = system.read(&file.path)?.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let shortest = if file.form == SecretForm::Given { 1 } else { SHORTEST_KEY_BYTES };
    if value.len() >= shortest {
        return Ok(Some(value));
    }
    let (id, path) = (file.id.to_string(), file.path.clone());
    Err(StepError::ShortSecret { id, path, found: value.len() })
}

fn new_value(system: &dyn System, file: &SecretFile) -> Result<Vec<u8>, StepError> {
    match file.form {
        SecretForm::Bytes(count) => Ok(system.random(count)?),
        SecretForm::Hex(count) => {
            let bytes = system.random(count)?;
            Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes())
        }
        SecretForm::WireguardKey => {
            let mut bytes = [0; KEY_BYTES];
            bytes.copy_from_slice(&system.random(KEY_BYTES)?);
            Ok(PrivateKey::from_random(bytes).expose().into_bytes())
        }
        SecretForm::Given => Err(Refusal::GivenSecret(file.id.to_string()).into()),
    }
}
