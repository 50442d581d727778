// SPDX-License-Identifier: Apache-2.0
//! A controller's list of steps, and the machine that it is for.

use std::path::PathBuf;

use slurmha_core::config_file::{Access, ConfigFile, Directory};
use slurmha_core::layout;
use slurmha_core::plan::{DrbdResource, DrbdVolume, Enablement, Group, Step, User, VolumeInit};
use slurmha_core::secret::{Digest, SecretId, SecretValue};

use crate::simulated::Simulated;
use crate::system::System;

pub(super) const STATE_DISK: &str = "/dev/vdb";
pub(super) const DATABASE_DISK: &str = "/dev/vdc";

/// A fresh controller with two blank disks.
pub(super) fn machine() -> Simulated {
    Simulated::new("ctl1", "ctl2")
        .with_device(STATE_DISK, 1 << 30)
        .with_device(DATABASE_DISK, 4 << 30)
        .with_drbd(resource())
}

pub(super) fn resource() -> DrbdResource {
    let volume = |backing: &str, device: &str, label: &str, mount: &str| DrbdVolume {
        backing_device: backing.into(),
        device: device.into(),
        label: label.to_owned(),
        mount_point: mount.into(),
        mount_options: "noatime".to_owned(),
    };
    DrbdResource {
        name: layout::DRBD_RESOURCE.to_owned(),
        volumes: vec![
            volume(STATE_DISK, layout::STATE_DEVICE, layout::STATE_LABEL, layout::STATE_MOUNT),
            volume(
                DATABASE_DISK,
                layout::DATABASE_DEVICE,
                layout::DATABASE_LABEL,
                layout::DATABASE_MOUNT,
            ),
        ],
    }
}

pub(super) fn volume_init() -> VolumeInit {
    VolumeInit {
        resource: resource(),
        cluster_name: "prod".to_owned(),
        directories: vec![directory(
            layout::STATE_SAVE_LOCATION,
            Access::new("slurm", "slurm", 0o700),
        )],
        database_directory: layout::DATABASE_DIRECTORY.into(),
        database_name: layout::DATABASE_NAME.to_owned(),
        database_user: layout::DATABASE_USER.to_owned(),
        database_password: SecretId::DatabasePassword.location(),
    }
}

/// The database password as it lies on the machine.
pub(super) fn secret_text(machine: &Simulated) -> String {
    let path = SecretId::DatabasePassword.location().path;
    String::from_utf8(machine.read(&path).unwrap().unwrap()).unwrap()
}

fn directory(path: &str, access: Access) -> Directory {
    Directory { path: path.into(), access }
}

fn unit(name: &str) -> String {
    format!("{name}.service")
}

/// Units that come from slurmha, and that no package has enabled.
pub(super) const WATCH: &str = "slurmha-watch.service";
pub(super) const TIMER: &str = "slurmha-snapshot.timer";

pub(super) fn own_unit(name: &str) -> ConfigFile {
    let text = "[Install]\nWantedBy=multi-user.target\n";
    ConfigFile::new(format!("/etc/systemd/system/{name}"), text)
}

pub(super) fn enablement(name: &str, enablement: Enablement) -> Step {
    Step::SetUnitEnablement { unit: name.to_owned(), enablement }
}

