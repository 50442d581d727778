// SPDX-License-Identifier: Apache-2.0
//! Package repositories outside the distribution, as apt reads them.

use crate::config_file::ConfigFile;
use crate::site::Repository;

/// What apt fetches first from a repository.
pub fn release_file(repository: &Repository) -> String {
    format!("{}/dists/{}/InRelease", repository.url, repository.vendor.suite())
}

/// sources.list(5), in the form of deb822. No other repository's key counts here, and
/// this key for no other repository.
pub fn source(repository: &Repository) -> ConfigFile {
    let header = super::header("#");
    let vendor = repository.vendor;
    let keyring = vendor.signing_key().location().path;
    ConfigFile::new(
        format!("/etc/apt/sources.list.d/slurmha-{}.sources", vendor.name()),
        format!(
            "{header}Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nSigned-By: {}\n",
            repository.url,
            vendor.suite(),
            keyring.display()
        ),
    )
}
