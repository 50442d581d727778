// SPDX-License-Identifier: Apache-2.0
//! What a login node has for Open OnDemand: the vendor's package, Debian's Apache, and
//! what both read.
//!
//! Last of all, as everything that comes from a repository outside: the cluster does not
//! wait for it.

use super::{Want, enabled, packages, running};
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
    let Some(ondemand) = &site.ondemand else { return nothing(machine) };
    let passphrase = !matches!(ondemand.auth, Auth::Pam);
    if machine.roles.contains(&Role::Controller) {
        // The keeper of what all hosts share.
        let keeper = passphrase.then_some(Want::Secret(SecretId::OndemandPassphrase));
        return keeper.into_iter().map(|want| (Stage::Secrets, want)).collect();
    }
    if !ondemand.is_on(&machine.name) {
        return nothing(machine);
    }
    let mut secrets: Vec<SecretId> = ondemand.own_secrets().into_iter().map(|(id, _)| id).collect();
    secrets.extend(passphrase.then_some(SecretId::OndemandPassphrase));
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

/// What is ours; the packages, and who works there, are left alone.
fn nothing(machine: &Machine) -> Vec<(Stage, Want)> {
    if !machine.roles.contains(&Role::Login) {
        return Vec::new();
    }
    let unit = ONDEMAND_UNIT.to_owned();
    [Want::NotEnabled { unit: unit.clone() }, Want::NotRunning { unit }]
        .map(|want| (Stage::Membership, want))
        .into()
}
