// SPDX-License-Identifier: Apache-2.0
//! Observations of the simulated machine.

use std::path::Path;

use slurmha_core::observe::{
    DeviceContent, EndingJobs, FileRequest, Health, Observation, ObserveRequest, PreflightRequest,
    PrivateText, Reading, SlurmQuestion,
};
use slurmha_core::plan::Step;
use slurmha_core::render::hosts::Block;
use slurmha_core::secret::{Digest, SecretId};
use slurmha_core::slurm_conf::Places;

use super::*;
use crate::simulated::{At, Fault, How, Simulated};
use crate::system::Ids;

fn everything() -> ObserveRequest {
    ObserveRequest {
        packages: vec!["corosync".to_owned(), "absent".to_owned()],
        users: vec!["root".to_owned(), "nobody".to_owned()],
        groups: vec!["root".to_owned()],
        people: Some(Default::default()),
        homes: Some("/home".into()),
        files: vec![FileRequest {
            path: "/etc/slurm/slurmdbd.conf".into(),
            private: Some(PrivateText {
                text: "StoragePass=@SECRET:database-password@\n".to_owned(),
                secrets: vec![SecretId::DatabasePassword.location()],
            }),
        }],
        digests: vec!["/etc/slurm/slurmdbd.conf".into(), "/nowhere".into()],
        directories: vec!["/etc".into(), "/nowhere".into()],
        secrets: vec![SecretId::DatabasePassword.location()],
        units: vec!["corosync.service".to_owned(), "absent.service".to_owned()],
        devices: vec!["/dev/vdb".into(), "/dev/vdc".into(), "/dev/absent".into()],
        spaces: vec!["/srv/slurmha/state".into()],
        drbd_resource: Some("slurm_data".to_owned()),
        cluster: true,
        preferences: true,
        quorum: true,
        safeguards: true,
        cib: true,
        vpn_interface: Some("slurmha-vpn".to_owned()),
        slurm: SlurmQuestion::Everything,
        wanted_places: Some(Default::default()),
        patient: false,
        preflight: Some(Default::default()),
    }
}

fn machine() -> Simulated {
    let machine =
        Simulated::new("ctl1", "ctl2").with_device("/dev/vdb", 1 << 30).with_device("/dev/vdc", 1);
    machine.put_signature("/dev/vdc", "ext4", Some("home"));
    machine.put_file("/etc/slurm/slurmdbd.conf", b"StoragePass=hunter2\n", Ids::root(0o600));
    let secret = SecretId::DatabasePassword.location();
    machine.put_file(&secret.path.to_string_lossy(), b"hunter2\n", Ids::root(0o600));
    machine
}

#[test]
fn a_bare_machine_is_described_and_nothing_is_guessed() {
    let seen = observe(&machine(), &everything());
    assert_eq!((seen.hostname.as_str(), seen.os_version.as_str()), ("ctl1", "12"));
    assert!(seen.packages.is_empty());
    assert_eq!(seen.users.len(), 1);
    assert_eq!(seen.directories.len(), 1);
    let digests: Vec<_> = seen.digests.values().collect();
    assert_eq!(digests, [&Digest::of(b"StoragePass=hunter2\n")]);
    assert_eq!(seen.units["absent.service"].load, "not-found");
    assert_eq!(seen.devices[Path::new("/dev/vdb")].content, DeviceContent::Blank);
    assert_eq!(seen.devices[Path::new("/dev/vdb")].size_bytes, Some(1 << 30));
    let foreign = &seen.devices[Path::new("/dev/vdc")].content;
    assert!(matches!(foreign, DeviceContent::Foreign { signature, .. } if signature == "ext4"));
    let absent = &seen.devices[Path::new("/dev/absent")];
    assert!(matches!(absent.content, DeviceContent::Unknown { .. }));
    for unknown in [seen.cib.known().is_none(), seen.cluster.known().is_none()] {
        assert!(unknown);
    }
    assert!(matches!(&seen.quorum, Reading::Unknown(why) if why.contains("not installed")));
    let safeguards = seen.safeguards.expect("they were asked for");
    assert_eq!(safeguards.state_options, Reading::Known(None), "nothing is mounted");
    assert!(safeguards.drbd_fencing.why().is_some_and(|why| why.contains("not installed")));
    assert!(safeguards.qdevice_timeout_ms.known().is_none());
}

