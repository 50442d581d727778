// SPDX-License-Identifier: Apache-2.0
//! What is refused, what is said, and that nothing was touched.

use std::path::Path;

use slurmha_core::config_file::ConfigFile;
use slurmha_core::plan::{Group, Step, VOLUME_MARKER};
use slurmha_core::secret::SecretId;

use super::{Ended, run, steps};
use crate::simulated::{At, Fault, How, Simulated};
use crate::system::{Ids, System};

fn say(machine: &Simulated, list: &[Step]) -> String {
    let (message, hint, refused) = run(machine, list).failure();
    let kind = if refused { "refused" } else { "failed" };
    format!("{kind}: {message}\nhint: {hint}")
}

#[test]
fn a_foreign_file_system_is_never_touched() {
    for (signature, label) in [("ext4", Some("home")), ("LVM2_member", None), ("xfs", None)] {
        let machine = steps::machine();
        machine.put_signature(steps::DATABASE_DISK, signature, label);
        let (_, _, refused) = run(&machine, &steps::controller()).failure();
        assert!(refused, "{signature}");
        assert_eq!(machine.device_content(steps::DATABASE_DISK), signature);
        assert_eq!(machine.device_content(steps::STATE_DISK), "blank", "all are looked at first");
        assert!(!machine.commands().iter().any(|c| c.contains("mkfs") || c.contains("create-md")));
    }
}

