// SPDX-License-Identifier: Apache-2.0
//! Directories and configuration files.

use std::path::Path;

use slurmha_core::config_file::{Access, ConfigFile, Directory};
use slurmha_core::plan::Outcome;
use slurmha_core::secret::SecretValue;

use super::StepError;
use super::context::Context;
use crate::accounts::Accounts;
use crate::command::Command;
use crate::observe::as_written;
use crate::system::{FileKind, Ids, System};

pub(super) fn make_directory(
    context: &Context<'_>,
    directory: &Directory,
) -> Result<Outcome, StepError> {
    let ids = Accounts::load(context.system)?.ids_of(&directory.access)?;
    ensure_directory(context.system, &directory.path, ids)
}

/// Makes a directory (its missing parents belong to root and are readable),
/// or corrects its owner and mode.
pub(super) fn ensure_directory(
    system: &dyn System,
    path: &Path,
    ids: Ids,
) -> Result<Outcome, StepError> {
    match system.metadata(path)? {
        Some(found) if found.kind != FileKind::Directory => {
            Err(StepError::NotADirectory(path.to_owned()))
        }
        Some(found) if found.ids == ids => Ok(Outcome::Unchanged),
        Some(_) => {
            system.set_access(path, ids)?;
            Ok(Outcome::Changed)
        }
        None => {
            ensure_parent(system, path)?;
            system.make_directory(path, ids)?;
            Ok(Outcome::Changed)
        }
    }
}

/// Makes the directories above a path that are missing.
pub(super) fn ensure_parent(system: &dyn System, path: &Path) -> Result<(), StepError> {
    match path.parent() {
        // The parent may be a link to a directory, such as /lib.
        Some(parent) if system.resolve(parent)?.is_none() => {
            ensure_directory(system, parent, Ids::root(0o755)).map(|_| ())
        }
        _ => Ok(()),
    }
}

pub(super) fn write_file(context: &Context<'_>, file: &ConfigFile) -> Result<Outcome, StepError> {
    let system = context.system;
    let ids = Accounts::load(system)?.ids_of(&file.access)?;
    let secrets = Secrets::read(system, file)?;
    let content = secrets.fill(&file.text);
    let check = Check { command: file.validate.as_deref(), hidden: secrets.values() };
    put(system, &file.path, content.as_bytes(), ids, &check)
}

/// A program that must accept a new file before it is swapped in.
pub(super) struct Check<'a> {
    /// The program and its arguments; `{}` stands for the path of the new file.
    pub(super) command: Option<&'a [String]>,
    /// What its errors must not show.
    pub(super) hidden: Vec<SecretValue>,
}

/// Writes a file beside its place, has it checked, and swaps it in.
pub(super) fn put(
    system: &dyn System,
    path: &Path,
    content: &[u8],
    ids: Ids,
    check: &Check<'_>,
) -> Result<Outcome, StepError> {
    if let Some(outcome) = keep_content(system, path, content, ids)? {
        return Ok(outcome);
    }
    ensure_parent(system, path)?;
    let staged = system.stage(path, content, ids)?;
    let result =
        check.accepts(system, path, &staged).and_then(|()| Ok(system.commit(&staged, path)?));
    if result.is_err() {
        // The reason for the failure is the news; a left-over is replaced by
        // the next run.
        let _ = system.remove_file(&staged);
    }
    result.map(|()| Outcome::Changed)
}

impl Check<'_> {
    fn accepts(&self, system: &dyn System, path: &Path, staged: &Path) -> Result<(), StepError> {
        let Some([program, arguments @ ..]) = self.command else { return Ok(()) };
        let staged = staged.to_string_lossy();
        let arguments = arguments.iter().map(|argument| argument.replace("{}", &staged));
        let mut command = Command::new(program).args(arguments);
        for value in &self.hidden {
            command = command.hide(value);
        }
        let answer = system.run(&command).and_then(|output| output.success());
        let invalid = |source| StepError::Invalid { path: path.to_owned(), source };
        answer.map(|_| ()).map_err(invalid)
    }
}

/// What there is to do when the content is right already; `None` when it is
/// not.
pub(super) fn keep_content(
    system: &dyn System,
    path: &Path,
    content: &[u8],
    ids: Ids,
) -> Result<Option<Outcome>, StepError> {
    let found = system.metadata(path)?.filter(|found| found.kind == FileKind::File);
    let Some(found) = found else { return Ok(None) };
    if system.read(path)?.as_deref() != Some(content) {
        return Ok(None);
    }
    if found.ids == ids {
        return Ok(Some(Outcome::Unchanged));
    }
    system.set_access(path, ids)?;
    Ok(Some(Outcome::Changed))
}

/// Ids behind an [`Access`] on this machine.
pub(super) fn ids_of(system: &dyn System, access: &Access) -> Result<Ids, StepError> {
    Ok(Accounts::load(system)?.ids_of(access)?)
}

/// The values that stand in for a file's placeholders.
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn read(system: &dyn System, file: &ConfigFile) -> Result<Self, StepError> {
        let values = file.secrets.iter().map(|id| {
            let place = id.location();
            let bytes = system.read(&place.path)?;
            let absent = || StepError::NoSecret { id: id.to_string(), path: place.path.clone() };
            let bytes = bytes.ok_or_else(absent)?;
            let value = String::from_utf8(as_written(&place, &bytes).to_vec())
                .map_err(|_| StepError::BinarySecret(id.to_string()))?;
            Ok((id.placeholder(), value))
        });
        values.collect::<Result<_, StepError>>().map(Self)
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    fn values(&self) -> Vec<SecretValue> {
        self.0.iter().map(|(_, value)| SecretValue::new(value.clone().into_bytes())).collect()
    }
}
