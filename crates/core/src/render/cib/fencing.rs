// SPDX-License-Identifier: Apache-2.0
//! Fence devices: one for each controller, used by the other one.

use super::parts::{ban, op, operations, primitive, set};
use crate::secret::SecretId;
use crate::site::{Controller, Fence, Site};
use crate::xml::Element;

/// How the devices' ids begin; the controller's name follows.
const ID: &str = "fence-";

/// The device that cuts this controller's power.
pub fn device_id(controller: &Controller) -> String {
    format!("{ID}{}", controller.name)
}

/// The controller whose power a device of that id cuts, if it is one of ours.
pub(crate) fn fence_target(device: &str) -> Option<&str> {
    device.strip_prefix(ID)
}

/// The fence devices of the site.
pub fn devices(site: &Site) -> Vec<Element> {
    fenced(site).map(|(index, controller, fence)| device(site, index, controller, fence)).collect()
}

/// A machine never runs the device that cuts its own power: when it is
/// gone, so is the monitor that says whether the device works.
pub fn placements(site: &Site) -> Vec<Element> {
    fenced(site)
        .map(|(_, controller, _)| ban(&device_id(controller), controller.name.as_str()))
        .collect()
}

fn fenced(site: &Site) -> impl Iterator<Item = (usize, &Controller, &Fence)> {
    site.controllers
        .iter()
        .enumerate()
        .filter_map(|(index, controller)| Some((index, controller, controller.fence.as_ref()?)))
}

/// How long a device may take to say that it is there. A start runs the agent twice, for its
/// metadata and for its state, each a Python program that needs ten seconds of CPU time in
/// emulation. On a busy machine a monitor was given up after a minute and the device started
/// anew, which made the machine busier. A BMC that does not answer is told much earlier, by the agent's
/// own limits.
const ASKED: &str = "180s";

/// The password is not in the configuration, which every member of
/// `haclient` can read: the agent runs a script that prints it.
fn device(site: &Site, index: usize, controller: &Controller, fence: &Fence) -> Element {
    let id = device_id(controller);
    let mut parameters: Vec<(&str, String)> = vec![
        ("pcmk_host_map", format!("{0}:{0}", controller.name)),
        ("pcmk_host_check", "static-list".to_owned()),
        ("ip", fence.address.clone()),
    ];
    if let Some(user) = &fence.user {
        parameters.push(("username", user.clone()));
    }
    if fence.password_file.is_some() {
        parameters.push(("password_script", password_script(controller)));
    }
    for (name, value) in &fence.options {
        parameters.push((name, value.clone()));
    }
    // With two votes both sides of a partition may fire at the same time;
    // one waits, so that one survives. A third vote already picks the winner.
    if site.arbiter.is_none() && index == 0 {
        parameters.push(("pcmk_delay_base", "5s".to_owned()));
    }
    let pairs: Vec<(&str, &str)> = parameters.iter().map(|(k, v)| (*k, v.as_str())).collect();
    primitive(&id, "stonith", None, &fence.agent)
        .child(set("instance_attributes", &id, &pairs))
        .child(operations(
            &id,
            &[op("start", "0s", ASKED), op("stop", "0s", "20s"), op("monitor", "120s", ASKED)],
        ))
}

/// Path of the script that prints the BMC's password.
pub fn password_script(controller: &Controller) -> String {
    let secret = SecretId::BmcPassword(controller.name.clone()).location();
    format!("{}.sh", secret.path.display())
}
