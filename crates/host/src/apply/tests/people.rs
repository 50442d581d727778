// SPDX-License-Identifier: Apache-2.0
//! Accounts of people: made, corrected, closed, and left alone.

use std::path::Path;

use slurmha_core::layout::{USERS_GROUP, USERS_GROUP_ID};
use slurmha_core::plan::{Group, Person, Step};
use slurmha_core::secret::{SecretId, SecretValue};

use super::{Ended, run, steps};
use crate::simulated::{At, Fault, How, Simulated};
use crate::system::{Ids, System};

const KEYS: &str = "/etc/ssh/slurmha-keys/anna";

fn anna() -> Person {
    Person {
        name: "anna".to_owned(),
        uid: 20_001,
        group: "anna".to_owned(),
        gid: 20_001,
        groups: [USERS_GROUP.to_owned()].into(),
        not_groups: ["physics".to_owned()].into(),
        full_name: "Anna Example".to_owned(),
        home: "/home/anna".into(),
        makes_home: true,
        shell: "/bin/bash".into(),
    }
}

fn group(name: &str, gid: u32) -> Step {
    Step::CreateGroup(Group { name: name.to_owned(), gid })
}

fn list(person: Person) -> Vec<Step> {
    vec![
        group(USERS_GROUP, USERS_GROUP_ID),
        group("physics", 30_000),
        group("anna", 20_001),
        Step::SetPerson(person),
    ]
}

fn close() -> Step {
    Step::CloseAccount { name: "anna".to_owned(), keys: KEYS.into() }
}

fn text(machine: &Simulated, path: &str) -> String {
    String::from_utf8(machine.read(Path::new(path)).unwrap().unwrap_or_default()).unwrap()
}

#[test]
fn an_account_is_made_once_with_its_home() {
    let machine = steps::machine();
    assert_eq!(run(&machine, &list(anna())).ended, Ended::Completed);
    let line = "anna:x:20001:20001:Anna Example:/home/anna:/bin/bash\n";
    assert!(text(&machine, "/etc/passwd").contains(line));
    assert!(text(&machine, "/etc/group").contains("slurmha-users:x:64032:anna\n"));
    assert!(machine.metadata(Path::new("/home/anna")).unwrap().is_some());
    assert!(run(&machine, &list(anna())).changed().is_empty());
}

#[test]
fn an_account_is_corrected_and_foreign_groups_stay() {
    let machine = steps::machine();
    run(
        &machine,
        &list(Person {
            groups: [USERS_GROUP.into(), "physics".into()].into(),
            not_groups: [].into(),
            ..anna()
        }),
    );
    let groups = text(&machine, "/etc/group") + "docker:x:999:anna\n";
    machine.put_file("/etc/group", groups.as_bytes(), Ids::root(0o644));
    let changed = Person { shell: "/bin/zsh".into(), ..anna() };
    assert_eq!(run(&machine, &list(changed.clone())).changed(), [3]);
    assert!(text(&machine, "/etc/passwd").contains("/bin/zsh"));
    let groups = text(&machine, "/etc/group");
    assert!(groups.contains("physics:x:30000:\n") && groups.contains("docker:x:999:anna"));
    assert!(run(&machine, &list(changed)).changed().is_empty());
}

#[test]
fn who_is_closed_cannot_come_in_and_can_be_let_in_again() {
    let machine = steps::machine();
    run(&machine, &list(anna()));
    machine.put_file(KEYS, b"ssh-ed25519 AAAA", Ids::root(0o644));
    assert_eq!(run(&machine, &[close()]).changed(), [0]);
    assert!(text(&machine, "/etc/shadow").contains("anna:*:20000:0:99999:7::1:"));
    assert!(machine.metadata(Path::new(KEYS)).unwrap().is_none());
    assert!(machine.metadata(Path::new("/home/anna")).unwrap().is_some(), "files stay");
    assert!(run(&machine, &[close()]).changed().is_empty());
    assert_eq!(run(&machine, &list(anna())).changed(), [3]);
    assert!(text(&machine, "/etc/shadow").contains("anna:*:20000:0:99999:7:::"));
}

/// `chage -E`: for a guest, who must not be let in again by another change.
#[test]
fn a_day_of_expiry_that_somebody_has_set_stays() {
    let machine = steps::machine();
    run(&machine, &list(anna()));
    let shadow = text(&machine, "/etc/shadow").replace("99999:7:::", "99999:7::20634:");
    machine.put_file("/etc/shadow", shadow.as_bytes(), Ids::root(0o640));
    let changed = Person { full_name: "Anna Other".to_owned(), ..anna() };
    assert_eq!(run(&machine, &list(changed)).changed(), [3]);
    assert!(text(&machine, "/etc/passwd").contains(":Anna Other:"));
    let command = machine.commands().pop().unwrap_or_default();
    assert!(!command.contains("--home") && !command.contains("--gid"), "{command}");
    assert!(text(&machine, "/etc/shadow").contains("anna:*:20000:0:99999:7::20634:"));
}

#[test]
fn an_account_of_somebody_elses_is_not_closed() {
    let machine = steps::machine();
    machine.put_file("/etc/passwd", b"anna:x:1000:1000::/home/anna:/bin/bash\n", Ids::root(0o644));
    assert!(run(&machine, &[close()]).changed().is_empty());
    assert!(machine.commands().is_empty());
}

