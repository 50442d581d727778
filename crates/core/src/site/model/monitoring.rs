// SPDX-License-Identifier: Apache-2.0
//! Who watches the cluster and tells whom.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{NodeName, Repository};
use crate::secret::SecretId;

/// Who watches the cluster and tells whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Monitoring {
    /// One or two machines that run Prometheus and Alertmanager.
    pub hosts: Vec<MonitoringHost>,
    /// How long Prometheus keeps samples, in its own notation: `30d`.
    pub retention: String,
    /// Between two looks at a machine, and between two looks at the rules.
    pub interval: Duration,
    /// Alerts by mail.
    pub mail: Option<Mail>,
    /// Alerts by HTTP.
    pub webhooks: Vec<Webhook>,
    /// Dashboards on the hosts; `None` when there are none.
    pub grafana: Option<Grafana>,
}

impl Monitoring {
    /// The secrets with which alerts are sent.
    pub fn secrets(&self) -> Vec<SecretId> {
        self.secrets_of_receivers().into_iter().map(|(id, _)| id).collect()
    }

    /// Everything that its hosts get from the administrator's machine, with the file
    /// that holds each.
    pub(super) fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let grafana = self.grafana.iter().flat_map(|grafana| {
            [
                grafana.repository.given_key(),
                (SecretId::GrafanaPassword, grafana.admin_password_file.as_path()),
            ]
        });
        self.secrets_of_receivers().into_iter().chain(grafana).collect()
    }

    fn secrets_of_receivers(&self) -> Vec<(SecretId, &Path)> {
        let login = self.mail.as_ref().and_then(|mail| mail.login.as_ref());
        let password = login.map(|login| (SecretId::MailPassword, login.password_file.as_path()));
        let urls = self.webhooks.iter().filter_map(|webhook| match &webhook.url {
            WebhookUrl::File(file) => {
                Some((SecretId::WebhookUrl(webhook.name.clone()), file.as_path()))
            }
            WebhookUrl::Plain(_) => None,
        });
        password.into_iter().chain(urls).collect()
    }
}

/// A machine that runs Prometheus and Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonitoringHost {
    /// Host name; may be that of a login node or of the arbiter.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
}

/// Grafana on the monitoring hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grafana {
    /// Where its package comes from.
    pub repository: Repository,
    /// TCP port on the hosts' addresses in the cluster network.
    pub port: u16,
    /// File on the administrator's machine that holds the password of Grafana's
    /// user `admin`.
    pub admin_password_file: PathBuf,
}

/// Alerts by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Who gets them, never empty.
    pub to: Vec<String>,
    /// Whom they come from.
    pub from: String,
    /// Mail server, `HOST:PORT`.
    pub smarthost: String,
    /// Login on the mail server.
    pub login: Option<MailLogin>,
}

/// Who logs in on a mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailLogin {
    /// Its name there.
    pub user: String,
    /// File on the administrator's machine that holds the password.
    pub password_file: PathBuf,
}

/// A program that takes alerts by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its own among the webhooks.
    pub name: String,
    /// Where it listens.
    pub url: WebhookUrl,
    /// Whether it gets a sign of life instead of the alerts.
    pub heartbeat: bool,
}

/// Where a webhook's URL stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookUrl {
    /// In the site file.
    Plain(String),
    /// In a file on the administrator's machine: whoever knows it can use it.
    File(PathBuf),
}
