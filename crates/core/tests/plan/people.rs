// SPDX-License-Identifier: Apache-2.0
//! People who come, who are somebody else, and who go.

use std::path::Path;

use jiff::SignedDuration;
use slurmha_core::check;
use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{Want, desired};
use slurmha_core::observe::HomesState;
use slurmha_core::plan::{self, Step};
use slurmha_core::secret::SecretId;
use slurmha_core::site;

use super::world::{SITE, as_wanted, as_wanted_by, noon, unit_state};
use super::{plan_to, steps_on};

pub const PEOPLE: &str = "
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

#[test]
fn people_come_to_a_running_cluster() {
    insta::assert_snapshot!(plan::explain(&plan_to(&with_people(), &as_wanted()), false));
}

#[test]
fn people_who_are_there_are_left_alone() {
    let text = with_people();
    assert!(plan_to(&text, &as_wanted_by(&text)).steps().all(|(_, _, planned)| {
        !matches!(planned.step, Step::SetPerson(_) | Step::CloseAccount { .. })
    }));
}

#[test]
fn who_is_taken_out_of_the_file_is_closed_everywhere() {
    let observed = as_wanted_by(&with_people());
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
    let mut observed = as_wanted_by(&text);
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

/// Its snippet would go on to let nobody in who has a password in the directory.
#[test]
fn a_controller_that_becomes_a_login_node_lets_people_in() {
    let text = with_people();
    let ctl1 = as_wanted_by(&text).remove(&"ctl1".into()).expect("ctl1");
    let mut observed = as_wanted_by(&text);
    let path = Path::new("/etc/sssd/conf.d/50-slurmha.conf");
    let login = observed.get_mut(&"login1".into()).expect("login1");
    login.files.insert(path.to_owned(), ctl1.files[path].clone());
    for unit in ["sssd-pam.socket", "sssd-pam-priv.socket"] {
        login.units.insert(unit.to_owned(), ctl1.units[unit].clone());
    }
    let plan = plan_to(&text, &observed);
    insta::assert_snapshot!(plan::explain(&plan, true));

    let login = observed.get_mut(&"login1".into()).expect("login1");
    for (_, _, planned) in plan.steps() {
        match &planned.step {
            Step::WriteFile(file) => {
                let old = login.files.get_mut(&file.path).expect("it");
                old.text = Some(file.text.clone());
            }
            Step::SetUnitEnablement { unit, .. } => {
                login.units.insert(unit.clone(), unit_state("inactive"));
            }
            _ => {}
        }
    }
    assert!(plan_to(&text, &observed).is_empty());
}

/// Nobody's work is ended for it, and nobody is left in the belief that it is done.
#[test]
fn homes_that_are_still_those_of_the_old_server_are_named_until_they_are_not() {
    let old = with_people();
    let new = old.replace("nas:/export/home", "nas2:/export/home");
    let observed = as_wanted_by(&old);
    assert_eq!(plan_to(&old, &observed).notes, [""; 0]);
    let note = "on login1,cn[1-2] shared-home.mount is still mounted as its file said before: \
                there, when nobody works in it, `systemctl restart shared-home.mount`";
    let plan = plan_to(&new, &observed);
    assert_eq!(plan.notes, [note]);
    for machine in ["login1", "cn1"] {
        let touched = steps_on(&plan, machine).into_iter().filter(|step| match step {
            Step::RestartUnit { unit } | Step::StopUnit { unit } => unit.contains("home"),
            _ => false,
        });
        assert_eq!(touched.count(), 0, "{machine}");
    }

    // Written, and cn2 mounts it for the first time.
    let later = noon() + SignedDuration::from_hours(1);
    let path = Path::new("/etc/systemd/system/shared-home.mount");
    let mut observed = as_wanted_by(&new);
    for file in observed.values_mut().filter_map(|seen| seen.files.get_mut(path)) {
        file.modified = later;
    }
    let cn2 = &mut observed.get_mut(&"cn2".into()).expect("cn2").units;
    cn2.insert("shared-home.mount".to_owned(), unit_state("inactive"));
    let plan = plan_to(&new, &observed);
    assert!(plan.is_empty(), "{}", plan::explain(&plan, true));
    assert_eq!(plan.notes, [note.replace("cn[1-2]", "cn1")]);
    for seen in observed.values_mut() {
        if let Some(state) = seen.units.get_mut("shared-home.mount") {
            state.since = Some(later);
        }
    }
    assert_eq!(plan_to(&new, &observed).notes, [""; 0]);
}

/// Half of the people would have homes where nothing is mounted yet, and whoever works would stop
/// the run at the other half.
#[test]
fn homes_move_to_another_directory_when_nobody_works_in_them() {
    let old = with_people();
    let new = old.replace("/shared/home", "/home");
    let mut observed = as_wanted_by(&old);
    let plan = plan_to(&new, &observed);
    assert_eq!(plan.refusals, []);
    let steps = steps_on(&plan, "cn1");
    let place = |step: &dyn Fn(&Step) -> bool| steps.iter().position(|it| step(it)).expect("it");
    let automount = Step::StartUnit { unit: "home.automount".to_owned() };
    let mounted = place(&|step| *step == automount);
    assert!(mounted < place(&|step| matches!(step, Step::SetPerson(_))), "{steps:?}");

    for machine in ["login1", "cn1"] {
        let people = &mut observed.get_mut(&machine.into()).expect("it").people;
        people.accounts.get_mut("bob").expect("he").is_at_work = true;
    }
    let refusals = plan_to(&new, &observed).refusals.into_iter();
    let said = refusals.map(|it| format!("{}: {}\n{}\n", it.machine, it.what, it.cure));
    insta::assert_snapshot!(said.collect::<String>());
}

/// The first run would stop behind it, and the next boot would have other homes.
#[test]
fn homes_where_something_is_mounted_are_refused() {
    let text = with_people();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let mut observed = as_wanted();
    for name in ["cn1", "cn2"] {
        let seen = observed.get_mut(&name.into()).expect("it");
        let mounted = Some("/dev/vda3".to_owned());
        seen.homes = Some(HomesState { mounted, in_fstab: true, ..HomesState::default() });
        seen.units.insert("shared-home.mount".to_owned(), unit_state("active"));
    }
    let plan = plan_to(&text, &observed);
    assert_eq!(plan.notes, [""; 0], "no advice to mount the server's over it");
    let said: Vec<String> =
        plan.refusals.iter().map(|it| format!("{}: {}", it.machine, it.what)).collect();
    let what = "/etc/fstab mounts something at /shared/home, where [homes] shall be";
    assert_eq!(said, [format!("cn1: {what}"), format!("cn2: {what}")]);
    let answers = observed.into_iter().map(|(name, seen)| (name, Ok(seen))).collect();
    let findings = check::check(&site, &answers).into_iter().filter(|it| it.rule == "homes");
    insta::assert_snapshot!(check::explain(&findings.collect::<Vec<_>>(), true));
}

#[test]
fn automounts_of_earlier_homes_are_named_until_they_are_gone() {
    let old = with_people();
    let new = old.replace("/shared/home", "/home");
    let mut observed = as_wanted_by(&new);
    for name in ["login1", "cn1", "cn2"] {
        let homes = observed.get_mut(&name.into()).and_then(|it| it.homes.as_mut());
        homes.expect("homes").automounts.insert("shared-home.automount".to_owned());
    }
    let plan = plan_to(&new, &observed);
    assert!(plan.is_empty());
    let note = "on login1,cn[1-2] shared-home.automount still stands for homes of an earlier site \
                file: there, when nobody works in them, `systemctl disable --now \
                shared-home.automount`";
    assert_eq!(plan.notes, [note]);
}

#[test]
fn files_that_may_keep_their_old_group_are_named_once() {
    let old = with_people();
    let new = old.replace("uid = 20001", "uid = 20001\ngid = 30000");
    let plan = plan_to(&new, &as_wanted_by(&old));
    assert_eq!(
        plan.notes,
        ["what anna has in the home keeps the group 20001 where the server lets root change \
          nothing: on the server `find /export/home/anna -group 20001 -exec chgrp -h 30000 {} +`"]
    );
    let local = plan_to(&new.replace("nfs =", "# nfs ="), &as_wanted_by(&old));
    assert!(!local.notes.iter().any(|it| it.contains("chgrp")), "usermod can do it");
}

#[test]
fn a_mount_with_a_strange_name_can_be_typed() {
    let text = with_people().replace("/shared/home", "/srv/my-homes");
    let new = text.replace("nas:/export/home", "nas2:/export/home");
    let notes = plan_to(&new, &as_wanted_by(&text)).notes;
    assert!(notes[0].ends_with("`systemctl restart 'srv-my\\x2dhomes.mount'`"), "{notes:?}");
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