#[test]
fn ids_of_others_are_refused() {
    let machine = steps::machine();
    let say = |passwd: &str| {
        machine.put_file("/etc/passwd", passwd.as_bytes(), Ids::root(0o644));
        let (message, _, refused) = run(&machine, &[Step::SetPerson(anna())]).failure();
        assert!(refused);
        message
    };
    let other = say("anna:x:1000:1000::/home/anna:/bin/bash\n");
    assert_eq!(other, "the user anna exists with id 1000 instead of 20001");
    let taken = say("bob:x:20001:20001::/home/bob:/bin/bash\n");
    assert_eq!(taken, "the user id 20001 that anna needs belongs to bob");
    let group = |text: &str| {
        machine.put_file("/etc/group", text.as_bytes(), Ids::root(0o644));
        say("root:x:0:0:root:/root:/bin/bash\n")
    };
    let other = group("anna:x:1000:\n");
    assert_eq!(other, "the group anna exists with id 1000 instead of 20001");
    let taken = group("staff2:x:20001:\n");
    assert_eq!(taken, "the group id 20001 that anna needs belongs to staff2");
    assert!(machine.commands().is_empty());
}

/// Who has come since the plan was made.
#[test]
fn the_home_of_somebody_who_works_is_not_moved() {
    let machine = steps::machine();
    run(&machine, &list(anna()));
    let stderr = "usermod: user anna is currently used by process 77".to_owned();
    let how = How::Fails { status: 8, stderr };
    machine.inject(Fault { at: At::Program("usermod".to_owned()), how });
    let moved = Person { home: "/shared/home/anna".into(), makes_home: false, ..anna() };
    let (message, hint, refused) = run(&machine, &list(moved)).failure();
    assert!(refused);
    assert_eq!(
        message,
        "the home of anna cannot move from /home/anna to /shared/home/anna: anna has processes here"
    );
    assert!(hint.contains("loginctl terminate-user anna"), "{hint}");
}

/// A server that lets root change nothing keeps nobody from getting another group, and from
/// leaving others.
#[test]
fn another_primary_group_does_not_wait_for_the_server_of_the_homes() {
    let machine = steps::machine();
    let before = Person {
        groups: [USERS_GROUP.into(), "physics".into()].into(),
        not_groups: [].into(),
        makes_home: false,
        ..anna()
    };
    run(&machine, &list(before));
    machine.squash_root();
    let staff = vec![
        group("staff2", 30_001),
        Step::SetPerson(Person {
            group: "staff2".into(),
            gid: 30_001,
            makes_home: false,
            ..anna()
        }),
    ];
    assert_eq!(run(&machine, &staff).changed(), [0, 1]);
    assert!(text(&machine, "/etc/passwd").contains("anna:x:20001:30001:"));
    assert!(text(&machine, "/etc/group").contains("physics:x:30000:\n"));
    assert!(run(&machine, &staff).changed().is_empty());
    // On its own disk it is a failure.
    let here = Step::SetPerson(anna());
    assert!(run(&machine, &[here]).failure().0.contains("exit status 12"));
}

/// With the program missing, failing and hanging, and the run killed in it.
#[test]
fn the_next_run_completes_what_went_wrong() {
    let hows = [
        How::Missing,
        How::Fails { status: 1, stderr: "no".to_owned() },
        How::Hangs,
        How::Dies,
        How::DiesHalfway,
    ];
    for how in hows {
        for number in 0..5 {
            let machine = steps::machine();
            machine.inject(Fault { at: At::Command(number), how: how.clone() });
            run(&machine, &list(anna()));
            machine.heal();
            assert_eq!(run(&machine, &list(anna())).ended, Ended::Completed, "{how:?} {number}");
            assert!(run(&machine, &list(anna())).changed().is_empty(), "{how:?} {number}");
            assert!(machine.metadata(Path::new("/home/anna")).unwrap().is_some());
        }
    }
}

const SSSD_CONF: &str = "[domain/x]\nldap_default_authtok = hunter22\n";

fn place(content: &str) -> Step {
    let value = Some(SecretValue::new(content.as_bytes().to_vec()));
    Step::PlaceSecret { file: SecretId::DirectoryConf.location(), value }
}

#[test]
fn the_directorys_settings_are_checked_before_they_are_placed() {
    let machine = steps::machine();
    let path = SecretId::DirectoryConf.location().path;
    let how = How::Fails { status: 1, stderr: "line 2: strange: hunter22".to_owned() };
    machine.inject(Fault { at: At::Program("sh".to_owned()), how });
    let (message, ..) = run(&machine, &[place(SSSD_CONF)]).failure();
    assert!(message.contains("/etc/sssd/sssd.conf was not put in place"), "{message}");
    assert!(message.contains("line 2: strange: [secret]"), "{message}");
    assert!(machine.metadata(&path).unwrap().is_none(), "nor is anything left beside it");

    machine.heal();
    assert_eq!(run(&machine, &[place(SSSD_CONF)]).changed(), [0]);
    assert_eq!(machine.metadata(&path).unwrap().unwrap().ids, Ids::root(0o600));
    let check = machine.commands().pop().unwrap_or_default();
    assert!(check.contains("sssctl config-check") && !check.contains("hunter22"), "{check}");
    assert!(run(&machine, &[place(SSSD_CONF)]).changed().is_empty());
}
