// SPDX-License-Identifier: Apache-2.0
//! What a login node has for Open OnDemand: the vendor's package, Debian's Apache, and
//! what both read.
//!
//! Last of all, as everything that comes from a repository outside: the cluster does not
//! wait for it.

use super::{Want, enabled, gone, packages, running};
use crate::layout::{
    ONDEMAND_LISTEN_FILE, ONDEMAND_PORTAL_FILE, ONDEMAND_SCRIPT, ONDEMAND_SERVER_FILE,
    ONDEMAND_UNIT, ONDEMAND_UNIT_FILE,
};
use crate::plan::Stage;
use crate::render::ondemand::{Files, files};
use crate::secret::SecretId;
use crate::site::{Auth, Machine, Ondemand, Role, Site};

/// Apache's unit.
const APACHE_UNIT: &str = "apache2.service";

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let Some(ondemand) = site.ondemand.as_ref().filter(|it| it.is_on(&machine.name)) else {
        return kept(site, machine).into_iter().chain(nothing()).collect();
    };
    let mut secrets: Vec<SecretId> = ondemand.own_secrets().into_iter().map(|(id, _)| id).collect();
    secrets.extend(has_passphrase(ondemand).then_some(SecretId::OndemandPassphrase));
    let mut reads: Vec<String> =
        [ONDEMAND_PORTAL_FILE, ONDEMAND_LISTEN_FILE, ONDEMAND_SERVER_FILE, ONDEMAND_SCRIPT]
            .into_iter()
            .chain([ONDEMAND_UNIT_FILE])
            .map(str::to_owned)
            .collect();
    reads.extend(secrets.iter().map(|id| id.location().path.to_string_lossy().into_owned()));
    let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
    let Files { apache, unit, pages, portal } = files(site, ondemand, machine);
    let mut wants: Vec<(Stage, Want)> =
        secrets.into_iter().map(|id| (Stage::Secrets, Want::Secret(id))).collect();
    let mut last = vec![packages(&needed(ondemand))];
    let first = apache.into_iter().chain([unit]).chain(pages).chain([portal]);
    last.extend(first.map(Want::File));
    last.extend([enabled(APACHE_UNIT), running(APACHE_UNIT, &[])]);
    last.extend([enabled(ONDEMAND_UNIT), running(ONDEMAND_UNIT, &reads)]);
    wants.extend(last.into_iter().map(|want| (Stage::Nodes, want)));
    wants
}

/// `ondemand` depends on Apache, Node.js and what else it runs.
fn needed(ondemand: &Ondemand) -> Vec<&'static str> {
    let mut names = vec!["ondemand", "apache2", "curl", "openssl"];
    match ondemand.auth {
        Auth::Pam => names.extend(["libapache2-mod-authnz-external", "pwauth"]),
        Auth::Oidc(_) => names.push("libapache2-mod-auth-openidc"),
        Auth::Dex(_) => names.extend(["libapache2-mod-auth-openidc", "ondemand-dex"]),
    }
    names
}

/// A controller is the keeper of what all hosts share.
fn kept(site: &Site, machine: &Machine) -> Option<(Stage, Want)> {
    let is_keeper = machine.roles.contains(&Role::Controller);
    let ondemand = site.ondemand.as_ref().filter(|_| is_keeper)?;
    has_passphrase(ondemand).then_some((Stage::Secrets, Want::Secret(SecretId::OndemandPassphrase)))
}

fn has_passphrase(ondemand: &Ondemand) -> bool {
    !matches!(ondemand.auth, Auth::Pam)
}

/// What is ours; the packages, and who works there, are left alone.
fn nothing() -> Vec<(Stage, Want)> {
    gone(Stage::Membership, &[ONDEMAND_UNIT])
}
