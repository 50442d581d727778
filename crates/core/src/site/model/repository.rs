// SPDX-License-Identifier: Apache-2.0
//! Package repositories outside the distribution.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::secret::SecretId;

/// Whose packages come from outside the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    /// Grafana Labs: `grafana`.
    Grafana,
    /// The Ohio Supercomputer Center: `ondemand`, `ondemand-dex`.
    Ondemand,
    /// NodeSource: a Node.js that is newer than Debian's.
    Node,
}

impl Vendor {
    /// How its files are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grafana => "grafana",
            Self::Ondemand => "ondemand",
            Self::Node => "node",
        }
    }

    /// The package that the repository is there for.
    pub fn package(self) -> &'static str {
        match self {
            Self::Grafana => "grafana",
            Self::Ondemand => "ondemand",
            Self::Node => "nodejs",
        }
    }

    /// The suite that has the packages: "Install Grafana on Debian or Ubuntu" in Grafana's
    /// documentation; for the others `manifests/repo/apt.pp` of OSC's Puppet module, which
    /// takes the distribution's code name for Open OnDemand. That of Debian 12.
    pub fn suite(self) -> &'static str {
        match self {
            Self::Grafana => "stable",
            Self::Ondemand => "bookworm",
            Self::Node => "nodistro",
        }
    }

    /// The table of the site file that names the repository.
    pub fn table(self) -> &'static str {
        match self {
            Self::Grafana => "[monitoring.grafana]",
            Self::Ondemand => "[ondemand]",
            Self::Node => "[ondemand.node]",
        }
    }

    /// The key of that table with the file that holds what signs the packages.
    pub fn key_of_table(self) -> &'static str {
        match self {
            Self::Grafana | Self::Node => "key_file",
            Self::Ondemand => "repository_key_file",
        }
    }

    /// Where the vendor publishes it.
    pub fn published_key(self) -> &'static str {
        match self {
            Self::Grafana => "https://apt.grafana.com/gpg.key",
            Self::Ondemand => "https://apt.osc.edu/ondemand/DEB-GPG-KEY-ondemand",
            Self::Node => "https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key",
        }
    }

    /// What it is placed as.
    pub fn signing_key(self) -> SecretId {
        match self {
            Self::Grafana => SecretId::GrafanaKey,
            Self::Ondemand => SecretId::OndemandRepositoryKey,
            Self::Node => SecretId::NodeRepositoryKey,
        }
    }

    /// Whose packages this key signs; `None` for every other secret.
    pub fn signing_with(id: &SecretId) -> Option<Self> {
        let all = [Self::Grafana, Self::Ondemand, Self::Node];
        all.into_iter().find(|vendor| vendor.signing_key() == *id)
    }
}

/// A package repository outside the distribution, or a mirror of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// Whose packages it has.
    pub vendor: Vendor,
    /// URL without a slash at its end.
    pub url: String,
    /// File on the administrator's machine that holds the key that signs it.
    pub key_file: PathBuf,
}

impl Repository {
    /// The key as the machines get it, with the file that holds it.
    pub(super) fn given_key(&self) -> (SecretId, &Path) {
        (self.vendor.signing_key(), &self.key_file)
    }
}
