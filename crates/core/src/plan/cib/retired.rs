// SPDX-License-Identifier: Apache-2.0
//! What slurmha has put into Pacemaker's configuration, and is not wanted any more.

use super::value;
use crate::render::cib::{RETIRED, ban, fence_target};
use crate::xml::Element;

/// What slurmha has made, and is not wanted any more.
pub(super) struct Retired {
    /// Ids of the resources that are wanted.
    wanted: Vec<String>,
}

impl Retired {
    pub(super) fn by(configuration: &Element) -> Self {
        let resources = configuration.find("resources").into_iter().flat_map(|all| &all.children);
        Self { wanted: resources.map(|resource| resource.id().to_owned()).collect() }
    }

    pub(super) fn is(&self, element: &Element) -> bool {
        RETIRED.contains(&element.id()) || self.is_fence(element) || self.is_place(element)
    }

    /// The device of a controller that is gone, or has none any more: Pacemaker
    /// would ask its BMC for ever.
    fn is_fence(&self, element: &Element) -> bool {
        let Some(controller) = fence_target(element.id()) else { return false };
        let map = format!("{controller}:{controller}");
        let is_mapped = |pair: &Element| {
            pair.attribute("name") == Some("pcmk_host_map") && value(pair) == Some(&map)
        };
        element.name == "primitive"
            && element.attribute("class") == Some("stonith")
            && element.children.iter().flat_map(|set| &set.children).any(is_mapped)
            && self.is_unwanted(element.id())
    }

    /// Where such a device does not run.
    fn is_place(&self, element: &Element) -> bool {
        let device = element.attribute("rsc").unwrap_or_default();
        let own = fence_target(device).map(|controller| ban(device, controller));
        own.is_some_and(|own| own.id() == element.id()) && self.is_unwanted(device)
    }

    fn is_unwanted(&self, resource: &str) -> bool {
        !self.wanted.iter().any(|wanted| wanted == resource)
    }
}
