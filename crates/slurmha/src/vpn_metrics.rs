// SPDX-License-Identifier: Apache-2.0
//! A gateway tells its node exporter who is connected.

use std::path::Path;
use std::time::Duration;

use slurmha_core::layout::{VPN_INTERFACE, VPN_METRICS_FILE, VPN_PEERS_FILE, VPN_TABLE};
use slurmha_core::metrics::{GatewayAnswer, gateway_exposition};
use slurmha_core::observe::{Reading, VpnState};
use slurmha_core::vpn::names;
use slurmha_host::System;
use slurmha_host::program::{nft, wg};
use slurmha_host::system::{FileError, Ids, write_atomically};

/// Both ask the kernel, which answers at once.
const LIMIT: Duration = Duration::from_secs(5);

/// The node exporter runs as a user of its own.
const ACCESS: Ids = Ids::root(0o644);

/// Asks, and writes what the node exporter passes on.
///
/// # Errors
/// When the file cannot be written. What could not be asked is in it as unknown.
pub fn write(system: &dyn System) -> Result<(), FileError> {
    let text = gateway_exposition(&ask(system));
    write_atomically(system, Path::new(VPN_METRICS_FILE), text.as_bytes(), ACCESS)
}

fn ask(system: &dyn System) -> GatewayAnswer {
    let peers = known(system.read(Path::new(VPN_PEERS_FILE)));
    GatewayAnswer {
        interface: interface(system),
        has_rules: known(nft::has_table(system, "inet", VPN_TABLE, LIMIT)),
        // Without the file nobody was ever let in.
        names: peers.map(|file| names(&String::from_utf8_lossy(&file.unwrap_or_default()))),
    }
}

/// `wg` says the same of an interface that is not there and of one that it may not ask.
fn interface(system: &dyn System) -> Reading<Option<VpnState>> {
    let device = format!("/sys/class/net/{VPN_INTERFACE}");
    match system.metadata(Path::new(&device)) {
        Ok(None) => Reading::Known(None),
        Ok(Some(_)) => known(wg::show(system, VPN_INTERFACE, LIMIT).map(Some)),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

fn known<T, E: std::fmt::Display>(answer: Result<T, E>) -> Reading<T> {
    match answer {
        Ok(value) => Reading::Known(value),
        Err(error) => {
            eprintln!("{error}");
            Reading::Unknown(error.to_string())
        }
    }
}
