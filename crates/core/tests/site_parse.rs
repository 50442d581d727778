// SPDX-License-Identifier: Apache-2.0
//! Whole site files: the examples, and what `slurmha init` writes.

use std::time::Duration;

use slurmha_core::site::{self, Accept, InitAnswers, Role, Site};

const LAB: &str = include_str!("../../../examples/lab/site.toml");
const PRODUCTION: &str = include_str!("../../../examples/site.toml");

/// The site of a file about which there is nothing to say.
fn spotless(text: &str) -> Site {
    match site::parse("site.toml", text) {
        Ok((site, warnings)) => {
            assert_eq!(site::render("site.toml", text, &warnings), "");
            site
        }
        Err(diagnostics) => panic!("{}", site::render("site.toml", text, &diagnostics)),
    }
}

fn codes(text: &str) -> Vec<&'static str> {
    let diagnostics = match site::parse("site.toml", text) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics.into_iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn the_lab_is_what_its_file_says() {
    let site = spotless(LAB);
    assert_eq!(site.cluster_name, "lab");
    assert_eq!(site.timing.token, Duration::from_millis(3000));
    assert_eq!(site.timing.consensus, Duration::from_millis(3600));
    assert_eq!(site.timing.qdevice_timeout, Duration::from_millis(4500));
    assert_eq!(site.timing.qdevice_sync_timeout, Duration::from_millis(12_000));
    let fence = site.controllers[0].fence.as_ref().expect("a fence device");
    assert_eq!(fence.options.get("lanplus").map(String::as_str), Some("1"));
    assert!(site.ssh.config.as_ref().is_some_and(|path| path.starts_with("~")));
    let machines = site.machines();
    let names: Vec<&str> = machines.iter().map(|machine| machine.name.as_str()).collect();
    assert_eq!(names, ["ctl1", "ctl2", "login1", "cn1", "cn2"]);
    assert!([Role::Arbiter, Role::Login].iter().all(|role| machines[2].roles.contains(role)));
}

#[test]
fn the_production_example_is_spotless() {
    let site = spotless(PRODUCTION);
    assert_eq!(site.compute_nodes().count(), 138);
    assert_eq!(site.node_groups[0].nodes[127].name.as_str(), "cn128");
    assert_eq!(site.node_groups[0].nodes[127].address.to_string(), "10.20.1.128");
    assert_eq!(site.partitions.iter().filter(|partition| partition.default).count(), 1);
    assert_eq!(site.slurm_extra.len(), 5);
}

#[test]
fn the_monitoring_is_what_the_file_says() {
    let lab = spotless(LAB);
    let watching: Vec<String> = lab
        .machines()
        .into_iter()
        .filter(|machine| machine.roles.contains(&Role::Monitoring))
        .map(|machine| machine.name.0)
        .collect();
    assert_eq!(watching, ["login1"]);
    assert_eq!(lab.given_secrets().len(), 2, "the BMCs' alone");

    let site = spotless(PRODUCTION);
    let monitoring = site.monitoring.as_ref().expect("monitoring");
    assert_eq!(monitoring.hosts.len(), 2);
    assert_eq!(monitoring.retention, "90d");
    assert_eq!(monitoring.interval, Duration::from_secs(15));
    assert!(!monitoring.webhooks[0].heartbeat && monitoring.webhooks[1].heartbeat);
    let secrets: Vec<String> = monitoring.secrets().iter().map(ToString::to_string).collect();
    assert_eq!(secrets, ["mail-password", "webhook-url-chat", "webhook-url-deadman"]);
    let grafana = monitoring.grafana.as_ref().expect("grafana");
    assert_eq!((grafana.repository.url.as_str(), grafana.port), ("https://apt.grafana.com", 3000));
    let others = "the BMCs', these, the console's, the directory's and Open OnDemand's";
    assert_eq!(site.given_secrets().len(), 16, "{others}");
}

