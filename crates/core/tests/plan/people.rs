// SPDX-License-Identifier: Apache-2.0
//! People who come, who are somebody else, and who go.

use slurmha_core::check;
use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{Want, desired};
use slurmha_core::plan::{self, Step};
use slurmha_core::secret::SecretId;
use slurmha_core::site;

use super::world::{Observed, SITE, as_wanted, satisfied};
use super::{plan_to, steps_on};

const PEOPLE: &str = "
[[user]]
name = \"anna\"
uid = 20001
full_name = \"Anna Example\"
groups = [\"physics\"]
ssh_keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPAqCk9jLz1vVBzCwPZoXvFMmSxDXQXmxZ2B1+VEjfRe anna@laptop\"]

[[user]]
name = \"bob\"
uid = 20002
gid = 30000
shell = \"/bin/zsh\"

[[group]]
name = \"physics\"
gid = 30000
";

const SHARED: &str = "
[homes]
nfs = \"nas:/export/home\"
mount = \"/shared/home\"

[directory]
sssd_conf_file = \"~/sssd.conf\"
";

fn with_people() -> String {
    format!("{SITE}{PEOPLE}{SHARED}")
}

/// Machines on which the people of that file have their accounts.
fn populated(text: &str) -> Observed {
    let site = site::parse("site.toml", text).expect("a valid site file").0;
    let machines = desired(&site, text);
    machines.iter().map(|it| (it.machine.name.clone(), satisfied(&site, it))).collect()
}

#[test]
fn people_come_to_a_running_cluster() {
    insta::assert_snapshot!(plan::explain(&plan_to(&with_people(), &as_wanted()), false));
}

#[test]
fn people_who_are_there_are_left_alone() {
    let text = with_people();
    assert!(plan_to(&text, &populated(&text)).steps().all(|(_, _, planned)| {
        !matches!(planned.step, Step::SetPerson(_) | Step::CloseAccount { .. })
    }));
}

#[test]
fn who_is_taken_out_of_the_file_is_closed_everywhere() {
    let observed = populated(&with_people());
    let plan = plan_to(SITE, &observed);
    for machine in ["ctl1", "ctl2", "login1", "cn1", "cn2"] {
        let closed = steps_on(&plan, machine).into_iter().filter_map(|step| match step {
            Step::CloseAccount { name, .. } => Some(name.as_str()),
            _ => None,
        });
        assert_eq!(closed.collect::<Vec<_>>(), ["anna", "bob"], "{machine}");
    }
}

#[test]
fn an_id_that_belongs_to_somebody_else_is_found_by_check() {
    let text = with_people();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let mut observed = populated(&text);
    let login = &mut observed.get_mut(&"login1".into()).expect("it").people;
    login.accounts.get_mut("anna").expect("she").uid = 1000;
    let node = &mut observed.get_mut(&"cn1".into()).expect("it").people;
    node.accounts.remove("bob");
    node.uids.insert(20_002, "backup2".to_owned());
    let other = observed.get_mut(&"cn2".into()).expect("it");
    other.groups.insert("physics".to_owned(), 1001);
    let answers = observed.into_iter().map(|(name, seen)| (name, Ok(seen))).collect();
    let findings = check::check(&site, &answers).into_iter().filter(|it| it.rule == "people");
    insta::assert_snapshot!(check::explain(&findings.collect::<Vec<_>>(), true));
}

/// What is wanted on that machine, by the name of a file or unit.
fn wants_on(machine: &str) -> Vec<Want> {
    let text = with_people();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let wants = desired(&site, &text).into_iter().find(|it| it.machine.name.as_str() == machine);
    wants.expect("it").wants.into_iter().map(|(_, want)| want).collect()
}

fn file(machine: &str, path: &str) -> Option<ConfigFile> {
    wants_on(machine).into_iter().find_map(|want| match want {
        Want::File(file) if file.path.ends_with(path) => Some(file),
        _ => None,
    })
}

#[test]
fn a_controller_knows_people_and_lets_none_of_them_in() {
    let wants = wants_on("ctl1");
    let people = wants.iter().find_map(|want| match want {
        Want::People(people) => Some(people),
        _ => None,
    });
    for person in people.expect("people") {
        assert_eq!(person.shell.to_str(), Some("/usr/sbin/nologin"));
        assert!(!person.makes_home);
    }
    assert!(file("ctl1", "slurmha-keys/anna").is_none());
    assert!(
        file("ctl1", "shared-home.automount").is_none(),
        "no server in the control plane's way"
    );
    let names = file("ctl1", "conf.d/50-slurmha.conf").expect("SSSD's snippet");
    assert!(names.text.contains("services = nss\n"));
    assert!(wants.contains(&Want::NotRunning { unit: "sssd-pam.socket".to_owned() }));
    assert!(wants.contains(&Want::Secret(SecretId::DirectoryConf)));
}

#[test]
fn login_and_compute_nodes_have_homes_and_login_nodes_keys() {
    let keys = file("login1", "slurmha-keys/anna").expect("keys");
    assert!(keys.text.ends_with(" anna@laptop\n") && keys.access.mode == 0o644);
    assert!(file("cn1", "slurmha-keys/anna").is_none());
    for machine in ["login1", "cn1"] {
        assert!(file(machine, "shared-home.mount").is_some(), "{machine}");
        assert!(file(machine, "conf.d/50-slurmha.conf").is_none(), "{machine}");
    }
}
