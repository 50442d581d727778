// SPDX-License-Identifier: Apache-2.0
//! What is where homes shall be mounted, and what is left of other ones.

use std::collections::BTreeSet;
use std::path::Path;

use slurmha_core::observe::{HomesState, fstab_has};
use slurmha_core::render::homes::AUTOMOUNT;

use crate::program::mount::{Mount, mounts};
use crate::system::{System, read_trimmed};

/// Where systemd has what starts at boot; our automounts are wanted there.
const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants";

pub(super) fn observe(system: &dyn System, directory: &Path) -> HomesState {
    let at = mounts(system).unwrap_or_default();
    let (awaited, others): (Vec<Mount>, Vec<Mount>) =
        at.into_iter().filter(|it| it.mount_point == directory).partition(is_systemds);
    let fstab = read_trimmed(system, "/etc/fstab").unwrap_or_default();
    HomesState {
        is_awaited: !awaited.is_empty(),
        // The last one hides the others.
        mounted: others.last().map(|it| it.source.display().to_string()),
        in_fstab: fstab_has(&fstab, directory),
        automounts: automounts(system),
    }
}

/// An automount of systemd's, and not of the daemon that reads `/etc/auto.master`.
fn is_systemds(mount: &Mount) -> bool {
    mount.kind == "autofs" && mount.source == Path::new("systemd-1")
}

fn automounts(system: &dyn System) -> BTreeSet<String> {
    let names = system.read_directory(Path::new(ENABLED)).unwrap_or_default();
    let is_ours = |name: &String| {
        let text = read_trimmed(system, Path::new(ENABLED).join(name)).unwrap_or_default();
        text.lines().any(|line| line == AUTOMOUNT)
    };
    names.into_iter().filter(|name| name.ends_with(".automount")).filter(is_ours).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::simulated::Simulated;
    use crate::system::Ids;

    #[test]
    fn a_disk_its_line_and_an_automount_of_ours() {
        let machine = Simulated::new("cn1", "").with_device("/dev/vdb", 1 << 30);
        machine.put_signature("/dev/vdb", "ext4", None);
        assert_eq!(observe(&machine, Path::new("/home")), HomesState::default());
        machine.put_file("/home/anna/x", b"", Ids::root(0o644));
        machine
            .run(&Command::new("mount").args(["-t", "ext4", "-o", "rw", "/dev/vdb", "/home"]))
            .unwrap();
        machine.put_file("/etc/fstab", b"/dev/vdb /home ext4 defaults 0 2\n", Ids::root(0o644));
        let ours = format!("[Unit]\n{AUTOMOUNT}\n");
        for (name, text) in [("shared-home.automount", &*ours), ("data.automount", "[Unit]\n")] {
            machine.put_file(&format!("{ENABLED}/{name}"), text.as_bytes(), Ids::root(0o644));
        }
        let seen = observe(&machine, Path::new("/home"));
        assert_eq!(seen.mounted.as_deref(), Some("/dev/vdb"));
        assert!(seen.in_fstab && !seen.is_awaited);
        assert_eq!(seen.automounts, ["shared-home.automount".to_owned()].into());
    }

    #[test]
    fn what_waits_for_somebody_to_look_is_told_from_the_daemon_that_does() {
        let mount = |source: &str| Mount {
            device: (0, 40),
            source: source.into(),
            mount_point: "/home".into(),
            kind: "autofs".to_owned(),
            read_only: false,
            options: Vec::new(),
        };
        assert!(is_systemds(&mount("systemd-1")) && !is_systemds(&mount("/etc/auto.home")));
    }
}