/// What /etc/hosts with this text says of ctl1.
fn addresses_of_ctl1(text: &str) -> Vec<String> {
    let machine = machine();
    machine.put_file("/etc/hosts", text.as_bytes(), Ids::root(0o644));
    let asked = PreflightRequest::default();
    let request = ObserveRequest { preflight: Some(asked), ..Default::default() };
    let seen = observe(&machine, &request).preflight.expect("a preflight");
    seen.hosts.get("ctl1").into_iter().flatten().map(ToString::to_string).collect()
}

/// After a change of an address the block has the old one, and `apply` writes it anew.
#[test]
fn the_hosts_file_is_told_without_the_block_that_apply_writes() {
    let site = include_str!("../../../../examples/lab/site.toml");
    let (site, _) = slurmha_core::site::parse("site.toml", site).expect("a valid site");
    let whole = Block::of(&site).merge("127.0.0.1\tlocalhost\n");
    assert!(whole.contains("\tctl1\n"), "{whole}");
    let cut = whole.replace("# END slurmha\n", "");
    for block in [&whole, &cut] {
        assert!(addresses_of_ctl1(block).is_empty(), "{block}");
        let with_another = format!("192.0.2.9 ctl1\n{block}");
        assert_eq!(addresses_of_ctl1(&with_another), ["192.0.2.9"], "{block}");
    }
}

#[test]
fn no_secret_leaves_the_machine() {
    let seen = observe(&machine(), &everything());
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains("hunter2"));
    let file = &seen.files[Path::new("/etc/slurm/slurmdbd.conf")];
    assert_eq!(file.text.as_deref(), Some("StoragePass=@SECRET:database-password@\n"));
    assert_eq!(file.lacks, []);
    assert!(seen.secret(&SecretId::DatabasePassword).is_some());
}

/// As between the placing of a secret and the writing of the file that holds it.
#[test]
fn no_older_value_of_a_secret_leaves_the_machine() {
    let machine = machine();
    let secret = SecretId::DatabasePassword.location();
    machine.put_file(&secret.path.to_string_lossy(), b"*******\n", Ids::root(0o600));
    let seen = observe(&machine, &everything());
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains("hunter2"));
    let file = &seen.files[Path::new("/etc/slurm/slurmdbd.conf")];
    assert_eq!((file.text.as_deref(), file.lacks.as_slice()), (None, &[secret.id][..]));
}

#[test]
fn what_was_not_asked_is_not_looked_at() {
    let machine = machine();
    let seen = observe(&machine, &ObserveRequest::default());
    assert!(machine.commands().is_empty());
    assert_eq!(seen.cluster, Reading::Unknown("not asked".to_owned()));
    assert!(seen.preflight.is_none());
}

#[test]
fn the_state_of_all_units_is_one_command() {
    let machine = machine();
    let request = ObserveRequest {
        units: vec!["a.service".to_owned(), "b.service".to_owned()],
        packages: vec!["corosync".to_owned()],
        ..ObserveRequest::default()
    };
    let seen = observe(&machine, &request);
    assert_eq!(machine.commands().len(), 1);
    assert_eq!(seen.units.len(), 2);
}

/// The process of a daemon's unit.
fn run(machine: &Simulated, daemon: &str) {
    let procs = format!("/sys/fs/cgroup/system.slice/{daemon}.service/cgroup.procs");
    machine.put_file(&procs, b"812\n", Ids::root(0o444));
    let stat = format!("812 ({daemon}) S 1 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 9 0 44 0\n");
    machine.put_file("/proc/812/stat", stat.as_bytes(), Ids::root(0o444));
}

/// A machine on which Pacemaker runs with an empty configuration.
fn member() -> Simulated {
    let machine = machine();
    let packages = ["corosync", "pacemaker", "drbd-utils", "slurm-client"];
    let steps = [
        Step::InstallPackages { packages: packages.map(str::to_owned).to_vec() },
        Step::StartUnit { unit: "corosync.service".to_owned() },
        Step::StartUnit { unit: "pacemaker.service".to_owned() },
    ];
    crate::apply(&machine, &steps, &mut |_| std::ops::ControlFlow::Continue(()));
    machine
}

