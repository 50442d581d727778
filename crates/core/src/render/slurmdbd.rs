// SPDX-License-Identifier: Apache-2.0
//! `/etc/slurm/slurmdbd.conf`.

use crate::config_file::{Access, ConfigFile};
use crate::layout::{DATABASE_NAME, DATABASE_USER};
use crate::secret::SecretId;

/// slurmdbd's configuration, the same on both controllers.
///
/// `DbdHost=localhost` is accepted on any host (slurmdbd.c), so one file
/// serves both. slurmdbd refuses the file unless it is slurm's and 0600.
pub fn render() -> ConfigFile {
    let text = format!(
        "{}AuthType=auth/munge
DbdHost=localhost
SlurmUser=slurm
PidFile=/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageLoc={DATABASE_NAME}
StorageUser={DATABASE_USER}
StoragePass={}
",
        super::header("#"),
        SecretId::DatabasePassword.placeholder(),
    );
    ConfigFile::new("/etc/slurm/slurmdbd.conf", text)
        .with_access(Access::new("slurm", "slurm", 0o600))
        .with_secret(SecretId::DatabasePassword)
}
