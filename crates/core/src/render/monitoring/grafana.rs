// SPDX-License-Identifier: Apache-2.0
//! Grafana: how it runs, and what it shows.
//!
//! Sources in grafana/grafana: `conf/defaults.ini` for the settings,
//! `packaging/deb/control/postinst` for owners and modes below /etc/grafana, which the
//! package gives to every file there at each upgrade.

use std::fmt::Write as _;

use super::options::RETRY;
use crate::config_file::{Access, ConfigFile};
use crate::dashboards::grafana as dashboards;
use crate::layout::{ALERTMANAGER_PORT, PROMETHEUS_PORT};
use crate::render::units::drop_in;
use crate::render::yaml::quoted;
use crate::secret::SecretId;
use crate::site::{Grafana as Wanted, Monitoring, MonitoringHost};

/// Grafana's unit.
pub const GRAFANA_UNIT: &str = "grafana-server.service";
/// What the dashboards are in, as files.
const DASHBOARDS: &str = "/etc/grafana/slurmha";
/// The password of its user `admin`.
const PASSWORD_FILE: &str = "/etc/grafana/slurmha-admin-password";

/// Everything that one host has for Grafana.
pub struct Grafana {
    /// What systemd is told on top of the package's unit. It may be there before the
    /// package.
    pub unit: ConfigFile,
    /// What it reads as it starts; the package, which makes its group, before.
    pub configuration: [ConfigFile; 4],
    /// What it reads again by itself.
    pub dashboards: Vec<ConfigFile>,
}

/// Grafana's files on one host.
pub fn grafana(grafana: &Wanted, monitoring: &Monitoring, host: &MonitoringHost) -> Grafana {
    Grafana {
        unit: drop_in("grafana-server", RETRY),
        configuration: [password(), ini(grafana, host), data_sources(monitoring, host), provider()],
        dashboards: dashboards::files()
            .into_iter()
            .map(|(name, text)| own(&format!("{DASHBOARDS}/{name}"), text))
            .collect(),
    }
}

/// A file of Grafana's, with the owner and mode that the package gives it.
fn own(path: &str, text: String) -> ConfigFile {
    ConfigFile::new(path, text).with_access(Access::new("root", "grafana", 0o640))
}

/// In a file of its own: in grafana.ini a sign of the password could mean something.
fn password() -> ConfigFile {
    let id = SecretId::GrafanaPassword;
    own(PASSWORD_FILE, format!("{}\n", id.placeholder())).with_secret(id)
}

/// It answers people on the cluster network who have a login, and asks Prometheus and
/// Alertmanager; nothing else. What would ask its vendor is off: usage counters, checks
/// for updates, pictures of users, news, snapshots on a server of the vendor's, the
/// catalogue of plugins and those that it would load by itself.
fn ini(grafana: &Wanted, host: &MonitoringHost) -> ConfigFile {
    let (address, port) = (host.address, grafana.port);
    let header = crate::render::header("#");
    own(
        "/etc/grafana/grafana.ini",
        format!(
            "{header}
[server]
http_addr = {address}
http_port = {port}
root_url = http://{address}:{port}/

# Read at the first start; later the password is Grafana's own.
[security]
admin_user = admin
admin_password = $__file{{{PASSWORD_FILE}}}
disable_gravatar = true

[users]
allow_sign_up = false
allow_org_create = false

[auth.anonymous]
enabled = false

[dashboards]
default_home_dashboard_path = {DASHBOARDS}/slurmha-overview.json

[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
feedback_links_enabled = false

[news]
news_feed_enabled = false

[snapshots]
external_enabled = false

[plugins]
plugin_admin_enabled = false
preinstall_disabled = true
public_key_retrieval_disabled = true

# To the journal.
[log]
mode = console
"
        ),
    )
}

/// The host's own Prometheus first, the other host's for the day when this one has
/// missed something; Alertmanager for the alerts and silences.
fn data_sources(monitoring: &Monitoring, host: &MonitoringHost) -> ConfigFile {
    let mut text = crate::render::header("#");
    text.push_str("\napiVersion: 1\n\ndatasources:\n");
    for (other, number) in monitoring.hosts.iter().zip(1..) {
        let own = other == host;
        let _ = write!(
            text,
            "  - name: {}
    uid: slurmha-prometheus-{number}
    type: prometheus
    access: proxy
    url: \"http://{}:{PROMETHEUS_PORT}\"
    isDefault: {own}
    editable: false
    jsonData: {{httpMethod: POST, timeInterval: \"{}s\", alertmanagerUid: slurmha-alertmanager}}
",
            quoted(&format!("Prometheus on {}", other.name)),
            other.address,
            monitoring.interval.as_secs()
        );
    }
    let _ = write!(
        text,
        "  - name: Alertmanager
    uid: slurmha-alertmanager
    type: alertmanager
    access: proxy
    url: \"http://{}:{ALERTMANAGER_PORT}\"
    editable: false
    jsonData: {{implementation: prometheus}}
",
        host.address
    );
    own("/etc/grafana/provisioning/datasources/slurmha.yaml", text)
}

/// Changes of a dashboard are seen within half a minute, without a restart. They are
/// made by slurmha: what somebody saves over one would be gone with the next version.
fn provider() -> ConfigFile {
    let header = crate::render::header("#");
    own(
        "/etc/grafana/provisioning/dashboards/slurmha.yaml",
        format!(
            "{header}
apiVersion: 1

providers:
  - name: slurmha
    folder: Slurm HA
    folderUid: slurmha
    type: file
    disableDeletion: true
    allowUiUpdates: false
    updateIntervalSeconds: 30
    options: {{path: {DASHBOARDS}}}
"
        ),
    )
}
