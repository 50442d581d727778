// SPDX-License-Identifier: Apache-2.0
//! The page through which users submit jobs.

use std::path::Path;

use serde::Serialize;

use super::{Certificate, NodeName};
use crate::secret::SecretId;

/// The page through which users submit jobs and see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Portal {
    /// The login nodes that it runs on.
    pub hosts: Vec<NodeName>,
    /// TCP port at which browsers find it.
    pub port: u16,
    /// The site's own certificate; without it each host makes one.
    pub certificate: Option<Certificate>,
    /// Whether users can open a terminal in the browser.
    pub terminal: bool,
}

impl Portal {
    /// Whether it runs on this machine.
    pub fn is_on(&self, machine: &NodeName) -> bool {
        self.hosts.contains(machine)
    }

    /// The secrets that its hosts need, with the file that holds each. The certificate is
    /// none, but goes the same way as its key, so that both change together.
    pub fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let certificate = self.certificate.iter().flat_map(|certificate| {
            [
                (SecretId::PortalCertificate, certificate.certificate_file.as_path()),
                (SecretId::PortalKey, certificate.key_file.as_path()),
            ]
        });
        certificate.collect()
    }
}