#[test]
fn people_are_who_the_file_says() {
    let site = spotless(PRODUCTION);
    let people = &site.people;
    let guest = &people.users[0];
    assert_eq!((guest.uid, guest.gid), (20_001, 20_001), "a group of their own");
    assert_eq!(people.primary_group(guest), "guest1");
    assert_eq!(guest.home(&people.homes), std::path::Path::new("/shared/home/guest1"));
    assert_eq!(guest.shell, std::path::Path::new("/bin/bash"));
    assert_eq!((site.limits.memory_percent, site.limits.cpus), (30, Some(8)));
    assert_eq!(site.limits.tasks, 4096, "the default");

    let lab = spotless(LAB);
    let anna = &lab.people.users[0];
    assert_eq!((anna.uid, anna.ssh_keys.len()), (20_001, 0), "she comes by the portal");
    let homes = lab.people.homes.nfs.as_ref().map(|nfs| nfs.export.as_str());
    assert_eq!(homes, Some("10.77.0.31:/srv/home"));
    assert_eq!(anna.home(&lab.people.homes), std::path::Path::new("/home/anna"), "the default");
    assert_eq!((lab.limits.memory_percent, lab.limits.cpus), (50, None));
}

#[test]
fn the_console_is_what_the_file_says() {
    let site = spotless(PRODUCTION);
    let console = site.console.as_ref().expect("a console");
    assert_eq!((console.port, console.user.as_str()), (9818, "admin"));
    assert!(console.certificate.is_some());
    let secrets: Vec<String> = console.secrets().iter().map(ToString::to_string).collect();
    assert_eq!(secrets, ["console-password", "console-certificate", "console-key"]);
    let other = PRODUCTION.replace("[console]\n", "[console]\nport = 9443\nuser = \"wall\"\n");
    let console = spotless(&other).console.expect("a console");
    assert_eq!((console.port, console.user.as_str()), (9443, "wall"));
}

#[test]
fn what_the_console_may_do_is_what_the_file_says() {
    assert_eq!(spotless(PRODUCTION).console.expect("a console").actions, None);
    let act = "[console]\nactions = [\"standby\"]\nactions_password_file = \"~/act\"\n";
    let site = spotless(&PRODUCTION.replace("[console]\n", act));
    let console = site.console.as_ref().expect("a console");
    let actions = console.actions.as_ref().expect("actions");
    assert_eq!(actions.allowed, [slurmha_core::site::ActionKind::Standby].into());
    assert_eq!(console.secrets().len(), 3, "the actions' password is not everywhere");
    let without = spotless(PRODUCTION).given_secrets().len();
    assert_eq!(site.given_secrets().len(), without + 1);
    for (line, why) in [
        ("actions = [\"switchover\"]", "actions need `actions_password_file`"),
        ("actions_password_file = \"~/act\"", "is of no use without `actions`"),
        ("actions = []\nactions_password_file = \"~/act\"", "is of no use without `actions`"),
        (
            "actions = [\"drill\"]\nactions_password_file = \"~/act\"",
            "is nothing that the console can do",
        ),
    ] {
        let text = PRODUCTION.replace("[console]\n", &format!("[console]\n{line}\n"));
        let told = slurmha_core::site::parse("site.toml", &text).expect_err(why);
        assert!(format!("{told:?}").contains(why), "{told:?}");
    }
}

/// Both listen on the monitoring hosts.
#[test]
fn the_console_and_grafana_have_ports_of_their_own() {
    let ports = |console: &str, grafana: &str| {
        PRODUCTION
            .replace("[console]\n", &format!("[console]\n{console}\n"))
            .replace("[monitoring.grafana]\n", &format!("[monitoring.grafana]\n{grafana}\n"))
    };
    for (console, grafana) in
        [("port = 3000", ""), ("", "port = 9818"), ("port = 4000", "port = 4000")]
    {
        assert_eq!(codes(&ports(console, grafana)), ["console-port"], "{console} {grafana}");
    }
    spotless(&ports("port = 3000", "port = 9818"));
    let unread = codes(&ports("port = 3000", "port = \"many\""));
    assert_eq!(unread, ["wrong-type"], "Grafana's default is not meant");
}

