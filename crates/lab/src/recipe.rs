// SPDX-License-Identifier: Apache-2.0
//! What the image is made of; its content names the image in the cache.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::sources::SUITE;
use crate::state::write_file;

/// The files of the recipe, compiled in so that the binary suffices.
const FILES: [(&str, &str); 8] = [
    ("packages.txt", include_str!("../image/packages.txt")),
    ("essential.sh", include_str!("../image/essential.sh")),
    ("customize.sh", include_str!("../image/customize.sh")),
    ("initrd.sh", include_str!("../image/initrd.sh")),
    ("init.sh", include_str!("../image/init.sh")),
    ("identity.sh", include_str!("../image/identity.sh")),
    ("slurmha-lab-file-server.service", include_str!("../image/slurmha-lab-file-server.service")),
    ("slurmha-lab-identity.service", include_str!("../image/slurmha-lab-identity.service")),
];

/// Size of the root file system; the file is sparse.
pub(crate) const ROOT_SIZE: &str = "4G";

/// Raised when this code builds a different image from the same files.
const VERSION: &str = "1";

/// The name of the image that this recipe makes.
pub(crate) fn digest() -> String {
    let mut hash = Sha256::new();
    for part in
        [VERSION, SUITE, ROOT_SIZE].into_iter().chain(FILES.iter().flat_map(|(n, t)| [*n, *t]))
    {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The packages, in the order of the list.
pub(crate) fn packages() -> Vec<&'static str> {
    let (_, list) = FILES[0];
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Puts the recipe's files where mmdebstrap's hooks find them.
pub(crate) fn unpack(directory: &Path) -> Result<(), Error> {
    FILES
        .iter()
        .try_for_each(|(name, text)| write_file(&directory.join(name), text.as_bytes(), 0o644))
}

/// The arguments of mmdebstrap. `sources` is an apt sources file of the host.
pub(crate) fn mmdebstrap_arguments(
    root: bool,
    recipe: &Path,
    tar: &Path,
    sources: Option<&Path>,
) -> Vec<String> {
    let hook = |script: &str| {
        let script = crate::program::quote(&recipe.join(script).to_string_lossy());
        format!("sh {script} \"$1\" {}", crate::program::quote(&recipe.to_string_lossy()))
    };
    let mut arguments = vec![
        format!("--mode={}", if root { "root" } else { "unshare" }),
        "--variant=minbase".to_owned(),
        "--format=tar".to_owned(),
        "--dpkgopt=force-unsafe-io".to_owned(),
        "--dpkgopt=path-exclude=/usr/share/doc/*".to_owned(),
        "--dpkgopt=path-exclude=/usr/share/man/*".to_owned(),
        "--dpkgopt=path-exclude=/usr/share/locale/*".to_owned(),
        format!("--include={}", packages().join(",")),
        format!("--essential-hook={}", hook("essential.sh")),
        format!("--customize-hook={}", hook("customize.sh")),
        SUITE.to_owned(),
        tar.to_string_lossy().into_owned(),
    ];
    arguments.extend(sources.map(|path| path.to_string_lossy().into_owned()));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_packages_is_sorted_and_has_what_a_site_needs() {
        let packages = packages();
        assert!(packages.is_sorted());
        for needed in
            ["pacemaker", "corosync-qnetd", "drbd-utils", "mariadb-server", "slurmctld", "chrony"]
        {
            assert!(packages.contains(&needed), "{needed}");
        }
    }

    #[test]
    fn the_digest_is_stable() {
        assert_eq!(digest(), digest());
        assert_eq!(digest().len(), 24);
    }

    #[test]
    fn every_script_carries_its_licence() {
        for (name, text) in FILES.iter().filter(|(name, _)| *name != "packages.txt") {
            assert!(text.contains("SPDX-License-Identifier: Apache-2.0"), "{name}");
        }
    }

    #[test]
    fn the_command_line_of_mmdebstrap() {
        let arguments = mmdebstrap_arguments(
            false,
            Path::new("/c/it's"),
            Path::new("/c/root.tar"),
            Some(Path::new("/c/a.sources")),
        );
        let shown: Vec<_> = arguments.iter().filter(|a| !a.starts_with("--include")).collect();
        insta::assert_json_snapshot!(shown);
    }
}
