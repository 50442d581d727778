// SPDX-License-Identifier: Apache-2.0
//! What a running cluster goes by, and what cannot be changed under it: its
//! name, the numbers of its controllers, and the key by which they know each other.

use std::path::Path;

use super::Seen;
use crate::layout;
use crate::plan::build::{Draft, Inputs};
use crate::plan::{cib, secrets, units};
use crate::render::corosync::{CONF, node_id};
use crate::secret::SecretId;
use crate::site::Site;

/// Refuses a plan that would change one of them.
pub(super) fn check(inputs: &Inputs<'_>, controllers: &[Seen<'_>], draft: &mut Draft) {
    name(inputs.site, controllers, draft);
    node_ids(inputs.site, controllers, draft);
    for seen in controllers {
        authkey(inputs, seen, draft);
    }
}

/// slurmctld keeps the name beside its state, and ends with `fatal: CLUSTER NAME
/// MISMATCH` at its next start, on either controller, when slurm.conf has
/// another (22.05, controller.c, `_verify_clustername`).
fn name(site: &Site, controllers: &[Seen<'_>], draft: &mut Draft) {
    let named = |seen: &Seen<'_>| cluster_name(seen.text(Path::new(layout::SLURM_CONF))?);
    let names: Vec<String> = controllers.iter().filter_map(named).collect();
    let Some(present) = names.first() else { return };
    if names.iter().any(|name| name.eq_ignore_ascii_case(&site.cluster_name)) {
        return;
    }
    draft.refuse(
        controllers[0].name(),
        format!(
            "the cluster is called {present}: its state and its accounting are kept under that \
             name, and slurmctld does not start with them under another"
        ),
        &format!("write name = \"{present}\" under [cluster]"),
    );
}

fn cluster_name(slurm_conf: &str) -> Option<String> {
    let lines = slurm_conf.lines().filter_map(|line| line.split_once('='));
    let mut values = lines.filter(|(key, _)| key.trim().eq_ignore_ascii_case("ClusterName"));
    values.next().map(|(_, value)| value.trim().to_owned())
}

/// Corosync keeps the number with which it was started, and Pacemaker knows its
/// nodes by it: with others in the file, the controller that boots next comes
/// with the number of the one that runs. DRBD and slurm.conf know it by its name.
fn node_ids(site: &Site, controllers: &[Seen<'_>], draft: &mut Draft) {
    let Some(text) = controllers.iter().find_map(|seen| seen.text(Path::new(CONF))) else { return };
    let present = numbered(text);
    for stranger in present.iter().map(|(name, _)| *name).filter(|name| !is_known(site, name)) {
        draft.refuse(
            controllers[0].name(),
            format!(
                "Corosync, Pacemaker and DRBD know a controller {stranger}, which the site file \
                 does not have"
            ),
            "controllers keep their names: put it back; a new machine gets the name of the one \
             that it replaces",
        );
    }
    for (index, controller) in site.controllers.iter().enumerate() {
        let number = present.iter().find(|(name, _)| *name == controller.name.as_str());
        let Some((_, number)) = number.filter(|(_, number)| *number != node_id(index)) else {
            continue;
        };
        draft.refuse(
            &controller.name,
            format!(
                "Corosync knows {} as node {number}, and by its place in the site file it would \
                 be node {}",
                controller.name,
                node_id(index)
            ),
            "put the [[controller]] tables back in their order",
        );
    }
}

/// Corosync reads its key when it starts. Restarted for another one it takes Pacemaker with it, and
/// all that runs there; on both controllers that is an outage, and on one they do not know each
/// other any more.
fn authkey(inputs: &Inputs<'_>, seen: &Seen<'_>, draft: &mut Draft) {
    const UNIT: &str = "corosync.service";
    let wants = inputs.wants.iter().find(|wants| wants.machine.name == *seen.name());
    let placed = wants.map(|wants| secrets::placed_on(inputs, wants)).unwrap_or_default();
    let key = SecretId::CorosyncKey.location().path;
    if !cib::is_members(seen.observed) || !units::is_outdated(seen.observed, UNIT, &key, &placed) {
        return;
    }
    draft.refuse(
        seen.name(),
        format!(
            "{} is another or a younger one than that with which Corosync runs, which would be \
             restarted for it, and Pacemaker with all that it runs",
            key.display()
        ),
        &format!(
            "if it is the key that the other controller has: `touch --date=2000-01-01 {}`; for a new \
             one first stop both: `systemctl stop pacemaker corosync-qdevice corosync`",
            key.display()
        ),
    );
}

fn is_known(site: &Site, name: &str) -> bool {
    site.controllers.iter().any(|controller| controller.name.as_str() == name)
}

/// Names and numbers of the node list, corosync.conf(5); no other section has a
/// `nodeid`.
fn numbered(corosync_conf: &str) -> Vec<(&str, u32)> {
    let mut nodes = Vec::new();
    let mut name = None;
    for line in corosync_conf.lines() {
        match line.trim().split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("name", value)) => name = Some(value),
            Some(("nodeid", value)) => {
                nodes.extend(name.take().zip(value.parse().ok()));
            }
            _ => {}
        }
    }
    nodes
}
