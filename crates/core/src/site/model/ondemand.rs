// SPDX-License-Identifier: Apache-2.0
//! Open OnDemand on login nodes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Certificate, NodeName, Repository};
use crate::secret::SecretId;

/// Open OnDemand on login nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ondemand {
    /// The login nodes that it runs on.
    pub hosts: Vec<NodeName>,
    /// The name by which browsers know it, without scheme and port.
    pub servername: String,
    /// TCP port at which browsers find it.
    pub port: u16,
    /// Whether it listens at every address of its host instead of the one in the cluster
    /// network.
    pub public: bool,
    /// Where its packages come from: its vendor's repository first.
    pub repositories: Vec<Repository>,
    /// Where its certificate comes from.
    pub tls: Tls,
    /// Who says who somebody is.
    pub auth: Auth,
    /// Whether it passes browsers on to programs on compute nodes.
    pub interactive: bool,
    /// The desktop that users can start on a compute node.
    pub desktop: Option<Desktop>,
}

/// A desktop that Open OnDemand can start: what `template/desktops` of its application
/// `bc_desktop` has a script for (v4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desktop {
    /// Xfce.
    Xfce,
    /// MATE.
    Mate,
    /// GNOME.
    Gnome,
    /// KDE Plasma.
    Kde,
}

impl Desktop {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Xfce, Self::Mate, Self::Gnome, Self::Kde];

    /// The word that the site file and Open OnDemand use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xfce => "xfce",
            Self::Mate => "mate",
            Self::Gnome => "gnome",
            Self::Kde => "kde",
        }
    }
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Files on the administrator's machine.
    Files(Certificate),
    /// Apache asks for it, and for the next one in time.
    Acme {
        /// URL of the authority's directory.
        directory: String,
        /// Mail address that the authority may write to.
        contact: String,
    },
}

/// Who says who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// The host's PAM, with a name and a password.
    Pam,
    /// A provider of the site's, by OpenID Connect.
    Oidc(Oidc),
    /// Dex beside the portal, which asks the site's directory by LDAP.
    Dex(Dex),
}

/// A provider of identities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oidc {
    /// Its URL, without a slash at the end.
    pub issuer: String,
    /// What the portal is called there.
    pub client_id: String,
    /// File on the administrator's machine that holds what the portal shows to it.
    pub client_secret_file: PathBuf,
    /// Which of the provider's claims is the user's name.
    pub user_claim: String,
    /// The domain that is cut off the claim; nobody of another one comes in.
    pub domain: Option<String>,
}

/// A directory that Dex asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dex {
    /// The directory's server and port, spoken to with TLS.
    pub ldap: String,
    /// Where people stand in it.
    pub base_dn: String,
    /// Who looks them up; nobody in particular when absent.
    pub bind: Option<Bind>,
    /// The attribute that is the user's name.
    pub user_attribute: String,
}

/// Who looks people up in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bind {
    /// Its distinguished name.
    pub dn: String,
    /// File on the administrator's machine that holds its password.
    pub password_file: PathBuf,
}

impl Ondemand {
    /// Whether it runs on this machine.
    pub fn is_on(&self, machine: &NodeName) -> bool {
        self.hosts.contains(machine)
    }

    /// Whether browsers are passed on to compute nodes: a desktop is reached so, too.
    pub fn reaches_nodes(&self) -> bool {
        self.interactive || self.desktop.is_some()
    }

    /// Everything that its hosts get from the administrator's machine, with the file
    /// that holds each.
    pub fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let keys = self.repositories.iter().map(Repository::given_key);
        keys.chain(self.own_secrets()).collect()
    }

    /// Those of them that are the portal's own, and no repository's.
    pub fn own_secrets(&self) -> Vec<(SecretId, &Path)> {
        let mut secrets = Vec::new();
        if let Tls::Files(files) = &self.tls {
            secrets.push((SecretId::OndemandCertificate, files.certificate_file.as_path()));
            secrets.push((SecretId::OndemandKey, files.key_file.as_path()));
        }
        match &self.auth {
            Auth::Oidc(oidc) => {
                secrets.push((SecretId::OndemandClientSecret, oidc.client_secret_file.as_path()));
            }
            Auth::Dex(Dex { bind: Some(bind), .. }) => {
                secrets.push((SecretId::OndemandBindPassword, bind.password_file.as_path()));
            }
            Auth::Pam | Auth::Dex(_) => {}
        }
        secrets
    }
}