#[test]
fn the_portal_is_what_the_file_says() {
    let site = spotless(PRODUCTION);
    let portal = site.portal.as_ref().expect("a portal");
    assert_eq!(portal.hosts, ["login1".into(), "login2".into()]);
    assert_eq!((portal.port, &portal.certificate), (8443, &None));
    let other = PRODUCTION.replace(
        "[portal]\n",
        "[portal]\nport = 8444\ncertificate_file = \"a.pem\"\nkey_file = \"a.key\"\n",
    );
    let portal = spotless(&other).portal.expect("a portal");
    assert_eq!(portal.port, 8444);
    let secrets: Vec<String> =
        portal.given_secrets().iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(secrets, ["portal-certificate", "portal-key"]);
}

#[test]
fn defaults_are_filled_in() {
    let text = PRODUCTION.replace("[timing]\ntoken_ms = 1000\n", "").replace("[ssh]\nuser", "#");
    let site = spotless(&text);
    assert_eq!(site.ssh.user, "root");
    assert_eq!(site.timing.token, Duration::from_millis(1000));
    assert_eq!(site.timing.consensus, Duration::from_millis(1200));
    assert_eq!(site.timing.qdevice_timeout, Duration::from_millis(1500));
    assert_eq!(site.timing.qdevice_sync_timeout, Duration::from_millis(4000));
}

#[test]
fn a_short_consensus_is_fine_where_corosync_allows_it() {
    let timed = |keys: &str| PRODUCTION.replace("token_ms = 1000\n", keys);
    spotless(&timed("token_ms = 2000\nconsensus_ms = 600\n"));
    // Together they must still leave qnetd the time that it needs at least.
    let short = timed("token_ms = 1000\nconsensus_ms = 300\n");
    assert_eq!(codes(&short), ["invalid-consensus"]);
    spotless(&timed("token_ms = 1000\nconsensus_ms = 501\n"));
    assert_eq!(codes(&timed("consensus_ms = 500\n")), ["invalid-consensus"]);
}

#[test]
fn dangers_can_be_accepted_by_name() {
    let start = PRODUCTION.find("[arbiter]").expect("an arbiter");
    let end = PRODUCTION[start..].find("[[login]]").expect("a login node") + start;
    let text = format!("{}{}", &PRODUCTION[..start], &PRODUCTION[end..]);
    assert_eq!(codes(&text), ["missing-arbiter"]);
    let text = text.replace("[cluster]\n", "[cluster]\naccept = [\"no-arbiter\"]\n");
    let site = spotless(&text);
    assert!(site.arbiter.is_none() && site.accept.contains(&Accept::NoArbiter));
}

#[test]
fn one_power_switch_serves_both_controllers_with_two_outlets() {
    let switch = |text: &str, old: &str, plug: &str| {
        let at = text.find(old).expect("the fence address");
        let rest = text[at..].replacen("lanplus = \"1\"", &format!("plug = {plug}"), 1);
        format!("{}{}", &text[..at], rest.replacen(old, "10.22.0.9", 1))
    };
    let text = switch(PRODUCTION, "10.22.0.11", "1");
    spotless(&switch(&text, "10.22.0.12", "2"));
    assert_eq!(codes(&switch(&text, "10.22.0.12", "1")), ["shared-fence-device"]);
}

#[test]
fn a_machine_has_one_spelling_wherever_it_is_named() {
    for place in [
        "[[login]]\nname = ",
        "[[monitoring.host]]\nname = ",
        "[[vpn.gateway]]\nname = ",
        "[portal]\nhosts = [",
        "[ondemand]\nhosts = [",
    ] {
        let (first, other) = (format!("{place}\"login1\""), format!("{place}\"Login1\""));
        assert!(PRODUCTION.contains(&first), "{place}");
        let text = PRODUCTION.replacen(&first, &other, 1);
        assert_eq!(codes(&text), ["two-spellings"], "{place}");
        let told = site::parse("site.toml", &text).expect_err(place).remove(0);
        assert!(told.help.starts_with("write login1 here, too"), "{told:?}");
        assert_eq!(&text[told.span], "\"Login1\"", "{place}");
        assert_eq!(&text[told.related[0].span.clone()], "\"login1\"", "{place}");
    }
}

