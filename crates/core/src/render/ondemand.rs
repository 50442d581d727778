// SPDX-License-Identifier: Apache-2.0
//! What Open OnDemand and its Apache read, and what brings that into service.
//!
//! Open OnDemand's source is OSC/ondemand; facts here are those of v4.2.3, and of v3.1.16
//! where nothing else is said.

mod apache;
mod cluster;
mod pages;
mod portal;
mod script;
mod unit;

use crate::config_file::ConfigFile;
use crate::site::{Machine, Ondemand, Site};

/// Everything that one host has for Open OnDemand.
pub struct Files {
    /// Where Apache listens and what it is told beside the portal's own site, and what
    /// tries and serves the configuration. The package before.
    pub apache: [ConfigFile; 4],
    /// The unit that brings the configuration into service.
    pub unit: ConfigFile,
    /// What users' own processes read, each time somebody asks.
    pub pages: Vec<ConfigFile>,
    /// What the portal's generator reads; everything else before, because it is tried
    /// with all of that before it is put in place.
    pub portal: ConfigFile,
}

/// Open OnDemand's files on one host.
pub fn files(site: &Site, ondemand: &Ondemand, host: &Machine) -> Files {
    let mut pages = vec![cluster::cluster(site, ondemand, host), pages::shell(site)];
    pages.extend(ondemand.desktop.map(|desktop| pages::desktop(site, desktop)));
    pages.push(pages::announcement());
    Files {
        apache: [
            apache::listen(ondemand, host),
            apache::server(ondemand),
            apache::drop_in(),
            script::script(ondemand, host),
        ],
        unit: unit::unit(),
        pages,
        portal: portal::portal(site, ondemand),
    }
}
