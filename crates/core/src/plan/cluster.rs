// SPDX-License-Identifier: Apache-2.0
//! What the controllers do together: membership, replication, resources.

use std::path::Path;

use super::build::{Draft, Inputs, PlannedStep};
use super::step::{DrbdResource, DrbdVolume, Stage, Step, VolumeInit};
use super::{by_hand, cib, units};
use crate::config_file::{Access, Directory};
use crate::desired::configuration;
use crate::layout;
use crate::observe::{DeviceContent, DrbdStatus, Observation, Reading};
use crate::render::cib::{ACTIVE_RESOURCES, id};
use crate::render::drbd;
use crate::secret::{Digest, SecretId};
use crate::site::{Controller, NodeName, Site};
use crate::watch::hands_off;
use crate::xml::Element;

pub(super) fn plan(inputs: &Inputs<'_>, draft: &mut Draft) {
    let controllers: Vec<Seen<'_>> = inputs
        .site
        .controllers
        .iter()
        .filter_map(|c| Some(Seen { controller: c, observed: inputs.observed.get(&c.name)? }))
        .collect();
    if controllers.len() < inputs.site.controllers.len() {
        return; // refused already
    }
    let live = live(&controllers);
    let managed = live.as_ref().is_some_and(|cib| cib::has_resource(cib, id::DRBD));
    if !managed && may_be_formed(&controllers) {
        unread(&controllers, draft);
        membership(inputs, &controllers, draft);
        return;
    }
    outsiders(&controllers, managed, draft);
    membership(inputs, &controllers, draft);
    replication(inputs.site, &controllers, managed, draft);
    resources(inputs, &controllers, live.as_ref(), managed, draft);
    in_force(&controllers, live.as_ref(), draft);
    durable(inputs.site, &controllers, draft);
}

/// The cluster's configuration. A controller that is not a member yet has an
/// empty one of its own, which says nothing of the cluster.
fn live(controllers: &[Seen<'_>]) -> Option<Element> {
    let mut all: Vec<Element> = controllers.iter().filter_map(Seen::cib).collect();
    let formed = all.iter().position(|cib| cib::has_resource(cib, id::DRBD));
    (!all.is_empty()).then(|| all.swap_remove(formed.unwrap_or_default()))
}

/// Whether the configuration that could not be read may be that of a cluster
/// at work: its volumes have been filled, which a new one's have not.
fn may_be_formed(controllers: &[Seen<'_>]) -> bool {
    let is_filled = |seen: &Seen<'_>| {
        let mut devices = seen.observed.devices.values();
        devices.any(|device| matches!(device.content, DeviceContent::Drbd { label: Some(_) }))
    };
    controllers.iter().any(is_filled) && controllers.iter().any(|seen| seen.cib().is_none())
}

/// A configuration that cannot be told is not an empty one: the first start
/// would stop the scheduler of a cluster that works. Where Pacemaker does not
/// run, this plan starts it, and the next one can read.
fn unread(controllers: &[Seen<'_>], draft: &mut Draft) {
    for seen in controllers.iter().filter(|seen| seen.cib().is_none()) {
        if seen.is_active("pacemaker.service") {
            let why = match &seen.observed.cib {
                Reading::Unknown(why) => why.as_str(),
                Reading::Known(_) => "it is not well-formed XML",
            };
            draft.refuse(
                seen.name(),
                format!("Pacemaker runs, and its configuration could not be read: {why}"),
                "`slurmha status` shows how the cluster is; `slurmha apply` again once it answers",
            );
        } else {
            draft.left = Some(format!(
                "DRBD and the cluster's resources: Pacemaker does not run on {} yet",
                seen.name()
            ));
        }
    }
}

struct Seen<'a> {
    controller: &'a Controller,
    observed: &'a Observation,
}

impl Seen<'_> {
    fn name(&self) -> &NodeName {
        &self.controller.name
    }

    fn cib(&self) -> Option<Element> {
        self.observed.cib.known().and_then(|text| Element::parse(text).ok())
    }

    fn is_active(&self, unit: &str) -> bool {
        self.observed.units.get(unit).is_some_and(units::is_active)
    }
}

/// A daemon that runs although Pacemaker does not manage it yet is somebody
/// else's: its data is not on our volumes, and stopping it is not ours to do.
fn outsiders(controllers: &[Seen<'_>], managed: bool, draft: &mut Draft) {
    if managed {
        return;
    }
    for seen in controllers {
        for unit in ["slurmctld.service", "slurmdbd.service", "mariadb.service"] {
            if seen.is_active(unit) {
                draft.refuse(
                    seen.name(),
                    format!("{unit} runs outside the cluster's control, with data of its own"),
                    &format!("save its data, then `systemctl disable --now {unit}`"),
                );
            }
        }
    }
}

fn membership(inputs: &Inputs<'_>, controllers: &[Seen<'_>], draft: &mut Draft) {
    let online = |seen: &Seen<'_>| {
        let cluster = seen.observed.cluster.known();
        cluster.is_some_and(|cluster| cluster.nodes.iter().filter(|node| node.online).count() == 2)
    };
    if draft.has(Stage::Membership) || !controllers.iter().all(online) {
        let members: Vec<NodeName> =
            inputs.site.controllers.iter().map(|c| c.name.clone()).collect();
        for seen in controllers {
            let step = Step::AwaitMembership { members: members.clone() };
            draft.push(Stage::Membership, seen.name(), step);
        }
    }
}

