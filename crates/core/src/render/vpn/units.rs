// SPDX-License-Identifier: Apache-2.0
//! The units of a gateway.

use std::time::Duration;

use crate::config_file::ConfigFile;
use crate::layout::{
    BINARY, VPN_METRICS_FILE, VPN_METRICS_TIMER_FILE, VPN_METRICS_UNIT_FILE, VPN_PEERS_UNIT,
    VPN_PEERS_UNIT_FILE, VPN_SCRIPT, VPN_UNIT, VPN_UNIT_FILE,
};
use crate::render::header;
use crate::render::sandbox::SANDBOX;
use crate::site::Vpn;

/// Has the interface. Its restart cuts every tunnel, so that it has what
/// changes seldom: the address, written here to be seen as a change.
///
/// Debian's nftables.service empties the whole rule set, ours included, when it
/// is reloaded, restarted or stopped (`flush ruleset`): this unit follows it, so
/// that there is no interface without rules. A start cannot be followed by a
/// unit that runs already; at boot it comes before.
pub fn interface_unit(vpn: &Vpn) -> ConfigFile {
    let (own, width) = (vpn.gateway_address(), vpn.network.prefix_len());
    let text = format!(
        "[Unit]
Description=WireGuard for people outside the cluster ({own}/{width})
Wants=network-online.target
After=network-online.target nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={VPN_SCRIPT} up
ExecReload={VPN_SCRIPT} load
ExecStop={VPN_SCRIPT} down
Restart=on-failure
RestartSec=10
SyslogIdentifier=slurmha-vpn
ReadWritePaths=-{}
{SANDBOX}{DOES_WITHOUT}
[Install]
WantedBy=multi-user.target
",
        parent(VPN_METRICS_FILE)
    );
    ConfigFile::new(VPN_UNIT_FILE, format!("{}{text}", header("#")))
}

/// Loads peers and rules; a restart loads them again. When that fails, the
/// kernel keeps what it had. It comes and goes with the interface.
pub fn peers_unit() -> ConfigFile {
    let text = format!(
        "[Unit]
Description=Who may come in through WireGuard, and what they may reach
Requires={VPN_UNIT}
After={VPN_UNIT}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={VPN_SCRIPT} load
SyslogIdentifier={}
{SANDBOX}{DOES_WITHOUT}
[Install]
WantedBy={VPN_UNIT}
",
        VPN_PEERS_UNIT.trim_end_matches(".service")
    );
    ConfigFile::new(VPN_PEERS_UNIT_FILE, format!("{}{text}", header("#")))
}

/// Tells the node exporter who is connected, and its timer. A process of its own
/// that listens nowhere: asking WireGuard needs a right that no daemon with a port should
/// have. It is ended before the interface is taken down, or what was on its way would be
/// written after that has removed the file.
pub fn metrics_units(interval: Duration) -> [ConfigFile; 2] {
    let header = header("#");
    let service = format!(
        "{header}[Unit]
Description=Tell Prometheus who is connected through WireGuard
PartOf={VPN_UNIT}
After={VPN_UNIT}

[Service]
Type=oneshot
ExecStart={BINARY} node vpn-metrics
TimeoutStartSec=30
SyslogIdentifier=slurmha-vpn-metrics
ReadWritePaths={}
{SANDBOX}{DOES_WITHOUT}",
        parent(VPN_METRICS_FILE),
    );
    let timer = format!(
        "{header}[Unit]
Description=Tell Prometheus who is connected through WireGuard, as often as it looks

[Timer]
OnActiveSec=1
OnUnitActiveSec={}
AccuracySec=1

[Install]
WantedBy=timers.target
",
        interval.as_secs()
    );
    [
        ConfigFile::new(VPN_METRICS_UNIT_FILE, service),
        ConfigFile::new(VPN_METRICS_TIMER_FILE, timer),
    ]
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(directory, _)| directory)
}

/// Network administration and nothing else. The kernel loads its own modules
/// when it is asked for an interface or a table. Not `ProtectKernelTunables`:
/// forwarding is such a switch.
const DOES_WITHOUT: &str = "\
CapabilityBoundingSet=CAP_NET_ADMIN
ProtectHome=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_NETLINK AF_INET AF_UNIX
";
