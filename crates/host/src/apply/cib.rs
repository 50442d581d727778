// SPDX-License-Identifier: Apache-2.0
//! Pacemaker's configuration, changed as one piece.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::plan::Outcome;
use slurmha_core::plan::cib::{Error, merge};

use super::StepError;
use super::context::Context;
use crate::command::CommandError;
use crate::program::pacemaker::{self, Patched};
use crate::system::{FileKind, Ids, System, write_atomically};

/// Somebody else's change (or Pacemaker's own) in between is rare and short.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(300);
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the files for Pacemaker's tools lie for a moment.
const DIRECTORY: &str = "/run/slurmha";

/// Makes slurmha's part of the live configuration as wanted.
pub(super) fn load(context: &Context<'_>, configuration: &str) -> Result<Outcome, StepError> {
    change(context, &|live| merge(live, configuration))
}

/// From the live CIB to the changed one, or to nothing when it is as it should be.
type Change<'a> = &'a dyn Fn(&str) -> Result<Option<String>, Error>;

/// Changes the live configuration as one piece.
pub(super) fn change(context: &Context<'_>, change: Change<'_>) -> Result<Outcome, StepError> {
    let system = context.system;
    let files = Files::prepare(system)?;
    let result = attempt_all(context, change, &files);
    files.remove(system);
    result
}

fn attempt_all(
    context: &Context<'_>,
    change: Change<'_>,
    files: &Files,
) -> Result<Outcome, StepError> {
    for attempt in 1..=ATTEMPTS {
        match attempt_once(context, change, files)? {
            Some(outcome) => return Ok(outcome),
            None => {
                context.progress(format!("the configuration moved under attempt {attempt}"))?;
                context.system.sleep(PAUSE);
            }
        }
    }
    Err(StepError::Contended(ATTEMPTS))
}

/// One round of query, change, verify and patch; nothing when the CIB changed
/// in between.
fn attempt_once(
    context: &Context<'_>,
    change: Change<'_>,
    files: &Files,
) -> Result<Option<Outcome>, StepError> {
    let system = context.system;
    let live = pacemaker::query(system, QUERY_TIMEOUT)?;
    let changed = change(&live).map_err(|e| StepError::Merge(e.to_string()))?;
    let Some(changed) = changed else { return Ok(Some(Outcome::Unchanged)) };
    let changed = with_next_epoch(&changed);
    write(system, &files.live, &live)?;
    write(system, &files.wanted, &changed)?;
    verify(context, &files.wanted)?;
    let Some(patch) = pacemaker::diff(system, &files.live, &files.wanted)? else {
        return Ok(Some(Outcome::Unchanged));
    };
    write(system, &files.patch, &patch)?;
    match pacemaker::patch(system, &files.patch)? {
        Patched::Yes => Ok(Some(Outcome::Changed)),
        Patched::Outdated => Ok(None),
    }
}

/// Errors stop; warnings are passed on.
fn verify(context: &Context<'_>, cib: &Path) -> Result<(), StepError> {
    match pacemaker::verify(context.system, cib) {
        Ok(()) => Ok(()),
        Err(CommandError::Failed { stderr, .. })
            if stderr.contains("Warnings found during check") =>
        {
            context.progress(format!("crm_verify warns: {}", stderr.replace('\n', "; ")))
        }
        Err(source) => Err(StepError::Invalid { path: cib.to_owned(), source }),
    }
}

fn write(system: &dyn System, path: &Path, text: &str) -> Result<(), StepError> {
    Ok(write_atomically(system, path, text.as_bytes(), Ids::root(0o600))?)
}

/// Raises the CIB's version, as every change must: `cibadmin --patch` checks
/// that the patch leads from the version it was made against to a newer one.
fn with_next_epoch(cib: &str) -> String {
    let Some(begin) = cib.find("<cib") else { return cib.to_owned() };
    let Some(length) = cib[begin..].find('>') else { return cib.to_owned() };
    let tag = &cib[begin..begin + length];
    let epoch = attribute(tag, "epoch").and_then(|value| value.parse::<u64>().ok());
    let Some(epoch) = epoch else { return cib.to_owned() };
    let next = with_attribute(tag, "epoch", &(epoch + 1).to_string());
    let next = with_attribute(&next, "num_updates", "0");
    format!("{}{next}{}", &cib[..begin], &cib[begin + length..])
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let begin = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[begin..].split('"').next()
}

fn with_attribute(tag: &str, name: &str, value: &str) -> String {
    match attribute(tag, name) {
        Some(old) => tag.replace(&format!(" {name}=\"{old}\""), &format!(" {name}=\"{value}\"")),
        None => tag.to_owned(),
    }
}

struct Files {
    live: PathBuf,
    wanted: PathBuf,
    patch: PathBuf,
}

impl Files {
    fn prepare(system: &dyn System) -> Result<Self, StepError> {
        let directory = Path::new(DIRECTORY);
        match system.metadata(directory)? {
            Some(found) if found.kind != FileKind::Directory => {
                return Err(StepError::NotADirectory(directory.to_owned()));
            }
            Some(_) => {}
            None => system.make_directory(directory, Ids::root(0o755))?,
        }
        Ok(Self {
            live: directory.join("cib-live.xml"),
            wanted: directory.join("cib-wanted.xml"),
            patch: directory.join("cib-patch.xml"),
        })
    }

    /// They lie on a tmpfs and are replaced by the next run: a failure to
    /// remove them is not worth more than the result.
    fn remove(&self, system: &dyn System) {
        for path in [&self.live, &self.wanted, &self.patch] {
            let _ = system.remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_goes_up() {
        let cib = "<?xml version=\"1.0\"?>\n<cib crm_feature_set=\"3.16\" admin_epoch=\"0\" \
            epoch=\"9\" num_updates=\"4\"><configuration/></cib>";
        let next = with_next_epoch(cib);
        assert!(next.contains("admin_epoch=\"0\" epoch=\"10\" num_updates=\"0\""), "{next}");
        assert_eq!(with_next_epoch("<x/>"), "<x/>");
    }
}
