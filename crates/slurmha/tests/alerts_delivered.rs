// SPDX-License-Identifier: Apache-2.0
//! Alertmanager itself, with the file that is generated for a site: mail goes to a real
//! SMTP dialogue, with and without a login, and messages go to webhooks.

#[path = "alerts_delivered/alertmanager.rs"]
mod alertmanager;
#[path = "alerts_delivered/mail_server.rs"]
mod mail_server;
#[path = "alerts_delivered/webhook.rs"]
mod webhook;

use alertmanager::{Alertmanager, Secrets};
use mail_server::MailServer;
use slurmha_core::secret::SecretId;
use slurmha_core::site::{self, Monitoring};
use webhook::Webhook;

const UNIVERSITY: &str = include_str!("../../../examples/site.toml");

const CRITICAL: [&str; 3] =
    ["alertname=SlurmhaControllerDown", "severity=critical", "instance=ctl1"];
const SIGN_OF_LIFE: [&str; 2] = ["alertname=SlurmhaWatchdog", "severity=info"];

/// Everything that could mean something to YAML, to the shell, or to a mail server.
const PASSWORD: &str = " \"'#: {}[]&*!|>%@`\\ trailing";

fn monitoring() -> Monitoring {
    let site = site::parse("site.toml", UNIVERSITY).expect("the example is valid").0;
    site.monitoring.expect("the example has monitoring")
}

#[test]
fn people_are_told_by_mail_and_webhook_and_signs_of_life_go_elsewhere() {
    let (mail, chat, deadman) = (MailServer::with_login(), Webhook::new(), Webhook::new());
    let mut monitoring = monitoring();
    monitoring.mail.as_mut().expect("mail").smarthost = mail.address();
    let secret_path = "/hook?key=s3cret%20&b='c";
    let secrets: Secrets = vec![
        (SecretId::MailPassword, PASSWORD.to_owned()),
        (SecretId::WebhookUrl("chat".into()), chat.url(secret_path)),
        (SecretId::WebhookUrl("deadman".into()), deadman.url("/alive")),
    ];
    let alertmanager = Alertmanager::start(&monitoring, &secrets, Some(mail.certificate()));

    alertmanager.raise(&CRITICAL);
    alertmanager.raise(&SIGN_OF_LIFE);
    let told = mail.next("the alert comes by mail");
    assert_eq!(told.login.as_deref(), Some(format!("\0saturn\0{PASSWORD}").as_str()));
    assert!(told.encrypted, "the password goes under TLS alone");
    assert_eq!(told.from, "saturn@example.edu");
    assert_eq!(told.to, ["hpc-admins@example.edu"]);
    assert!(told.subject().contains("FIRING:1"), "{}", told.text);
    assert!(told.subject().contains("SlurmhaControllerDown"), "{}", told.text);
    let posted = chat.next("the alert comes to the webhook");
    assert_eq!(posted.path, secret_path);
    assert_eq!(posted.body["status"], "firing");
    assert_eq!(posted.body["alerts"][0]["labels"]["instance"], "ctl1", "{:#}", posted.body);
    let alive = deadman.next("the sign of life comes");
    assert_eq!(alive.path, "/alive");
    assert_eq!(alive.body["groupLabels"]["alertname"], "SlurmhaWatchdog");

    alertmanager.end(&CRITICAL);
    let over = mail.next("the end comes by mail");
    assert!(over.subject().contains("RESOLVED"), "{}", over.text);
    assert_eq!(chat.next("the end comes to the webhook").body["status"], "resolved");
    for text in [&told.text, &over.text] {
        assert!(!text.contains("Watchdog"), "signs of life are nobody's mail: {text}");
    }
}

/// A relay in the house: no login, no certificate.
#[test]
fn a_relay_without_a_login_is_given_mail_as_it_is() {
    let mail = MailServer::relay();
    let mut monitoring = monitoring();
    let settings = monitoring.mail.as_mut().expect("mail");
    settings.smarthost = mail.address();
    settings.login = None;
    settings.to = ["one@example.edu", "two@example.edu"].map(str::to_owned).into();
    monitoring.webhooks.clear();
    let alertmanager = Alertmanager::start(&monitoring, &Secrets::new(), None);

    alertmanager.raise(&CRITICAL);
    let told = mail.next("the alert comes by mail");
    assert_eq!((told.login.as_deref(), told.encrypted), (None, false));
    assert_eq!(told.to, ["one@example.edu", "two@example.edu"]);
    assert!(told.subject().contains("SlurmhaControllerDown"), "{}", told.text);
}
