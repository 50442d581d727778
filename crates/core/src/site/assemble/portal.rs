// SPDX-License-Identifier: Apache-2.0
//! `[portal]`.

use super::console::certificate;
use super::name;
use crate::layout::PORTAL_PORT;
use crate::site::fragments::{self as file, items};
use crate::site::model::Portal;

pub(super) fn assemble(portal: &file::Portal) -> Option<Portal> {
    Some(Portal {
        hosts: items(portal.hosts.as_ref()).iter().map(|host| name(host)).collect(),
        port: match &portal.port {
            Some(port) => u16::try_from(port.value).ok()?,
            None => PORTAL_PORT,
        },
        certificate: certificate(portal.certificate_file.as_ref(), portal.key_file.as_ref()),
        terminal: portal.terminal.as_ref().is_some_and(|terminal| terminal.value),
    })
}
