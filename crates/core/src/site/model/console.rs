// SPDX-License-Identifier: Apache-2.0
//! The page that shows the cluster live.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::secret::SecretId;

/// The page that shows the cluster live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Console {
    /// TCP port at which browsers find it.
    pub port: u16,
    /// Who signs in.
    pub user: String,
    /// File on the administrator's machine that holds the password or its hash.
    pub password_file: PathBuf,
    /// The site's own certificate; without it each machine makes one.
    pub certificate: Option<Certificate>,
}

/// A certificate of the site's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// File on the administrator's machine, PEM.
    pub certificate_file: PathBuf,
    /// The same of its private key.
    pub key_file: PathBuf,
}

impl Console {
    /// The secrets that its machines need. The certificate is none, but goes
    /// the same way as its key, so that both change together.
    pub fn secrets(&self) -> Vec<SecretId> {
        self.given_secrets().into_iter().map(|(id, _)| id).collect()
    }

    /// The same with the file that holds each.
    pub(super) fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let certificate = self.certificate.iter().flat_map(|certificate| {
            [
                (SecretId::ConsoleCertificate, certificate.certificate_file.as_path()),
                (SecretId::ConsoleKey, certificate.key_file.as_path()),
            ]
        });
        [(SecretId::ConsolePassword, self.password_file.as_path())]
            .into_iter()
            .chain(certificate)
            .collect()
    }
}