#[test]
fn a_member_tells_its_cluster() {
    let seen = observe(&member(), &everything());
    assert!(seen.quorum.known().is_some_and(|quorum| quorum.quorate));
    assert_eq!(seen.cluster.known().map(|cluster| cluster.nodes.len()), Some(2));
    assert!(seen.cib.known().is_some_and(|cib| cib.starts_with("<cib")));
    assert_eq!(seen.drbd.known().map(|drbd| drbd.up), Some(false), "down is an answer");
    assert_eq!(seen.packages.len(), 1);
    assert!(seen.units["corosync.service"].since.is_some());
    let slurm = seen.slurm.known().unwrap();
    assert!(matches!(slurm.slurmctld, Health::Down(_)));
    assert_eq!(slurm.mariadb, Health::Elsewhere);
}

#[test]
fn slurm_is_asked_everything_where_it_runs_and_one_question_elsewhere() {
    let asked = |machine: &Simulated, slurm| {
        let request = ObserveRequest { slurm, ..ObserveRequest::default() };
        observe(machine, &request).slurm.known().cloned()
    };
    let passive = member();
    assert_eq!(asked(&passive, SlurmQuestion::Nothing), None);
    for question in [SlurmQuestion::Ping, SlurmQuestion::WhereItRuns] {
        let told = asked(&passive, question).expect("something was asked");
        assert!(matches!(told.slurmctld, Health::Down(_)));
        assert_eq!((told.slurmdbd, told.jobs), (Health::Elsewhere, Reading::default()));
    }
    let active = member();
    run(&active, "slurmdbd");
    let told = asked(&active, SlurmQuestion::WhereItRuns).expect("everything was asked");
    assert_ne!(told.jobs, Reading::default(), "{told:?}");
    assert_eq!(asked(&passive, SlurmQuestion::Everything), Some(told));
}

#[test]
fn the_queue_is_asked_for_only_where_something_goes_from_slurmctld() {
    let machine = member();
    let conf = "NodeName=cn[1-2]\nPartitionName=main Nodes=cn[1-2]\n";
    machine.put_file("/etc/slurm/slurm.conf", conf.as_bytes(), Ids::root(0o644));
    let asked = |wanted: &str| {
        let wanted_places = Some(Places::of(wanted));
        observe(&machine, &ObserveRequest { wanted_places, ..ObserveRequest::default() })
            .ending_jobs
    };
    let fewer = conf.replace("cn[1-2]", "cn1");
    assert_eq!(asked(&fewer), Reading::default(), "slurmctld does not run here");
    run(&machine, "slurmctld");
    assert_eq!(asked(conf), Reading::default(), "nothing goes");
    assert_eq!(asked(&fewer), Reading::Known(EndingJobs::default()));
    let (status, stderr) = (1, "Unable to contact slurm controller".to_owned());
    let how = How::Fails { status, stderr };
    machine.inject(Fault { at: At::Program("squeue".to_owned()), how });
    assert!(asked(&fewer).why().is_some_and(|why| why.contains("Unable to contact")));
}

#[test]
fn a_patient_look_waits_longer() {
    let machine = member();
    machine.inject(Fault { at: At::Program("crm_mon".to_owned()), how: How::Hangs });
    let seen = observe(&machine, &ObserveRequest { patient: true, ..everything() });
    assert!(matches!(&seen.cluster, Reading::Unknown(why) if why.contains("30 s")));
}

#[test]
fn every_program_may_hang_and_the_rest_is_told() {
    for program in ["systemctl", "blkid", "crm_mon", "cibadmin", "drbdsetup", "scontrol", "ss"] {
        let machine = member();
        machine.inject(Fault { at: At::Program(program.to_owned()), how: How::Hangs });
        let seen: Observation = observe(&machine, &everything());
        assert_eq!(seen.hostname, "ctl1", "{program}");
        assert!(seen.quorum.known().is_some(), "{program}");
        match program {
            "crm_mon" => {
                assert!(matches!(&seen.cluster, Reading::Unknown(why) if why.contains("10 s")));
            }
            "drbdsetup" => assert!(seen.drbd.known().is_none(), "hanging is not down"),
            "scontrol" => {
                let slurmctld = seen.slurm.known().map(|s| &s.slurmctld);
                assert!(matches!(slurmctld, Some(Health::Unknown(why)) if why.contains("5 s")));
            }
            _ => {}
        }
    }
}
