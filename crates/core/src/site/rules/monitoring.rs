// SPDX-License-Identifier: Apache-2.0
//! Who watches, how often, and who is told.

use super::listener::dex_ports;
use crate::layout::{
    ALERTMANAGER_MESH_PORT, ALERTMANAGER_PORT, NODE_EXPORTER_PORT, PROMETHEUS_PORT,
};
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Mail, Monitoring, SiteFile, Webhook, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

/// More often than every five seconds, and a scrape that waits for a slow
/// program is not over when the next one begins; more seldom than once a
/// minute, and the loss of a controller is news for nobody.
const INTERVALS_S: std::ops::RangeInclusive<u64> = 5..=60;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(monitoring) = &file.monitoring else { return };
    check_hosts(monitoring, report);
    if let Some(interval) = &monitoring.interval_s
        && !INTERVALS_S.contains(&interval.value)
    {
        report.push(Diagnostic::new(
            &rule::INTERVAL_OUT_OF_RANGE,
            interval.span.clone(),
            format!("an interval of {} s is not one of 5 to 60", interval.value),
            "write 15, or remove the line: a lost controller is then told within a minute",
        ));
    }
    if let Some(mail) = &monitoring.mail {
        check_mail(mail, report);
    }
    if let Some(port) = monitoring.grafana.as_ref().and_then(|grafana| grafana.port.as_ref()) {
        check_port(port, dex_ports(file), report);
    }
    check_webhooks(items(monitoring.webhook.as_ref()), report);
    check_receivers(monitoring, report);
}

fn check_hosts(monitoring: &Spanned<Monitoring>, report: &mut Report) {
    let hosts = items(monitoring.host.as_ref());
    let unread = monitoring.host.is_none() && !monitoring.lacks("host");
    if unread || (1..=2).contains(&hosts.len()) {
        return;
    }
    let span = hosts.get(2).map_or(monitoring.span.clone(), |third| third.span.clone());
    let help = match hosts.len() {
        0 => {
            "name a machine, such as a login node:\n[[monitoring.host]]\nname = \"login1\"\n\
              address = \"...\""
        }
        _ => "keep two: each watches the other",
    };
    let message = format!("one or two machines watch the cluster, not {}", hosts.len());
    report.push(Diagnostic::new(&rule::MONITORING_HOST_COUNT, span, message, help));
}

/// Ports that a monitoring host may need for something else, with whose they are:
/// it can be a login node or the arbiter, too (corosync-qnetd(8)).
const TAKEN: [(u16, &str); 6] = [
    (5403, "corosync-qnetd"),
    (PROMETHEUS_PORT, "Prometheus"),
    (ALERTMANAGER_PORT, "Alertmanager"),
    (ALERTMANAGER_MESH_PORT, "Alertmanager"),
    (NODE_EXPORTER_PORT, "the node exporter"),
    (SLURMD_PORT, "slurmd"),
];

/// `SlurmdPort`, the default of slurm.conf(5).
const SLURMD_PORT: u16 = 6818;

fn check_port(port: &Spanned<u64>, dex: &[u64], report: &mut Report) {
    let fixed = TAKEN.iter().map(|(taken, owner)| (u64::from(*taken), *owner));
    let mut all = fixed.chain(dex.iter().map(|taken| (*taken, "Dex")));
    let message = match all.find(|(taken, _)| *taken == port.value) {
        Some((_, owner)) => format!("port {} is that of {owner}", port.value),
        None if (1024..=65535).contains(&port.value) => return,
        None => format!("Grafana runs without rights and cannot have port {}", port.value),
    };
    report.push(Diagnostic::new(
        &rule::GRAFANA_PORT,
        port.span.clone(),
        message,
        "write a free port from 1024 to 65535, or remove the line: 3000",
    ));
}

fn check_mail(mail: &Spanned<Mail>, report: &mut Report) {
    let (present, absent, what) = match (&mail.user, &mail.password_file) {
        (Some(user), None) if mail.lacks("password_file") => {
            (&user.span, "password_file", "the file with its password")
        }
        (None, Some(file)) if mail.lacks("user") => (&file.span, "user", "whose password it is"),
        _ => return,
    };
    report.push(Diagnostic::new(
        &rule::MAIL_LOGIN,
        present.clone(),
        format!("a login on the mail server needs `{absent}`, too"),
        format!("add `{absent}`, {what}, or remove this line when the server asks for no login"),
    ));
}

fn check_webhooks(webhooks: &[Spanned<Webhook>], report: &mut Report) {
    for (index, webhook) in webhooks.iter().enumerate() {
        check_url(webhook, report);
        let Some(name) = &webhook.name else { continue };
        let mut earlier = webhooks[..index].iter().filter_map(|earlier| earlier.name.as_ref());
        if let Some(first) = earlier.find(|first| first.0 == name.0) {
            report.push(
                Diagnostic::new(
                    &rule::DUPLICATE_WEBHOOK,
                    name.span.clone(),
                    format!("two webhooks are called {}", name.0),
                    "give each a name of its own: its secret is kept under that name",
                )
                .related(first.span.clone(), "the other one"),
            );
        }
    }
}

fn check_url(webhook: &Spanned<Webhook>, report: &mut Report) {
    let (span, message) = match (&webhook.url, &webhook.url_file) {
        (Some(_), Some(file)) => (&file.span, "the webhook has both a url and a url_file"),
        (None, None) if webhook.lacks("url") && webhook.lacks("url_file") => {
            (&webhook.span, "the webhook has no URL")
        }
        _ => return,
    };
    report.push(Diagnostic::new(
        &rule::WEBHOOK_URL,
        span.clone(),
        message,
        "write `url_file`, a file on this machine that holds the URL; or `url`, when it is no secret",
    ));
}

/// A warning and no error: what is seen can be looked at all the same, and
/// somebody who tries the monitoring out need not have a mail server first.
fn check_receivers(monitoring: &Spanned<Monitoring>, report: &mut Report) {
    let webhooks = items(monitoring.webhook.as_ref());
    let is_heartbeat = |hook: &Spanned<Webhook>| hook.heartbeat.as_ref().is_some_and(|h| h.value);
    let unread = webhooks.is_empty() && !monitoring.lacks("webhook");
    let told = webhooks.iter().any(|webhook| !is_heartbeat(webhook));
    if monitoring.lacks("mail") && !told && !unread {
        report.push(Diagnostic::new(
            &rule::NO_RECEIVER,
            monitoring.span.clone(),
            "alerts are shown by Alertmanager and told to nobody",
            "add [monitoring.mail] or a [[monitoring.webhook]]",
        ));
    }
}
