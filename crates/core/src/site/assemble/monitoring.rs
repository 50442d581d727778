// SPDX-License-Identifier: Apache-2.0
//! `[monitoring]`.

use std::time::Duration;

use super::name;
use crate::layout::GRAFANA_PORT;
use crate::site::fragments::{self as file, items};
use crate::site::model::{
    Grafana, Mail, MailLogin, Monitoring, MonitoringHost, Repository, Vendor, Webhook, WebhookUrl,
};

/// What Prometheus' own default is, twice.
const DEFAULT_RETENTION: &str = "30d";

/// With it, an alert about a lost controller is out within a minute.
const DEFAULT_INTERVAL_S: u64 = 15;

/// Its vendor's repository for Debian: "Install Grafana on Debian or Ubuntu" in
/// Grafana's documentation.
const GRAFANA_REPOSITORY: &str = "https://apt.grafana.com";

pub(super) fn assemble(monitoring: &file::Monitoring) -> Option<Monitoring> {
    let hosts = items(monitoring.host.as_ref()).iter().map(|host| self::host(host));
    let webhooks = items(monitoring.webhook.as_ref()).iter().map(|webhook| self::webhook(webhook));
    let retention = monitoring.retention.as_ref().map(|retention| retention.0.clone());
    let interval = monitoring.interval_s.as_ref().map_or(DEFAULT_INTERVAL_S, |it| it.value);
    Some(Monitoring {
        hosts: hosts.collect::<Option<_>>()?,
        retention: retention.unwrap_or_else(|| DEFAULT_RETENTION.to_owned()),
        interval: Duration::from_secs(interval),
        mail: match &monitoring.mail {
            Some(mail) => Some(self::mail(mail)?),
            None => None,
        },
        webhooks: webhooks.collect::<Option<_>>()?,
        grafana: match &monitoring.grafana {
            Some(grafana) => Some(self::grafana(grafana)?),
            None => None,
        },
    })
}

fn host(host: &file::MonitoringHost) -> Option<MonitoringHost> {
    Some(MonitoringHost { name: name(host.name.as_ref()?), address: host.address.as_ref()?.value })
}

fn mail(mail: &file::Mail) -> Option<Mail> {
    let login = mail.user.as_ref().zip(mail.password_file.as_ref());
    Some(Mail {
        to: mail.to.as_ref()?.0.iter().map(|address| address.0.clone()).collect(),
        from: mail.from.as_ref()?.0.clone(),
        smarthost: mail.smarthost.as_ref()?.0.clone(),
        login: login
            .map(|(user, file)| MailLogin { user: user.0.clone(), password_file: file.0.clone() }),
    })
}

fn grafana(grafana: &file::Grafana) -> Option<Grafana> {
    let repository = grafana.repository.as_ref().map(|url| url.0.clone());
    let port = grafana.port.as_ref().map_or(Some(GRAFANA_PORT), |it| it.value.try_into().ok())?;
    Some(Grafana {
        repository: Repository {
            vendor: Vendor::Grafana,
            url: repository.unwrap_or_else(|| GRAFANA_REPOSITORY.to_owned()),
            key_file: grafana.key_file.as_ref()?.0.clone(),
        },
        port,
        admin_password_file: grafana.admin_password_file.as_ref()?.0.clone(),
    })
}

fn webhook(webhook: &file::Webhook) -> Option<Webhook> {
    let url = match (&webhook.url, &webhook.url_file) {
        (Some(url), _) => WebhookUrl::Plain(url.0.clone()),
        (None, Some(file)) => WebhookUrl::File(file.0.clone()),
        (None, None) => return None,
    };
    let heartbeat = webhook.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.value);
    Some(Webhook { name: webhook.name.as_ref()?.0.clone(), url, heartbeat })
}
