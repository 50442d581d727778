// SPDX-License-Identifier: Apache-2.0
//! On which machines somebody looks whether portal and console answer, and at what.

use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{Want, desired};
use slurmha_core::layout::{PAGES_UNIT, PAGES_UNIT_FILE};
use slurmha_core::site::{self, Site};

/// No portal, no console.
const PLAIN: &str = include_str!("site/plain.toml");
const PORTAL: &str = "\n[portal]\nhosts = [\"login1\"]\nport = 8444\n";
const CONSOLE: &str = "\n[console]\npassword_file = \"~/console\"\n";

fn parsed(sections: &[&str]) -> Site {
    let text = format!("{PLAIN}{}", sections.concat());
    site::parse("site.toml", &text).expect("a valid site file").0
}

fn wants(site: &Site, name: &str) -> Vec<Want> {
    let mut machines = desired(site, PLAIN).into_iter();
    let machine = machines.find(|wants| wants.machine.name.0 == name).expect("a machine");
    machine.wants.into_iter().map(|(_, want)| want).collect()
}

fn unit(site: &Site, name: &str) -> Option<ConfigFile> {
    wants(site, name).into_iter().find_map(|want| match want {
        Want::File(file) if file.path.as_os_str() == PAGES_UNIT_FILE => Some(file),
        _ => None,
    })
}

fn is_stopped(site: &Site, name: &str) -> bool {
    let unit = PAGES_UNIT.to_owned();
    let wants = wants(site, name);
    wants.contains(&Want::NotRunning { unit: unit.clone() })
        && wants.contains(&Want::NotEnabled { unit })
}

fn words(site: &Site, name: &str) -> String {
    let text = unit(site, name).expect("its unit").text;
    let line = text.lines().find(|line| line.starts_with("ExecStart=")).expect("what it starts");
    line.split_once(" pages ").expect("the command").1.to_owned()
}

/// login1 has the portal and, as a monitoring host, a console.
#[test]
fn each_machine_asks_its_own_pages() {
    let site = parsed(&[PORTAL, CONSOLE]);
    assert_eq!(
        words(&site, "login1"),
        "--interval 30 --portal 10.77.0.31:8444 --console 10.77.0.31:9818"
    );
    assert_eq!(words(&site, "ctl2"), "--interval 30 --console 10.77.0.12:9818");
    assert!(unit(&site, "cn1").is_none() && is_stopped(&site, "cn1"));
    insta::assert_snapshot!(unit(&site, "login1").expect("its unit").text);
}

#[test]
fn where_there_are_none_any_more_nobody_looks() {
    for name in ["login1", "ctl1"] {
        let site = parsed(&[]);
        assert!(unit(&site, name).is_none() && is_stopped(&site, name), "{name}");
    }
    let site = parsed(&[PORTAL]);
    assert!(unit(&site, "login1").is_some() && is_stopped(&site, "ctl1"));
}

/// Nobody passes on what it would write.
#[test]
fn a_site_without_monitoring_does_not_look() {
    let mut site = parsed(&[PORTAL, CONSOLE]);
    site.monitoring = None;
    for name in ["login1", "ctl1"] {
        assert!(unit(&site, name).is_none() && is_stopped(&site, name), "{name}");
    }
}
