// SPDX-License-Identifier: Apache-2.0
//! What slurmha places on a machine: files, directories, secrets.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::secret::SecretId;

pub use crate::access::Access;

/// A text file as it shall be, byte for byte.
///
/// A file that needs a secret names it with [`SecretId::placeholder`]; the
/// machine fills the value in as it writes the file and takes it out again
/// as it reports the file, so that no secret is in a plan or a diff. A text
/// with a value that it does not know, it keeps to itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// Absolute path.
    pub path: PathBuf,
    /// Owner and permissions.
    pub access: Access,
    /// Content, with placeholders for secrets.
    pub text: String,
    /// The secrets whose placeholders are in `text`.
    pub secrets: Vec<SecretId>,
    /// A program of the package that owns the format, which must accept the
    /// file before it is swapped in; `{}` stands for the path of the new file.
    pub validate: Option<Vec<String>>,
}

impl ConfigFile {
    /// A file of root's that everyone may read.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            access: Access::root(0o644),
            text: text.into(),
            secrets: Vec::new(),
            validate: None,
        }
    }

    /// The same file with other owner or permissions.
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The same file, holding the placeholder of a secret.
    pub fn with_secret(mut self, secret: SecretId) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Whether secrets may be in the file of that name: in one that not
    /// everybody may read, they may also be those of an earlier site file.
    pub fn may_hold_secrets(&self) -> bool {
        !self.secrets.is_empty() || self.access.mode & 0o004 == 0
    }
}

/// A directory as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Absolute path.
    pub path: PathBuf,
    /// Owner and permissions.
    pub access: Access,
}
