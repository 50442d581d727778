// SPDX-License-Identifier: Apache-2.0
//! What the controllers do together: membership, replication, resources.

mod identity;
mod in_force;
mod leaving;
mod replication;
mod resources;

use std::path::Path;

use super::build::{Draft, Inputs};
use super::step::{Stage, Step};
use super::{cib, units};
use crate::observe::{DeviceContent, Observation, Reading};
use crate::render::cib::id;
use crate::site::{Controller, NodeName};
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
    if managed {
        identity::check(inputs, &controllers, draft);
        leaving::check(&controllers, draft);
    }
    membership(inputs, &controllers, draft);
    replication::plan(inputs.site, &controllers, managed, draft);
    resources::plan(inputs, &controllers, live.as_ref(), managed, draft);
    in_force::plan(inputs.site, &controllers, live.as_ref(), draft);
    in_force::durable(inputs.site, &controllers, draft);
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

impl<'a> Seen<'a> {
    fn name(&self) -> &NodeName {
        &self.controller.name
    }

    fn cib(&self) -> Option<Element> {
        self.observed.cib.known().and_then(|text| Element::parse(text).ok())
    }

    fn text(&self, path: &Path) -> Option<&'a str> {
        self.observed.files.get(path)?.text.as_deref()
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