#[test]
fn the_refusal_of_a_foreign_device_says_what_and_how() {
    let machine = steps::machine();
    machine.put_signature(steps::STATE_DISK, "ext4", Some("home"));
    insta::assert_snapshot!(say(&machine, &steps::controller()), @r##"
refused: /dev/vdb is not blank, it carries ext4 labelled home; nothing was written
hint: look first: blkid --probe /dev/vdb; if its content may be lost: wipefs --all /dev/vdb
"##);
}

#[test]
fn fresh_metadata_around_data_is_refused() {
    let machine = steps::machine();
    machine.put_signature(steps::STATE_DISK, "ext4", Some("slurmha-state"));
    machine.put_signature(steps::STATE_DISK, "drbd", None);
    insta::assert_snapshot!(say(&machine, &steps::controller()), @r##"
refused: volume 0 of slurm_data has fresh DRBD metadata around ext4 labelled slurmha-state: only a person can know which side has the data
hint: on the side that has the data: drbdadm primary --force slurm_data
"##);
    assert_eq!(machine.device_content(steps::STATE_DISK), "drbd around ext4");
}

#[test]
fn foreign_data_inside_drbd_metadata_is_refused() {
    let machine = steps::machine();
    machine.put_signature(steps::STATE_DISK, "ext4", Some("home"));
    machine.put_signature(steps::STATE_DISK, "drbd", None);
    insta::assert_snapshot!(say(&machine, &steps::controller()), @r##"
refused: /dev/vdb is not blank, it carries DRBD metadata around a file system labelled home; nothing was written
hint: look first: blkid --probe /dev/vdb; if its content may be lost: wipefs --all /dev/vdb
"##);
}

/// A machine whose volumes were filled by the cluster `prod`.
fn filled() -> Simulated {
    let machine = steps::machine();
    let list = steps::controller();
    let until = list.iter().position(|step| matches!(step, Step::LoadCib { .. })).unwrap();
    assert_eq!(run(&machine, &list[..until]).ended, Ended::Completed);
    machine
}

#[test]
fn the_volumes_of_another_cluster_are_refused() {
    let machine = filled();
    let mut init = steps::volume_init();
    init.cluster_name = "test".to_owned();
    insta::assert_snapshot!(say(&machine, &[Step::InitialiseVolumes(init)]), @r##"
refused: /dev/drbd0 belongs to the cluster prod, not to test
hint: name other devices in the site file, or blank these yourself
"##);
}

#[test]
fn a_device_that_cannot_be_read_is_not_blank() {
    let machine = steps::machine();
    let stderr = "error: /dev/vdb: Input/output error".to_owned();
    let how = How::Fails { status: 2, stderr };
    machine.inject(Fault { at: At::Program("blkid".to_owned()), how });
    insta::assert_snapshot!(say(&machine, &steps::controller()), @r##"
refused: it cannot be told what /dev/vdb carries (`blkid --probe --output export /dev/vdb` failed with exit status 2: error: /dev/vdb: Input/output error); nothing was written
hint: blkid --probe /dev/vdb
"##);
}

#[test]
fn ids_that_differ_are_refused() {
    let machine = steps::machine();
    machine.put_file("/etc/group", b"root:x:0:\nslurm:x:995:\n", Ids::root(0o644));
    let slurm = Step::CreateGroup(Group { name: "slurm".to_owned(), gid: 64030 });
    insta::assert_snapshot!(say(&machine, std::slice::from_ref(&slurm)), @r##"
refused: the group slurm exists with id 995 instead of 64030
hint: if nothing else depends on it: groupmod --gid 64030 slurm, then correct the files that have the old id
"##);
    machine.put_file("/etc/group", b"root:x:0:\nbackup:x:64030:\n", Ids::root(0o644));
    insta::assert_snapshot!(say(&machine, &[slurm]), @r##"
refused: the group id 64030 that slurm needs belongs to backup
hint: getent group 64030
"##);
}

#[test]
fn a_file_that_its_program_does_not_accept_is_not_placed() {
    let machine = steps::machine();
    machine.put_file("/etc/x.conf", b"good", Ids::root(0o644));
    let secret = SecretId::DatabasePassword.location();
    machine.put_file(&secret.path.to_string_lossy(), b"hunter2", Ids::root(0o600));
    let mut file = ConfigFile::new("/etc/x.conf", "bad @SECRET:database-password@")
        .with_secret(SecretId::DatabasePassword);
    file.validate = Some(["validate", "--file", "{}"].map(str::to_owned).to_vec());
    let how = How::Fails { status: 1, stderr: "line 1: no such option: hunter2".to_owned() };
    machine.inject(Fault { at: At::Program("validate".to_owned()), how });
    insta::assert_snapshot!(say(&machine, &[Step::WriteFile(file)]), @r##"
failed: the new /etc/x.conf was not put in place, because it was not accepted: `validate --file /etc/.x.conf.slurmha-new` failed with exit status 1: line 1: no such option: [secret]
hint:
"##);
    assert_eq!(machine.read(Path::new("/etc/x.conf")).unwrap().unwrap(), b"good");
    assert_eq!(
        machine
            .read_directory(Path::new("/etc"))
            .unwrap()
            .iter()
            .filter(|n| n.contains("slurmha-new"))
            .count(),
        0
    );
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let file = ConfigFile::new("/etc/x.conf", "").with_secret(SecretId::DatabasePassword);
    insta::assert_snapshot!(say(&steps::machine(), &[Step::WriteFile(file)]), @r##"
failed: the secret database-password is not on this machine: there is no /etc/slurmha/secrets/database-password
hint: place the secret database-password before the file that holds it
"##);
    let given = Step::MakeSecret(SecretId::BmcPassword("ctl2".into()).location());
    insta::assert_snapshot!(say(&steps::machine(), &[given]), @r##"
refused: the secret bmc-password-ctl2 is not made by slurmha: it comes from a file of yours
hint:
"##);
}

#[test]
fn a_unit_that_dies_says_why() {
    let machine = steps::machine();
    let list = [
        Step::InstallPackages { packages: vec!["munge".to_owned()] },
        Step::StartUnit { unit: "munge.service".to_owned() },
    ];
    run(&machine, &list[..1]);
    let how = How::Fails { status: 1, stderr: "Job for munge.service failed".to_owned() };
    let start = machine.commands().len() + 1;
    machine.inject(Fault { at: At::Command(start), how });
    insta::assert_snapshot!(say(&machine, &list[1..]), @r##"
failed: `systemctl start -- munge.service` failed with exit status 1: Job for munge.service failed
hint:
"##);
}

#[test]
fn a_policy_of_somebody_elses_stays() {
    let machine = steps::machine();
    let theirs = b"#!/bin/sh\nexit 101\n";
    machine.put_file("/usr/sbin/policy-rc.d", theirs, Ids::root(0o755));
    run(&machine, &[Step::InstallPackages { packages: vec!["munge".to_owned()] }]);
    let policy = machine.read(Path::new("/usr/sbin/policy-rc.d")).unwrap().unwrap();
    assert_eq!(policy, theirs);
}

#[test]
fn a_policy_of_a_killed_run_goes_although_nothing_is_to_be_installed() {
    let machine = steps::machine();
    let ours = format!("#!/bin/sh\n{}\nexit 101\n", slurmha_core::layout::POLICY_RC_D_MARKER);
    machine.put_file("/usr/sbin/policy-rc.d", ours.as_bytes(), Ids::root(0o755));
    let list = [Step::InstallPackages { packages: Vec::new() }];
    assert_eq!(run(&machine, &list).changed(), [0]);
    assert!(machine.read(Path::new("/usr/sbin/policy-rc.d")).unwrap().is_none());
    assert_eq!(run(&machine, &list).changed(), [0; 0]);
}

#[test]
fn a_package_that_does_not_exist_is_asked_for_after_an_update() {
    let machine = steps::machine();
    let install = Step::InstallPackages { packages: vec!["slurmctl".to_owned()] };
    insta::assert_snapshot!(say(&machine, &[install]), @r##"
failed: `apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install --yes --no-install-recommends -- slurmctl` failed with exit status 100: E: Unable to locate package slurmctl
hint:
"##);
    assert!(machine.commands().iter().any(|command| command.ends_with("update")));
    assert!(machine.read(Path::new("/usr/sbin/policy-rc.d")).unwrap().is_none());
}

#[test]
fn membership_that_does_not_come_says_what_is_missing() {
    let machine = steps::machine();
    let list = steps::controller();
    let at = list.iter().position(|step| matches!(step, Step::AwaitMembership { .. })).unwrap();
    run(&machine, &list[..at - 1]);
    let result = run(&machine, &list[at..=at]);
    assert!(result.progress().len() > 10, "it tells regularly that it still waits");
    insta::assert_snapshot!(result.failure().0, @r##"waited 300 s in vain: Pacemaker does not answer (crm_mon says: Not connected)"##);
}

#[test]
fn a_resource_that_fails_ends_the_wait_early() {
    let machine = steps::machine();
    machine.break_resource("slurmctld", "no state directory");
    insta::assert_snapshot!(say(&machine, &steps::controller()), @r##"
failed: the cluster does not get further: slurmctld is Stopped (failed: slurmctld_start_0 on ctl1: no state directory)
hint: crm_mon -1rf; journalctl --unit pacemaker --lines 100
"##);
}

#[test]
fn a_cib_that_moves_is_tried_again() {
    let machine = filled();
    machine.disturb_cib(3);
    let load = [Step::LoadCib { configuration: steps::configuration("") }];
    let result = run(&machine, &load);
    assert_eq!(result.ended, Ended::Completed);
    assert_eq!(result.progress().len(), 3);
    let machine = filled();
    machine.disturb_cib(99);
    insta::assert_snapshot!(say(&machine, &load), @r##"
failed: the Pacemaker configuration was changed by somebody else at each of 5 attempts
hint:
"##);
}

#[test]
fn a_marker_is_json_and_comes_last() {
    let machine = filled();
    let commands = machine.commands();
    let mounts: Vec<&String> = commands.iter().filter(|c| c.starts_with("mount")).collect();
    insta::assert_debug_snapshot!(mounts, @r##"
[
    "mount -t ext4 -o noatime /dev/drbd0 /srv/slurmha/state",
    "mount -t ext4 -o noatime /dev/drbd1 /srv/slurmha/database",
]
"##);
    run(&machine, &[]);
    let device = machine.device_content(steps::STATE_DISK);
    assert_eq!(device, "drbd around ext4");
    assert_eq!(VOLUME_MARKER, ".slurmha-volume");
}

#[test]
fn a_gateways_key_is_made_once_and_handed_to_nobody() {
    let machine = steps::machine();
    let key = SecretId::VpnKey.location();
    let make = Step::MakeSecret(key.clone());
    assert_eq!(run(&machine, std::slice::from_ref(&make)).changed(), [0]);
    let made = machine.read(&key.path).unwrap().unwrap();
    assert_eq!(made.len(), 44, "the base64 of 32 bytes");
    assert_eq!(run(&machine, &[make]).changed(), [0; 0]);
    assert_eq!(machine.read(&key.path).unwrap().unwrap(), made);
    let (message, _, refused) = run(&machine, &[Step::ExportSecret(key)]).failure();
    assert!(refused && message.contains("does not leave it"), "{message}");
}