/// Up to the point where the two controllers act together.
fn base() -> Vec<Step> {
    let packages = [
        "munge",
        "corosync",
        "pacemaker",
        "drbd-utils",
        "mariadb-server",
        "slurmctld",
        "slurmdbd",
        "slurm-client",
    ];
    let user = |name: &str, uid, home: &str| User {
        name: name.to_owned(),
        uid,
        group: name.to_owned(),
        home: PathBuf::from(home),
    };
    let mut slurmdbd = ConfigFile::new(
        "/etc/slurm/slurmdbd.conf",
        format!("StoragePass={}\n", SecretId::DatabasePassword.placeholder()),
    )
    .with_access(Access::new("slurm", "slurm", 0o600))
    .with_secret(SecretId::DatabasePassword);
    slurmdbd.validate = Some(vec!["validate".to_owned(), "{}".to_owned()]);
    let bmc = SecretId::BmcPassword("ctl2".into()).location();
    vec![
        Step::CreateGroup(Group { name: "slurm".to_owned(), gid: 64030 }),
        Step::CreateUser(user("slurm", 64030, "/nonexistent")),
        Step::CreateGroup(Group { name: "munge".to_owned(), gid: 64031 }),
        Step::CreateUser(user("munge", 64031, "/run/munge")),
        Step::InstallPackages { packages: packages.map(str::to_owned).to_vec() },
        Step::MakeDirectory(directory(layout::STATE_MOUNT, Access::root(0o755))),
        Step::MakeDirectory(directory(layout::DATABASE_MOUNT, Access::root(0o755))),
        Step::WriteFile(ConfigFile::new("/etc/corosync/corosync.conf", "totem {}\n")),
        Step::WriteFile(ConfigFile::new(
            "/etc/systemd/system/slurmctld.service.d/slurmha.conf",
            "[Service]\nRestart=no\n",
        )),
        Step::WriteFile(own_unit(WATCH)),
        Step::WriteFile(own_unit(TIMER)),
        enablement("mariadb.service", Enablement::Disabled),
        enablement("mariadb.socket", Enablement::Masked),
        enablement("drbd.service", Enablement::Disabled),
        enablement("slurmctld.service", Enablement::Disabled),
        enablement("slurmdbd.service", Enablement::Disabled),
        // A power cut before this point starts what the packages enabled.
        Step::StopUnit { unit: "mariadb.socket".to_owned() },
        Step::StopUnit { unit: unit("mariadb") },
        Step::StopUnit { unit: unit("drbd") },
        Step::StopUnit { unit: unit("slurmctld") },
        Step::StopUnit { unit: unit("slurmdbd") },
        Step::ReloadSystemd,
        Step::MakeSecret(SecretId::MungeKey.location()),
        Step::MakeSecret(SecretId::CorosyncKey.location()),
        Step::MakeSecret(SecretId::DatabasePassword.location()),
        Step::ExportSecret(SecretId::MungeKey.location()),
        Step::PlaceSecret { file: bmc, value: Some(SecretValue::new(b"calvin\n".to_vec())) },
        Step::WriteFile(slurmdbd),
        enablement("munge.service", Enablement::Enabled),
        Step::StartUnit { unit: unit("munge") },
        enablement(WATCH, Enablement::Enabled),
        Step::StartUnit { unit: WATCH.to_owned() },
        enablement(TIMER, Enablement::Enabled),
        Step::StartUnit { unit: TIMER.to_owned() },
        Step::StartUnit { unit: unit("corosync") },
        Step::StartUnit { unit: unit("pacemaker") },
        Step::AwaitMembership { members: vec!["ctl1".into(), "ctl2".into()] },
        Step::ReloadCorosync { digest: Digest::of(b"totem {}\n") },
        Step::CreateDrbdMetadata(resource()),
        Step::BringDrbdUp(resource()),
        Step::InitialiseVolumes(volume_init()),
    ]
}

/// Everything, except for the two-step first start.
pub(super) fn controller() -> Vec<Step> {
    let mut list = base();
    list.extend([
        Step::LoadCib { configuration: configuration("") },
        Step::AwaitResources { resources: resources(&["mariadb", "slurmdbd"]) },
        Step::RegisterCluster { cluster: "prod".to_owned() },
        Step::AwaitResources { resources: resources(&["drbd", "mariadb", "slurmctld"]) },
        Step::ReconfigureSlurm { digest: Digest::of(b"slurm.conf") },
    ]);
    list
}

/// As the planner builds it for a new cluster.
pub(super) fn first_start() -> Vec<Step> {
    let held = "<meta_attributes id=\"m\"><nvpair id=\"slurmctld-first-start\" name=\"target-role\" \
                value=\"Stopped\"/></meta_attributes>";
    let mut list = base();
    list.extend([
        Step::LoadCib { configuration: configuration(held) },
        Step::AwaitResources { resources: resources(&["mariadb", "slurmdbd"]) },
        Step::RegisterCluster { cluster: "prod".to_owned() },
        Step::LoadCib { configuration: configuration("") },
        Step::AwaitResources { resources: resources(&["slurmctld"]) },
        Step::RestartResource { resource: "slurmdbd".to_owned() },
    ]);
    list
}

fn resources(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(super) fn configuration(inside_slurmctld: &str) -> String {
    format!(
        "<configuration><crm_config><cluster_property_set id=\"cib-bootstrap-options\">\
         <nvpair id=\"f\" name=\"stonith-enabled\" value=\"true\"/></cluster_property_set>\
         </crm_config><resources><clone id=\"drbd-clone\"><primitive id=\"drbd\" class=\"ocf\" \
         provider=\"slurmha\" type=\"drbd\"><instance_attributes id=\"i\"><nvpair id=\"d\" \
         name=\"drbd_resource\" value=\"slurm_data\"/></instance_attributes></primitive></clone>\
         <primitive id=\"mariadb\" class=\"ocf\" provider=\"slurmha\" type=\"mariadb\"/>\
         <primitive id=\"slurmdbd\" class=\"ocf\" provider=\"slurmha\" type=\"slurmdbd\"/>\
         <primitive id=\"slurmctld\" class=\"ocf\" provider=\"slurmha\" type=\"slurmctld\">\
         {inside_slurmctld}</primitive></resources></configuration>"
    )
}