fn replication(site: &Site, controllers: &[Seen<'_>], managed: bool, draft: &mut Draft) {
    for seen in controllers {
        let resource = drbd_resource(seen.controller);
        let mut blank = false;
        for volume in &resource.volumes {
            match content(seen.observed, &volume.backing_device) {
                DeviceContent::Blank => blank = true,
                DeviceContent::Drbd { .. } => {}
                DeviceContent::Foreign { signature, .. } => draft.refuse(
                    seen.name(),
                    format!("{} carries {signature}", volume.backing_device.display()),
                    "name an empty device, or clear this one yourself with `wipefs --all` \
                     once you are sure that nobody needs what is on it",
                ),
                DeviceContent::Unknown { why } => draft.refuse(
                    seen.name(),
                    format!("{} cannot be read: {why}", volume.backing_device.display()),
                    "correct the device in the site file, or make it readable",
                ),
            }
        }
        if blank && managed && is_whole(seen.observed) {
            let what = "DRBD runs on another device than the one that the site file names, \
                        which is blank";
            let name = seen.name();
            let cure = format!(
                "one controller at a time, with all data on the other one: `pcs node standby \
                 {name}`, `slurmha apply`, `pcs node unstandby {name}`"
            );
            // `drbdadm adjust` would change it under the cluster, on both
            // controllers at once, and leave no copy of the data attached.
            draft.refuse(name, what.to_owned(), &cure);
        } else if blank {
            draft.push(
                Stage::Replication,
                seen.name(),
                PlannedStep::because(
                    Step::CreateDrbdMetadata(resource.clone()),
                    "the devices are blank",
                ),
            );
        }
        let up = seen.observed.drbd.known().is_some_and(|drbd| drbd.up);
        if !managed && !up {
            draft.push(Stage::Replication, seen.name(), Step::BringDrbdUp(resource));
        } else if managed && is_whole(seen.observed) && rewritten(seen, draft) {
            let why = "the kernel has the options of the old file";
            let step = PlannedStep::because(Step::BringDrbdUp(resource), why);
            draft.push(Stage::Replication, seen.name(), step);
        }
    }
    if !managed {
        let first = &site.controllers[0];
        draft.push(Stage::Volumes, &first.name, Step::InitialiseVolumes(volume_init(site, first)));
    }
}

/// Up with all of its disks. What is down or detached under Pacemaker's care
/// is so for a reason, and `drbdadm adjust` would bring it up.
fn is_whole(observed: &Observation) -> bool {
    let whole = |drbd: &DrbdStatus| drbd.up && drbd.volumes.iter().all(|v| v.disk != "Diskless");
    observed.drbd.known().is_some_and(whole)
}

fn rewritten(seen: &Seen<'_>, draft: &Draft) -> bool {
    draft.text_of(seen.name(), &drbd::resource_path()).is_some()
}

/// A device that was not seen is not blank: the answer decides about data.
fn content(observed: &Observation, device: &Path) -> DeviceContent {
    observed.devices.get(device).map_or_else(
        || DeviceContent::Unknown { why: "it was not looked at".to_owned() },
        |state| state.content.clone(),
    )
}

/// The DRBD resource as one controller sees it.
pub fn drbd_resource(controller: &Controller) -> DrbdResource {
    let volume =
        |backing: &Path, device: &str, label: &str, mount: &str, options: &str| DrbdVolume {
            backing_device: backing.to_owned(),
            device: device.into(),
            label: label.to_owned(),
            mount_point: mount.into(),
            mount_options: options.to_owned(),
        };
    DrbdResource {
        name: layout::DRBD_RESOURCE.to_owned(),
        volumes: vec![
            volume(
                &controller.state_device,
                layout::STATE_DEVICE,
                layout::STATE_LABEL,
                layout::STATE_MOUNT,
                layout::STATE_MOUNT_OPTIONS,
            ),
            volume(
                &controller.database_device,
                layout::DATABASE_DEVICE,
                layout::DATABASE_LABEL,
                layout::DATABASE_MOUNT,
                layout::DATABASE_MOUNT_OPTIONS,
            ),
        ],
    }
}

fn volume_init(site: &Site, controller: &Controller) -> VolumeInit {
    VolumeInit {
        resource: drbd_resource(controller),
        cluster_name: site.cluster_name.clone(),
        directories: vec![Directory {
            path: layout::STATE_SAVE_LOCATION.into(),
            access: Access::new("slurm", "slurm", 0o700),
        }],
        database_directory: layout::DATABASE_DIRECTORY.into(),
        database_name: layout::DATABASE_NAME.to_owned(),
        database_user: layout::DATABASE_USER.to_owned(),
        database_password: SecretId::DatabasePassword.location(),
    }
}

fn resources(
    inputs: &Inputs<'_>,
    controllers: &[Seen<'_>],
    live: Option<&Element>,
    managed: bool,
    draft: &mut Draft,
) {
    let first = controllers[0].name();
    let wanted = configuration(inputs.site);
    let is_first = !managed || live.is_some_and(|cib| by_hand::is_held(cib, id::SLURMCTLD));
    if is_first {
        first_start(inputs.site, first, draft);
    }
    let parsed = Element::parse(&wanted).unwrap_or(Element::new(""));
    let changes = match live {
        Some(live) => cib::changes(live, &parsed),
        None => vec!["everything is new".to_owned()],
    };
    if !managed || !changes.is_empty() {
        draft.push(
            Stage::Resources,
            first,
            PlannedStep {
                step: Step::LoadCib { configuration: wanted },
                why: format!("{} changes", changes.len()),
                diff: Some(changes.join("\n") + "\n"),
            },
        );
    }
    let holds = live.filter(|_| !is_first).map(|live| by_hand::holds(live, &parsed));
    let awaited = awaited(controllers, &holds.unwrap_or_default(), draft);
    if !awaited.is_empty() && (draft.has(Stage::Resources) || !all_started(controllers)) {
        draft.push(Stage::Resources, first, Step::AwaitResources { resources: awaited });
    }
    if is_first {
        // A reconfiguration is a checkpoint: from here on slurmctld can
        // start without slurmdbd.
        let text = draft.text_of(first, Path::new(SLURM.file)).unwrap_or_default();
        let step = Step::ReconfigureSlurm { digest: Digest::of(text.as_bytes()) };
        draft.push(Stage::Resources, first, PlannedStep::because(step, "the first checkpoint"));
    }
}

/// What shall run in the end. When somebody has set something by hand, that is
/// what runs now: what does not may be what is held, or needs it.
fn awaited(controllers: &[Seen<'_>], holds: &[by_hand::Hold], draft: &mut Draft) -> Vec<String> {
    for hold in holds {
        draft.notes.push(format!(
            "set by hand, and left as it is: {}; to take it back: {}",
            hold.what, hold.cure
        ));
    }
    let is_awaited = |id: &&str| holds.is_empty() || is_started(controllers, id);
    ACTIVE_RESOURCES.iter().copied().filter(is_awaited).map(str::to_owned).collect()
}

/// The one time when slurmctld has to wait for slurmdbd: without a saved
/// association state a new cluster's slurmctld ends with `fatal: ... no TRES`.
/// A run that died in between leaves slurmctld held back, which is how the
/// next one knows that the cluster may not be registered yet.
fn first_start(site: &Site, first: &NodeName, draft: &mut Draft) {
    let without_scheduler =
        cib::with_target_role(&crate::render::cib::render(site), id::SLURMCTLD, "Stopped");
    let accounting = [id::VIP, id::MARIADB, id::SLURMDBD].map(str::to_owned).to_vec();
    draft.push(
        Stage::Resources,
        first,
        PlannedStep::because(
            Step::LoadCib { configuration: without_scheduler.to_xml() },
            "the first start, accounting before scheduling",
        ),
    );
    draft.push(Stage::Resources, first, Step::AwaitResources { resources: accounting });
    let cluster = site.cluster_name.clone();
    draft.push(Stage::Resources, first, Step::RegisterCluster { cluster });
}

fn all_started(controllers: &[Seen<'_>]) -> bool {
    ACTIVE_RESOURCES.iter().all(|id| is_started(controllers, id))
}

fn is_started(controllers: &[Seen<'_>], id: &str) -> bool {
    let cluster = controllers.iter().find_map(|seen| seen.observed.cluster.known());
    cluster.is_some_and(|cluster| {
        cluster.resources.iter().any(|r| r.id == id && r.role == "Started" && !r.failed)
    })
}

/// Daemons that run with an older configuration than the one on disk, or
/// than the one about to be written.
fn in_force(controllers: &[Seen<'_>], live: Option<&Element>, draft: &mut Draft) {
    for seen in controllers {
        if let Some(digest) = reload(seen, draft, "corosync.service", &COROSYNC) {
            draft.push(Stage::Membership, seen.name(), Step::ReloadCorosync { digest });
        }
        if let Some(digest) = reload(seen, draft, "slurmctld.service", &SLURM) {
            let why = restarts(seen, draft).map(|line| format!("slurmctld restarts for `{line}`"));
            let step = Step::ReconfigureSlurm { digest };
            let step = PlannedStep::because(step, why.unwrap_or_default());
            draft.push(Stage::Resources, seen.name(), step);
        }
        for (unit, resource, path) in [
            ("slurmdbd.service", id::SLURMDBD, "/etc/slurm/slurmdbd.conf"),
            ("mariadb.service", id::MARIADB, "/etc/mysql/mariadb.conf.d/90-slurmha.cnf"),
        ] {
            if !seen.is_active(unit) || !is_newer(seen, draft, unit, Path::new(path)) {
                continue;
            }
            // Pacemaker refuses to restart what it does not manage.
            if let Some(why) = live.and_then(|cib| hands_off(cib, seen.name().as_str(), resource)) {
                draft.notes.push(format!(
                    "{resource} goes on with its older {path}, because {why}: `slurmha apply` \
                     again afterwards"
                ));
            } else {
                let step = Step::RestartResource { resource: resource.to_owned() };
                let step = PlannedStep::because(step, format!("reads {path}"));
                draft.push(Stage::Resources, seen.name(), step);
            }
        }
    }
}

/// The service beside a slurmctld that already runs; a slurmctld that is
/// started later brings it along.
fn durable(site: &Site, controllers: &[Seen<'_>], draft: &mut Draft) {
    if !site.durable_submit.is_offered() {
        return;
    }
    let unit = layout::DURABLE_UNIT;
    for seen in controllers.iter().filter(|seen| seen.is_active("slurmctld.service")) {
        let file = Path::new(layout::DURABLE_UNIT_FILE);
        if !seen.is_active(unit) {
            let step = Step::StartUnit { unit: unit.to_owned() };
            draft.push(Stage::Resources, seen.name(), step);
        } else if is_newer(seen, draft, unit, file) {
            let step = Step::RestartUnit { unit: unit.to_owned() };
            let step = PlannedStep::because(step, format!("reads {}", file.display()));
            draft.push(Stage::Resources, seen.name(), step);
        }
    }
}

/// A file that its daemon can read again without a restart.
struct Reloadable {
    file: &'static str,
    /// Holds the digest of what was last read again.
    stamp: &'static str,
}

const COROSYNC: Reloadable =
    Reloadable { file: "/etc/corosync/corosync.conf", stamp: layout::COROSYNC_CONF_DIGEST };
const SLURM: Reloadable = Reloadable { file: layout::SLURM_CONF, stamp: layout::SLURM_CONF_DIGEST };

/// Digest of the file when the running daemon has not read it.
fn reload(seen: &Seen<'_>, draft: &Draft, unit: &str, what: &Reloadable) -> Option<Digest> {
    let path = Path::new(what.file);
    if !seen.is_active(unit) || !is_newer(seen, draft, unit, path) {
        return None;
    }
    let text = draft.text_of(seen.name(), path).or_else(|| text(seen, path))?;
    let digest = Digest::of(text.as_bytes());
    let stamp = text_of_stamp(seen, what.stamp);
    (stamp != Some(digest.0.as_str())).then_some(digest)
}

/// The first changed line of slurm.conf that a running slurmctld does not
/// take; slurm.conf(5) names these keys.
fn restarts(seen: &Seen<'_>, draft: &Draft) -> Option<String> {
    const KEYS: [&str; 9] = [
        "NodeName=",
        "AuthType=",
        "GresTypes=",
        "SelectType=",
        "SlurmctldHost=",
        "SlurmctldPort=",
        "StateSaveLocation=",
        "SchedulerType=",
        "TopologyPlugin=",
    ];
    let path = Path::new(SLURM.file);
    let (old, new) = (text(seen, path)?, draft.text_of(seen.name(), path)?);
    let changed = |line: &&str| !old.lines().any(|known| known == *line);
    let new_line = new.lines().filter(changed).find(|l| KEYS.iter().any(|key| l.starts_with(key)));
    new_line.map(str::to_owned)
}

fn text<'a>(seen: &Seen<'a>, path: &Path) -> Option<&'a str> {
    seen.observed.files.get(path)?.text.as_deref()
}

fn text_of_stamp<'a>(seen: &Seen<'a>, stamp: &str) -> Option<&'a str> {
    text(seen, Path::new(stamp)).map(str::trim)
}

fn is_newer(seen: &Seen<'_>, draft: &Draft, unit: &str, path: &Path) -> bool {
    if draft.text_of(seen.name(), path).is_some() {
        return true;
    }
    let since = seen.observed.units.get(unit).and_then(|unit| unit.since);
    match (units::modified(seen.observed, &path.to_owned()), since) {
        (Some(modified), Some(since)) => modified > since,
        _ => false,
    }
}
