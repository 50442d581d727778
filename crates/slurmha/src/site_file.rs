// SPDX-License-Identifier: Apache-2.0
//! Reading the site file from disk, and telling what is wrong with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use slurmha_core::secret::{SecretId, SecretValue};
use slurmha_core::site::{self, Site};
use slurmha_core::{layout, openpgp};

use crate::failure::Failure;

/// A file longer than this is not a site file.
const LONGEST: u64 = 4 << 20;

/// A valid site with the text that it came from.
pub struct SiteFile {
    /// The file's path.
    pub path: PathBuf,
    /// Its text, as it was read.
    pub text: String,
    /// What it means.
    pub site: Site,
}

impl SiteFile {
    /// Reads and checks the file; warnings go to stderr.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = read(path)?;
        let name = path.display().to_string();
        match site::parse(&name, &text) {
            Ok((site, warnings)) => {
                eprint!("{}", site::render(&name, &text, &warnings));
                Ok(Self { path: path.to_owned(), text, site })
            }
            Err(mistakes) => {
                let errors = mistakes.iter().filter(|mistake| mistake.is_error()).count();
                let plural = if errors == 1 { "" } else { "s" };
                eprint!("{}", site::render(&name, &text, &mistakes));
                Err(Failure::site(format!("{errors} error{plural} in {name}")))
            }
        }
    }

    /// The named file, or the first that exists of `./site.toml` and the
    /// copy that a controller keeps.
    pub fn find(path: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = path {
            return Self::load(path);
        }
        let places = [Path::new("site.toml"), Path::new(layout::SITE_FILE)];
        match places.into_iter().find(|path| path.exists()) {
            Some(path) => Self::load(path),
            None => {
                Err(Failure::usage("no site file: neither ./site.toml nor /etc/slurmha/site.toml")
                    .hint("name it, as in `slurmha status examples/lab/site.toml`")
                    .hint("`slurmha init > site.toml` writes a commented one"))
            }
        }
    }

    /// Secrets that the site file gives by reference. A file that cannot be
    /// read is left out: the machines may have the secret already.
    ///
    /// # Errors
    ///
    /// A file that holds something else than it should.
    pub fn given_secrets(&self) -> Result<BTreeMap<SecretId, SecretValue>, Failure> {
        let files = self.site.given_secrets();
        let read = files.into_iter().filter_map(|(id, file)| {
            let bytes = fs::read(expand_home(file)).ok()?;
            Some(given(&id, file, &bytes).map(|value| (id, value)))
        });
        read.collect()
    }
}

/// What a file means: a password or URL without the line end of an editor, a key in
/// the form in which it is placed.
fn given(id: &SecretId, file: &Path, bytes: &[u8]) -> Result<SecretValue, Failure> {
    if *id != SecretId::GrafanaKey {
        return Ok(SecretValue::new(bytes.trim_ascii_end().to_vec()));
    }
    let key = openpgp::armored(bytes).map_err(|why| {
        Failure::site(format!(
            "{} cannot be key_file of [monitoring.grafana]: {why}",
            file.display()
        ))
        .hint("save the key that the repository's owner publishes, https://apt.grafana.com/gpg.key")
    })?;
    Ok(SecretValue::new(key.into_bytes()))
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::site(format!("cannot read the site file {}: {why}", path.display()))
    };
    let length = fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if length > LONGEST {
        return Err(cannot(&format!("{length} bytes are too many for a site file")));
    }
    let bytes = fs::read(path).map_err(|error| cannot(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        cannot(&format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
            .hint("save the file as UTF-8 text")
    })
}

/// `~` at the beginning of a path is the home directory, as in a shell.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
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
}
