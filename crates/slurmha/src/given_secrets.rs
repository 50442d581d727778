// SPDX-License-Identifier: Apache-2.0
//! Secrets that lie in files of the administrator's, in the form in which they are placed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use slurmha_core::openpgp;
use slurmha_core::secret::{SecretId, SecretValue};
use slurmha_core::site::{Site, Vendor};

use crate::failure::Failure;
use crate::site_file::expand_home;

/// Secrets that the site file gives by reference. A file that cannot be
/// read is left out: the machines may have the secret already.
///
/// # Errors
///
/// A file that holds something else than it should.
pub fn given_secrets(site: &Site) -> Result<BTreeMap<SecretId, SecretValue>, Failure> {
    let files = site.given_secrets();
    let read = files.into_iter().filter_map(|(id, file)| {
        let bytes = fs::read(expand_home(file)).ok()?;
        Some(given(&id, file, &bytes).map(|value| (id, value)))
    });
    read.collect()
}

/// What a file means: a password or URL without the line end of an editor, a key in
/// the form in which it is placed.
fn given(id: &SecretId, file: &Path, bytes: &[u8]) -> Result<SecretValue, Failure> {
    let line = bytes.trim_ascii_end();
    match id {
        // A file of lines keeps the end of the last one.
        SecretId::DirectoryConf => return Ok(SecretValue::new(bytes.to_vec())),
        SecretId::OndemandClientSecret | SecretId::OndemandBindPassword => plain(file, line)?,
        _ => {}
    }
    let Some(vendor) = Vendor::signing_with(id) else {
        return Ok(SecretValue::new(line.to_vec()));
    };
    let key = openpgp::armored(bytes).map_err(|why| {
        let (key, table) = (vendor.key_of_table(), vendor.table());
        Failure::site(format!("{} cannot be {key} of {table}: {why}", file.display())).hint(
            format!(
                "save the key that the repository's owner publishes, {}",
                vendor.published_key()
            ),
        )
    })?;
    Ok(SecretValue::new(key.into_bytes()))
}

/// These stand in YAML, in Apache's configuration and in Dex', which puts variables of its
/// environment in place of their names (`DEX_EXPAND_ENV`).
fn plain(file: &Path, secret: &[u8]) -> Result<(), Failure> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\'$#@".contains(byte);
    if !secret.is_empty() && secret.iter().all(is_plain) {
        return Ok(());
    }
    Err(Failure::site(format!(
        "the secret in {} is empty, or has a sign that means something where it is written",
        file.display()
    ))
    .hint("use one without blanks and without \" ' \\ $ # @, as `openssl rand -hex 32` makes it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_placed_armored_and_nothing_else_is_taken_for_one() {
        let file = Path::new("~/grafana.key");
        let key = given(&SecretId::GrafanaKey, file, &[0x99, 1, 2, 10]).expect("a key");
        assert!(key.expose().starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
        let page = given(&SecretId::GrafanaKey, file, b"<html>").expect_err("a page");
        assert!(page.message().contains("~/grafana.key cannot be key_file"), "{page:?}");
        let password = given(&SecretId::GrafanaPassword, file, b"a b \n").expect("a password");
        assert_eq!(password.expose(), b"a b");
    }

    #[test]
    fn what_would_mean_something_elsewhere_is_no_secret() {
        let file = Path::new("~/oidc");
        let id = SecretId::OndemandClientSecret;
        let secret = given(&id, file, b"0aF-_.~!\n").expect("a secret");
        assert_eq!(secret.expose(), b"0aF-_.~!");
        for bad in ["", "a b", "a\"b", "a\\b", "a$b", "a#b", "a@b", "a'b", "\u{e4}"] {
            let failure = given(&id, file, bad.as_bytes()).expect_err(bad);
            assert!(!failure.message().contains("a b"), "it is not shown");
        }
    }
}
