// SPDX-License-Identifier: Apache-2.0
//! What is where homes shall be mounted.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What is at the directory of the homes, and what is left of other ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomesState {
    /// Whether systemd mounts something there when somebody looks.
    pub is_awaited: bool,
    /// What is mounted there, by its device, export or map.
    pub mounted: Option<String>,
    /// Whether `/etc/fstab` has a line for it.
    pub in_fstab: bool,
    /// The automounts of homes that slurmha has set up, and that start at boot.
    pub automounts: BTreeSet<String>,
}

/// Whether fstab(5) mounts something at that directory.
pub fn fstab_has(fstab: &str, directory: &Path) -> bool {
    let lines = fstab.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    // Paths compare by their parts: a slash at the end makes no difference.
    lines
        .filter_map(|line| line.split_ascii_whitespace().nth(1))
        .any(|at| Path::new(at) == directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_fstab_is_found_by_its_directory() {
        let fstab = "# /home was on /dev/sda3 during installation\n\
                     #UUID=1 /old ext4 defaults 0 2\n\
                     UUID=2 / ext4 errors=remount-ro 0 1\n\
                     nas:/export/home\t/home/  nfs4 defaults,_netdev 0 0\nbroken\n";
        assert!(fstab_has(fstab, Path::new("/home")));
        assert!(!fstab_has(fstab, Path::new("/old")) && !fstab_has(fstab, Path::new("/shared")));
    }
}
