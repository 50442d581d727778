// SPDX-License-Identifier: Apache-2.0
//! What systemd itself says about the homes' units and people's limits.

use std::path::Path;
use std::process::Command;

use slurmha_core::config_file::ConfigFile;
use slurmha_core::render::{homes, login};
use slurmha_core::site::{Homes, Limits, NfsHomes};

fn files() -> Vec<ConfigFile> {
    let nfs = NfsHomes {
        export: "nas:/export/home".to_owned(),
        options: Some("nfsvers=4.2,nconnect=4".to_owned()),
    };
    let homes = Homes { directory: "/srv/my-homes".into(), nfs: Some(nfs) };
    let units = homes::render(&homes).expect("units");
    let limits = login::limits(&Limits { memory_percent: 30, cpus: Some(8), tasks: 4096 });
    [units.mount, units.automount].into_iter().chain(limits).collect()
}

/// A unit under another name than that of its mount point, a key that it does not
/// know, and a value that it cannot read are told on stderr.
#[test]
#[allow(clippy::disallowed_methods, reason = "systemd's own tool is asked")]
fn systemd_reads_them_without_a_word() {
    let directory = tempfile::tempdir().expect("a directory");
    for file in files() {
        let path = file.path.strip_prefix("/etc/systemd/system").expect("a unit's file");
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        std::fs::write(path, file.text).expect("the file is written");
    }
    let checked = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(["srv-my\\x2dhomes.mount", "srv-my\\x2dhomes.automount"])
        .args(["user-0.slice", "user-1000.slice", "user.slice"])
        .env("SYSTEMD_UNIT_PATH", format!("{}:", directory.path().display()))
        .current_dir(directory.path())
        .output()
        .unwrap_or_else(|error| panic!("systemd-analyze: {error}; install systemd"));
    let said = String::from_utf8_lossy(&checked.stderr);
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(&*directory.path().to_string_lossy()) || is_named(line))
        .collect();
    assert!(checked.status.success() && ours.is_empty(), "{said}");
}

/// Other units of this machine are nobody's business here.
fn is_named(line: &str) -> bool {
    files().iter().filter_map(|file| file.path.file_name()).any(|name| {
        let name = Path::new(name).to_string_lossy().into_owned();
        line.contains(&name)
    })
}
