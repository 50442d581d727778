// SPDX-License-Identifier: Apache-2.0
//! The mount of the homes: systemd units, systemd.mount(5) and
//! systemd.automount(5).

use std::path::Path;

use crate::config_file::ConfigFile;
use crate::site::Homes;

/// The two units of the mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeUnits {
    /// Mounts.
    pub mount: ConfigFile,
    /// Has it mounted when somebody looks.
    pub automount: ConfigFile,
}

impl HomeUnits {
    /// Name of the mount unit.
    pub fn mount_name(&self) -> String {
        name_of(&self.mount)
    }

    /// Name of the automount unit.
    pub fn automount_name(&self) -> String {
        name_of(&self.automount)
    }
}

fn name_of(unit: &ConfigFile) -> String {
    unit.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Security for what other machines have written there, and `hard`: with
/// `soft` a server that is slow for a minute can cost a job what it has
/// written, nfs(5).
const OPTIONS: &str = "hard,nosuid,nodev,_netdev";

/// By which the automounts that slurmha has made are known again.
pub const AUTOMOUNT: &str = "Description=Home directories, mounted when somebody looks";

/// The units, or nothing when each machine has homes of its own.
///
/// An automount and no mount at boot: a login node comes up, and root can
/// repair it, while the server is away. `TimeoutSec` ends an attempt to mount,
/// so that who is logging in is told and does not hang for ever; a mount that
/// is there waits as long as it takes.
pub fn render(homes: &Homes) -> Option<HomeUnits> {
    let nfs = homes.nfs.as_ref()?;
    let place = homes.directory.display();
    let name = unit_name(&homes.directory);
    let options: Vec<&str> = [OPTIONS].into_iter().chain(nfs.options.as_deref()).collect();
    let mount = format!(
        "[Unit]
Description=Home directories

[Mount]
What={}
Where={place}
Type=nfs
Options={}
TimeoutSec=60
",
        nfs.export,
        options.join(","),
    );
    let automount = format!(
        "[Unit]
{AUTOMOUNT}

[Automount]
Where={place}

[Install]
WantedBy=multi-user.target
"
    );
    let unit = |ending: &str, text: &str| {
        let path = format!("/etc/systemd/system/{name}.{ending}");
        ConfigFile::new(path, format!("{}{text}", super::header("#")))
    };
    Some(HomeUnits { mount: unit("mount", &mount), automount: unit("automount", &automount) })
}

/// A path as the name of its unit: systemd.unit(5), "STRING ESCAPING FOR
/// INCLUSION IN UNIT NAMES".
fn unit_name(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut name = String::new();
    for (index, c) in text.trim_matches('/').chars().enumerate() {
        match c {
            '/' => name.push('-'),
            '.' if index == 0 => name.push_str("\\x2e"),
            '-' => name.push_str("\\x2d"),
            c => name.push(c),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::NfsHomes;

    /// What `systemd-escape --path` of systemd 252 prints.
    #[test]
    fn names_of_units_are_those_of_systemd() {
        for (path, name) in [
            ("/home", "home"),
            ("/shared/home", "shared-home"),
            ("/srv/my-homes", "srv-my\\x2dhomes"),
            ("/.homes/a.b", "\\x2ehomes-a.b"),
        ] {
            assert_eq!(unit_name(Path::new(path)), name);
        }
    }

    #[test]
    fn the_units_of_an_export() {
        let nfs = NfsHomes {
            export: "nas:/export/home".to_owned(),
            options: Some("nfsvers=4.2".to_owned()),
        };
        let homes = Homes { directory: "/shared/home".into(), nfs: Some(nfs) };
        let units = render(&homes).expect("units");
        assert_eq!(units.automount_name(), "shared-home.automount");
        insta::assert_snapshot!(format!("{}\n{}", units.mount.text, units.automount.text));
        assert_eq!(render(&Homes { nfs: None, ..homes }), None);
    }
}
