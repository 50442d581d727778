// SPDX-License-Identifier: Apache-2.0
//! Every place where the file names a machine.

use std::net::Ipv4Addr;

use crate::site::diagnostic::Span;
use crate::site::fragments::{SiteFile, items};
use crate::site::model::Role;
use crate::site::spanned::Spanned;
use crate::site::value::HostName;

/// One machine in one role, as far as it could be read.
pub(super) struct Mention<'f> {
    pub(super) role: Role,
    pub(super) name: Option<(&'f str, &'f Span)>,
    pub(super) address: Option<(Ipv4Addr, &'f Span)>,
}

impl<'f> Mention<'f> {
    fn new(
        role: Role,
        name: Option<&'f Spanned<HostName>>,
        address: Option<&'f Spanned<Ipv4Addr>>,
    ) -> Self {
        Self {
            role,
            name: name.map(|name| (name.0.as_str(), &name.span)),
            address: address.map(|address| (address.value, &address.span)),
        }
    }

    /// The name in the form in which names are compared: DNS and Pacemaker
    /// do not distinguish capital letters.
    pub(super) fn key(&self) -> Option<String> {
        self.name.map(|(name, _)| name.to_ascii_lowercase())
    }

    /// The name for messages.
    pub(super) fn shown(&self) -> &'f str {
        self.name.map_or("another machine", |(name, _)| name)
    }
}

/// Every mention, controllers first, then in the order of the roles.
pub(super) fn mentions(file: &SiteFile) -> Vec<Mention<'_>> {
    let mut mentions = Vec::new();
    for controller in items(file.controller.as_ref()) {
        let (name, address) = (controller.name.as_ref(), controller.address.as_ref());
        mentions.push(Mention::new(Role::Controller, name, address));
    }
    if let Some(arbiter) = &file.arbiter {
        let (name, address) = (arbiter.name.as_ref(), arbiter.address.as_ref());
        mentions.push(Mention::new(Role::Arbiter, name, address));
    }
    for login in items(file.login.as_ref()) {
        mentions.push(Mention::new(Role::Login, login.name.as_ref(), login.address.as_ref()));
    }
    let monitoring = file.monitoring.as_ref().and_then(|monitoring| monitoring.host.as_ref());
    for host in items(monitoring) {
        mentions.push(Mention::new(Role::Monitoring, host.name.as_ref(), host.address.as_ref()));
    }
    let gateways = file.vpn.as_ref().and_then(|vpn| vpn.gateway.as_ref());
    for gateway in items(gateways) {
        let (name, address) = (gateway.name.as_ref(), gateway.address.as_ref());
        mentions.push(Mention::new(Role::Gateway, name, address));
    }
    for group in items(file.nodes.as_ref()) {
        let (names, addresses) = (group.names.as_ref(), group.addresses.as_ref());
        let length = |n: Option<usize>| n.unwrap_or_default();
        let count = length(names.map(|n| n.names.len())).max(length(addresses.map(|a| a.0.len())));
        mentions.extend((0..count).map(|index| Mention {
            role: Role::Compute,
            name: names.and_then(|n| Some((n.names.get(index)?.as_str(), &n.span))),
            address: addresses.and_then(|a| Some((*a.0.get(index)?, &a.span))),
        }));
    }
    mentions
}

/// A role in words.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Controller => "a controller",
        Role::Arbiter => "the arbiter",
        Role::Compute => "a compute node",
        Role::Login => "a login node",
        Role::Monitoring => "a monitoring host",
        Role::Gateway => "a gateway of the VPN",
    }
}
