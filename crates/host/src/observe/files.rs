// SPDX-License-Identifier: Apache-2.0
//! Files, directories and secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use slurmha_core::config_file::Access;
use slurmha_core::observe::{FileRequest, FileState, SecretState};
use slurmha_core::secret::{Digest, SecretFile, SecretForm};

use super::private;
use crate::accounts::Accounts;
use crate::system::{FileKind, System};

/// Larger files are reported without their text.
const MAX_TEXT_BYTES: u64 = 1 << 20;

pub(super) fn observe_files(
    system: &dyn System,
    accounts: &Accounts,
    requests: &[FileRequest],
) -> BTreeMap<PathBuf, FileState> {
    let states = requests.iter().map(|request| {
        let state = observe_file(system, accounts, request)?;
        Some((request.path.clone(), state))
    });
    states.flatten().collect()
}

fn observe_file(
    system: &dyn System,
    accounts: &Accounts,
    request: &FileRequest,
) -> Option<FileState> {
    let metadata = system.metadata(&request.path).ok().flatten()?;
    let readable = metadata.kind == FileKind::File && metadata.size <= MAX_TEXT_BYTES;
    let bytes = if readable { system.read(&request.path).ok().flatten() } else { None };
    let told = bytes.map(|bytes| match &request.private {
        Some(wanted) => private::told(system, &request.path, &bytes, wanted),
        None => Ok(bytes),
    });
    let (text, lacks) = match told.transpose() {
        Ok(text) => (text, Vec::new()),
        Err(lacks) => (None, lacks),
    };
    Some(FileState {
        access: accounts.access_of(&metadata),
        text: text.and_then(|bytes| String::from_utf8(bytes).ok()),
        lacks,
        modified: metadata.modified,
    })
}

/// A secret as it stands inside a file: one that the administrator wrote with
/// an editor has a line end, which is not part of it.
pub(crate) fn as_written<'a>(secret: &SecretFile, value: &'a [u8]) -> &'a [u8] {
    match secret.form {
        SecretForm::Bytes(_) => value,
        SecretForm::Hex(_) | SecretForm::WireguardKey | SecretForm::Given => value.trim_ascii_end(),
    }
}

pub(super) fn observe_digests(system: &dyn System, paths: &[PathBuf]) -> BTreeMap<PathBuf, Digest> {
    let digests = paths.iter().map(|path| {
        let bytes = system.read(path).ok().flatten()?;
        Some((path.clone(), Digest::of(&bytes)))
    });
    digests.flatten().collect()
}

pub(super) fn observe_directories(
    system: &dyn System,
    accounts: &Accounts,
    paths: &[PathBuf],
) -> BTreeMap<PathBuf, Access> {
    let states = paths.iter().map(|path| {
        let metadata = system.metadata(path).ok().flatten()?;
        let is_directory = metadata.kind == FileKind::Directory;
        is_directory.then(|| (path.clone(), accounts.access_of(&metadata)))
    });
    states.flatten().collect()
}

pub(super) fn observe_secrets(
    system: &dyn System,
    accounts: &Accounts,
    secrets: &[SecretFile],
) -> BTreeMap<String, SecretState> {
    let states = secrets.iter().map(|secret| {
        let metadata = system.metadata(&secret.path).ok().flatten()?;
        let value = system.read(&secret.path).ok().flatten()?;
        let state = SecretState {
            path: secret.path.clone(),
            access: accounts.access_of(&metadata),
            digest: Digest::of(&value),
            modified: metadata.modified,
        };
        Some((secret.id.to_string(), state))
    });
    states.flatten().collect()
}
