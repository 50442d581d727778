// SPDX-License-Identifier: Apache-2.0
//! The page that shows the cluster live.

use std::collections::BTreeSet;
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
    /// What may be done from the page; `None` for nothing.
    pub actions: Option<Actions>,
}

/// What may be done from the page, with a password of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actions {
    /// The kinds that are allowed, not empty.
    pub allowed: BTreeSet<ActionKind>,
    /// File on the administrator's machine that holds the password or its hash.
    pub password_file: PathBuf,
}

/// A kind of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Moving the active role to the other controller.
    Switchover,
    /// Setting a passive controller aside, and taking it back.
    Standby,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Switchover, Self::Standby];

    /// The word for it in the site file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Switchover => "switchover",
            Self::Standby => "standby",
        }
    }
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
    /// The secrets that every one of its machines needs; that of the actions
    /// is not among them. The certificate is none, but goes
    /// the same way as its key, so that both change together.
    pub fn secrets(&self) -> Vec<SecretId> {
        let all = self.given_secrets().into_iter().map(|(id, _)| id);
        all.filter(|id| *id != SecretId::ConsoleActionsPassword).collect()
    }

    /// The same with the file that holds each.
    pub(super) fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let certificate = self.certificate.iter().flat_map(|certificate| {
            [
                (SecretId::ConsoleCertificate, certificate.certificate_file.as_path()),
                (SecretId::ConsoleKey, certificate.key_file.as_path()),
            ]
        });
        let actions = self
            .actions
            .iter()
            .map(|actions| (SecretId::ConsoleActionsPassword, actions.password_file.as_path()));
        [(SecretId::ConsolePassword, self.password_file.as_path())]
            .into_iter()
            .chain(certificate)
            .chain(actions)
            .collect()
    }
}
