// SPDX-License-Identifier: Apache-2.0
//! `[ondemand]` and its tables.

use super::*;
use crate::site::model::Desktop;
use crate::site::value::{AcmeDirectory, Claim, DistinguishedName, IssuerUrl};

fragment! {
    /// Open OnDemand on login nodes, from its vendor's packages.
    Ondemand as "[ondemand]" {
        /// The login nodes that it runs on, by their names.
        /// A controller is none: users' work can starve the control plane.
        required hosts: Many<HostName>,
        /// The name by which browsers know it, such as "portal.example.edu".
        required servername: HostOrAddress,
        /// The TCP port at which browsers find it; 443 by default.
        optional port: u64,
        /// Whether it listens at every address of its host; by default at the one in the cluster network alone.
        optional public: bool,
        /// Its APT repository: its vendor's for Open OnDemand 4.2 by default, or a mirror.
        optional repository: RepositoryUrl,
        /// A file on the administrator's machine with the key that signs the repository.
        required repository_key_file: FilePath,
        /// Where Node.js comes from, which has to be newer than Debian's for Open OnDemand 4.0 and later.
        optional node: OndemandNode,
        /// A file on the administrator's machine with the certificate in PEM, and those that vouch for it.
        optional certificate_file: FilePath,
        /// A file on the administrator's machine with the certificate's private key in PEM.
        optional key_file: FilePath,
        /// Who issues the certificate, instead of the two files.
        optional acme: OndemandAcme,
        /// The provider that says who somebody is; without it and [ondemand.dex] it is the host's PAM.
        optional oidc: OndemandOidc,
        /// The directory that Dex asks who somebody is.
        optional dex: OndemandDex,
        /// Whether browsers are passed on to programs that users start on compute nodes; false by default.
        optional interactive: bool,
        /// The desktop that users can start on a compute node: "xfce", "mate", "gnome" or "kde".
        optional desktop: Desktop,
    }
}

fragment! {
    /// Where Node.js comes from.
    OndemandNode as "[ondemand.node]" {
        /// Its APT repository: NodeSource's for Node.js 22 by default, or a mirror.
        optional repository: RepositoryUrl,
        /// A file on the administrator's machine with the key that signs the repository.
        required key_file: FilePath,
    }
}

fragment! {
    /// Who issues the certificate: Apache asks for it, and for the next one in time.
    OndemandAcme as "[ondemand.acme]" {
        /// The URL of the authority's directory; Let's Encrypt's by default.
        optional directory: AcmeDirectory,
        /// The mail address that the authority may write to.
        required contact: MailAddress,
    }
}

fragment! {
    /// The provider that says who somebody is, by OpenID Connect.
    OndemandOidc as "[ondemand.oidc]" {
        /// Its URL, below which /.well-known/openid-configuration is found.
        required issuer: IssuerUrl,
        /// What the portal is called there.
        required client_id: MailUser,
        /// A file on the administrator's machine with what the portal shows to it.
        /// The secret itself never stands in the site file.
        required client_secret_file: FilePath,
        /// The claim that is the user's name; "preferred_username" by default.
        optional user_claim: Claim,
        /// The domain that is cut off the claim, when it is a mail address.
        /// Who has another domain does not come in.
        optional domain: HostOrAddress,
    }
}

fragment! {
    /// The directory that Dex asks who somebody is.
    OndemandDex as "[ondemand.dex]" {
        /// Its server with the port of LDAP over TLS.
        required ldap: HostAndPort,
        /// Where people stand in it.
        required base_dn: DistinguishedName,
        /// Who looks them up; nobody in particular when absent.
        optional bind_dn: DistinguishedName,
        /// A file on the administrator's machine with the password of `bind_dn`.
        optional bind_password_file: FilePath,
        /// The attribute that is the user's name; "uid" by default.
        optional user_attribute: Claim,
    }
}
