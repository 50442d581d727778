// SPDX-License-Identifier: Apache-2.0
//! `alertmanager.yml`: who is told what, and what is left out because
//! something else explains it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ALERTMANAGER_FILE;
use crate::config_file::{Access, ConfigFile};
use crate::monitoring::{WATCHDOG, alerts};
use crate::render::yaml::{list, quoted};
use crate::secret::SecretId;
use crate::site::{Mail, MailLogin, Monitoring, Webhook, WebhookUrl};

/// Alertmanager's configuration; the same on every host.
///
/// Debian runs Alertmanager as `prometheus`, so that group reads the file and
/// nobody else does: it holds the password of the mail server, and URLs that
/// are secrets. Alertmanager 0.25 reads a webhook's URL from nowhere else.
pub fn alertmanager(monitoring: &Monitoring) -> ConfigFile {
    let mut text = crate::render::header("#");
    if let Some(mail) = &monitoring.mail {
        text.push_str(&mail_server(mail));
    }
    text.push_str(&route(monitoring));
    text.push_str(&inhibitions());
    text.push_str(&receivers(monitoring));
    let mut file = ConfigFile::new(ALERTMANAGER_FILE, text).with_access(Access::new(
        "root",
        "prometheus",
        0o640,
    ));
    file.secrets = monitoring.secrets();
    file.validate = Some(["amtool", "check-config", "{}"].map(str::to_owned).into());
    file
}

/// Mail without a login goes to a relay in the house, and such a one often has
/// no certificate; with one, the password travels under TLS only.
fn mail_server(mail: &Mail) -> String {
    let mut text = format!(
        "\nglobal:\n  smtp_smarthost: {}\n  smtp_from: {}\n  smtp_require_tls: {}\n",
        quoted(&mail.smarthost),
        quoted(&mail.from),
        mail.login.is_some()
    );
    if let Some(MailLogin { user, .. }) = &mail.login {
        let _ = writeln!(text, "  smtp_auth_username: {}", quoted(user));
        let _ = writeln!(text, "  smtp_auth_password: {}", secret(&SecretId::MailPassword, "  "));
    }
    text
}

/// A secret's place: a literal block, in which no character means anything.
/// The number is its indentation, so that a leading space is the secret's own.
fn secret(id: &SecretId, parent: &str) -> String {
    format!("|2-\n{parent}  {}", id.placeholder())
}

/// What is critical waits five seconds, so that what comes at the same time is
/// one message, and what joins it later waits ten. The rest may wait for
/// company.
fn route(monitoring: &Monitoring) -> String {
    let heartbeat = monitoring.webhooks.iter().any(|webhook| webhook.heartbeat);
    format!(
        "
route:
  receiver: \"people\"
  group_by: [\"alertname\"]
  group_wait: \"30s\"
  group_interval: \"5m\"
  repeat_interval: \"12h\"
  routes:
    - matchers: [{}]
      receiver: \"{}\"
      group_wait: \"0s\"
      group_interval: \"1m\"
      repeat_interval: \"1m\"
    - matchers: [{}]
      group_wait: \"5s\"
      group_interval: \"10s\"
      repeat_interval: \"1h\"
",
        quoted(&format!("alertname=\"{WATCHDOG}\"")),
        if heartbeat { "heartbeat" } else { "nobody" },
        quoted("severity=\"critical\""),
    )
}

/// What is not told while something else explains it.
fn inhibitions() -> String {
    let mut consequences: BTreeMap<(&str, &[&str]), Vec<&str>> = BTreeMap::new();
    for (_, alert) in alerts() {
        for cause in alert.follows {
            consequences.entry((cause, alert.like)).or_default().push(alert.name);
        }
    }
    let mut text = "\ninhibit_rules:\n".to_owned();
    for ((cause, like), consequences) in consequences {
        let source = quoted(&format!("alertname=\"{cause}\""));
        let targets = quoted(&format!("alertname=~\"{}\"", consequences.join("|")));
        let equal = list(["cluster"].iter().chain(like));
        let _ = writeln!(
            text,
            "  - source_matchers: [{source}]\n    target_matchers: [{targets}]\n    equal: {equal}"
        );
    }
    text
}

fn receivers(monitoring: &Monitoring) -> String {
    let (heartbeats, people): (Vec<&Webhook>, Vec<&Webhook>) =
        monitoring.webhooks.iter().partition(|webhook| webhook.heartbeat);
    let mut text = "\nreceivers:\n  - name: \"nobody\"\n  - name: \"people\"\n".to_owned();
    if let Some(mail) = &monitoring.mail {
        let _ = writeln!(
            text,
            "    email_configs:\n      - {{to: {}, send_resolved: true}}",
            quoted(&mail.to.join(", "))
        );
    }
    text.push_str(&webhooks(&people, true));
    if !heartbeats.is_empty() {
        text.push_str("  - name: \"heartbeat\"\n");
        text.push_str(&webhooks(&heartbeats, false));
    }
    text
}

fn webhooks(webhooks: &[&Webhook], send_resolved: bool) -> String {
    if webhooks.is_empty() {
        return String::new();
    }
    let mut text = "    webhook_configs:\n".to_owned();
    for webhook in webhooks {
        let url = match &webhook.url {
            WebhookUrl::Plain(url) => quoted(url),
            WebhookUrl::File(_) => secret(&SecretId::WebhookUrl(webhook.name.clone()), "        "),
        };
        let _ = writeln!(
            text,
            "      # {}\n      - url: {url}\n        send_resolved: {send_resolved}",
            webhook.name
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_an_alert() {
        for (_, alert) in alerts() {
            for cause in alert.follows {
                assert!(alerts().any(|(_, other)| other.name == *cause), "{cause}");
                assert_ne!(*cause, alert.name);
            }
        }
    }

    /// Two labels that are missing on both sides are equal to Alertmanager.
    #[test]
    fn what_has_to_be_alike_is_a_label_of_both() {
        for (_, alert) in alerts().filter(|(_, alert)| !alert.like.is_empty()) {
            let causes = alert.follows.iter().map(|cause| {
                alerts().map(|(_, other)| other).find(|other| other.name == *cause).unwrap()
            });
            for either in causes.chain([alert]) {
                for label in alert.like {
                    let series = either.fires[0].0;
                    assert!(series.contains(&format!("{label}='")), "{}: {label}", either.name);
                }
            }
        }
    }

    #[test]
    fn a_full_disk_explains_nothing_of_another_machines() {
        let text = inhibitions();
        let (_, rest) = text.split_once("SlurmhaDiskFull").unwrap();
        let rule = rest.split("  - ").next().unwrap();
        assert!(rule.contains("equal: [\"cluster\", \"instance\", \"mountpoint\"]"), "{rule}");
    }
}
