// SPDX-License-Identifier: Apache-2.0
//! MariaDB's data directory, made in one piece.
//!
//! It is built beside its place and renamed when it is complete, account
//! included: a directory at its place is always a whole one.

use std::path::{Path, PathBuf};

use slurmha_core::plan::VolumeInit;
use slurmha_core::secret::SecretValue;

use super::StepError;
use super::context::Context;
use crate::program::mariadb;
use crate::system::System;

/// Where the data directory is built.
pub(super) fn unfinished(directory: &Path) -> PathBuf {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    directory.with_file_name(format!("{name}.slurmha-new"))
}

pub(super) fn initialise(context: &Context<'_>, init: &VolumeInit) -> Result<(), StepError> {
    let system = context.system;
    // The schema directory `mysql` is what makes it a data directory.
    if system.metadata(&init.database_directory.join("mysql"))?.is_some() {
        return Ok(());
    }
    let password = password(system, init)?;
    let unfinished = unfinished(&init.database_directory);
    system.remove_tree(&unfinished)?;
    context.progress("initialising MariaDB's data directory")?;
    mariadb::install_database(system, &unfinished)?;
    let text = String::from_utf8_lossy(password.expose());
    let statements = mariadb::account_statements(&init.database_name, &init.database_user, &text);
    mariadb::bootstrap(system, &unfinished, &statements, &password)?;
    Ok(system.rename(&unfinished, &init.database_directory)?)
}

fn password(system: &dyn System, init: &VolumeInit) -> Result<SecretValue, StepError> {
    let file = &init.database_password;
    let bytes = system.read(&file.path)?.filter(|bytes| !bytes.is_empty());
    let absent = || StepError::NoSecret { id: file.id.to_string(), path: file.path.clone() };
    let bytes = bytes.ok_or_else(absent)?;
    Ok(SecretValue::new(bytes.trim_ascii_end().to_vec()))
}
