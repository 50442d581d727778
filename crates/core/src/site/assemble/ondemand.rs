// SPDX-License-Identifier: Apache-2.0
//! `[ondemand]`.

use super::console::certificate;
use super::name;
use crate::layout::ONDEMAND_PORT;
use crate::site::fragments::{self as file, items};
use crate::site::model::{Auth, Bind, Dex, Oidc, Ondemand, Repository, Tls, Vendor};

/// Its vendor's repository: `manifests/repo/apt.pp` of OSC's Puppet module has the form.
const REPOSITORY: &str = "https://apt.osc.edu/ondemand/4.2/web/apt";

/// The Node.js that Open OnDemand 4.2 depends on (`packaging/deb/control`).
const NODE_REPOSITORY: &str = "https://deb.nodesource.com/node_22.x";

/// Let's Encrypt's directory (RFC 8555, section 7.1.1).
const ACME_DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

pub(super) fn assemble(ondemand: &file::Ondemand) -> Option<Ondemand> {
    let flag = |flag: &Option<crate::site::spanned::Spanned<bool>>| {
        flag.as_ref().is_some_and(|flag| flag.value)
    };
    Some(Ondemand {
        hosts: items(ondemand.hosts.as_ref()).iter().map(|host| name(host)).collect(),
        servername: ondemand.servername.as_ref()?.0.clone(),
        port: match &ondemand.port {
            Some(port) => u16::try_from(port.value).ok()?,
            None => ONDEMAND_PORT,
        },
        public: flag(&ondemand.public),
        repositories: repositories(ondemand)?,
        tls: tls(ondemand)?,
        auth: auth(ondemand)?,
        interactive: flag(&ondemand.interactive),
        desktop: ondemand.desktop.as_ref().map(|desktop| desktop.value),
    })
}

fn repositories(ondemand: &file::Ondemand) -> Option<Vec<Repository>> {
    let own = ondemand.repository.as_ref().map_or(REPOSITORY, |url| &url.0).to_owned();
    let key_file = ondemand.repository_key_file.as_ref()?.0.clone();
    let mut repositories = vec![Repository { vendor: Vendor::Ondemand, url: own, key_file }];
    if let Some(node) = &ondemand.node {
        repositories.push(Repository {
            vendor: Vendor::Node,
            url: node.repository.as_ref().map_or(NODE_REPOSITORY, |url| &url.0).to_owned(),
            key_file: node.key_file.as_ref()?.0.clone(),
        });
    }
    Some(repositories)
}

fn tls(ondemand: &file::Ondemand) -> Option<Tls> {
    if let Some(acme) = &ondemand.acme {
        return Some(Tls::Acme {
            directory: acme.directory.as_ref().map_or(ACME_DIRECTORY, |url| &url.0).to_owned(),
            contact: acme.contact.as_ref()?.0.clone(),
        });
    }
    certificate(ondemand.certificate_file.as_ref(), ondemand.key_file.as_ref()).map(Tls::Files)
}

fn auth(ondemand: &file::Ondemand) -> Option<Auth> {
    match (&ondemand.oidc, &ondemand.dex) {
        (Some(oidc), _) => self::oidc(oidc).map(Auth::Oidc),
        (None, Some(dex)) => self::dex(dex).map(Auth::Dex),
        (None, None) => Some(Auth::Pam),
    }
}

fn oidc(oidc: &file::OndemandOidc) -> Option<Oidc> {
    let claim = oidc.user_claim.as_ref().map_or("preferred_username", |claim| &claim.0);
    Some(Oidc {
        issuer: oidc.issuer.as_ref()?.0.trim_end_matches('/').to_owned(),
        client_id: oidc.client_id.as_ref()?.0.clone(),
        client_secret_file: oidc.client_secret_file.as_ref()?.0.clone(),
        user_claim: claim.to_owned(),
        domain: oidc.domain.as_ref().map(|domain| domain.0.clone()),
    })
}

fn dex(dex: &file::OndemandDex) -> Option<Dex> {
    let bind = dex.bind_dn.as_ref().zip(dex.bind_password_file.as_ref());
    Some(Dex {
        ldap: dex.ldap.as_ref()?.0.clone(),
        base_dn: dex.base_dn.as_ref()?.0.clone(),
        bind: bind.map(|(dn, file)| Bind { dn: dn.0.clone(), password_file: file.0.clone() }),
        user_attribute: dex.user_attribute.as_ref().map_or("uid", |it| &it.0).to_owned(),
    })
}