#[test]
fn a_cable_needs_two_addresses_and_the_other_networks_more() {
    let cable = |width: &str| {
        PRODUCTION
            .replace("10.21.0.0/24", &format!("10.21.0.0/{width}"))
            .replace("10.21.0.11", "10.21.0.1")
            .replace("10.21.0.12", "10.21.0.2")
    };
    assert_eq!(spotless(&cable("30")).networks.replication.prefix_len(), 30);
    assert_eq!(codes(&cable("31")), ["invalid-network"]);
    assert_eq!(codes(&cable("32")), ["invalid-network"]);
    let vpn = |width: &str| PRODUCTION.replace("10.99.0.0/24", &format!("10.99.0.0/{width}"));
    spotless(&vpn("29"));
    assert_eq!(codes(&vpn("30")), ["invalid-network"]);
    let cluster = codes(&PRODUCTION.replace("10.20.0.0/22", "10.20.0.0/30"));
    assert!(cluster.contains(&"invalid-network"), "{cluster:?}");
}

#[test]
fn a_misspelt_or_mistyped_table_is_reported_once() {
    assert_eq!(codes(&PRODUCTION.replace("[arbiter]", "[arbitre]")), ["unknown-key"]);
    // [controller.fence] then stands there twice, which is no TOML.
    let found = codes(&PRODUCTION.replace("[[controller]]", "[[controllers]]"));
    assert_eq!(found, ["unknown-key", "toml-syntax"]);
    assert_eq!(codes(&PRODUCTION.replace("[[nodes]]", "[[node]]")), ["unknown-key"]);
    assert_eq!(codes(&PRODUCTION.replace("[arbiter]", "[[arbiter]]")), ["wrong-type"]);
}

#[test]
fn all_mistakes_of_all_families_come_in_one_run() {
    let text = PRODUCTION
        .replace("vip = \"10.20.0.10\"", "vip = \"10.30.0.10\"")
        .replace("token_ms = 1000", "token_ms = 10")
        .replace("user = \"admin\"", "usr = \"admin\"")
        .replace("cpus = 96", "cpus = 0")
        .replace("\"3-00:00:00\"", "\"three days\"");
    let found = codes(&text);
    let expected = [
        "vip-outside-network",
        "token-out-of-range",
        "unknown-key",
        "number-out-of-range",
        "invalid-time-limit",
    ];
    assert_eq!(found, expected);
}

#[test]
fn init_writes_a_spotless_file_by_default() {
    let answers = InitAnswers::default();
    let text = site::init(&answers);
    let site = spotless(&text);
    assert_eq!(site.cluster_name, answers.cluster_name);
    assert_eq!(site.machines().len(), 19);
    let fence = site.controllers[1].fence.as_ref().expect("a fence device");
    assert_eq!(fence.address, "10.77.2.12");
    assert_eq!(fence.options.len(), 2);
}

#[test]
fn init_without_answers_leaves_examples_in_comments() {
    let mut answers = InitAnswers { arbiter: None, logins: Vec::new(), ..InitAnswers::default() };
    answers.controllers.iter_mut().for_each(|controller| controller.fence = None);
    assert_eq!(codes(&site::init(&answers)), ["missing-arbiter", "missing-fence", "missing-fence"]);
    answers.accept = Accept::ALL.to_vec();
    answers.token_ms = Some(2000);
    let site = spotless(&site::init(&answers));
    assert_eq!(site.timing.token, Duration::from_millis(2000));
}

#[test]
fn init_cannot_be_tricked_into_another_table() {
    let named = |name: &str| {
        let answers = InitAnswers { cluster_name: name.to_owned(), ..InitAnswers::default() };
        codes(&site::init(&answers))
    };
    assert_eq!(named("a\"\n[ssh]\nuser = \"x\\"), ["control-character"]);
    assert_eq!(named("a\"b"), ["invalid-cluster-name"]);
}
