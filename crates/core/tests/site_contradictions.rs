// SPDX-License-Identifier: Apache-2.0
//! Values that do not go together, in the cases that the one bad file of each rule
//! (`site_rules.rs`) leaves out.

use slurmha_core::site::{self, Diagnostic};

const PRODUCTION: &str = include_str!("../../../examples/site.toml");

/// What is said about a file, errors or warnings.
fn told(text: &str) -> Vec<Diagnostic> {
    match site::parse("site.toml", text) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    }
}

fn codes(text: &str) -> Vec<&'static str> {
    told(text).into_iter().map(|diagnostic| diagnostic.code).collect()
}

/// The example with other lines; what is replaced has to be there.
fn changed(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replace(old, new)
}

#[test]
fn numbers_that_are_too_large_are_refused_and_nothing_else_happens() {
    let huge = i64::MAX;
    for (line, code) in [
        (format!("token_ms = {huge}"), "token-out-of-range"),
        (format!("consensus_ms = {huge}"), "invalid-consensus"),
        (format!("qdevice_timeout_ms = {huge}"), "qdevice-timeout-too-long"),
    ] {
        let text = changed(PRODUCTION, "token_ms = 1000", &line);
        assert_eq!(codes(&text), [code], "{line}");
    }
    let text = format!("token_ms = 1000\nqdevice_sync_timeout_ms = {huge}");
    assert_eq!(codes(&changed(PRODUCTION, "token_ms = 1000", &text)), [""; 0]);
}

#[test]
fn a_consensus_that_is_too_long_is_told_how_long_it_may_be() {
    let with = |ms: &str| changed(PRODUCTION, "token_ms = 1000", &format!("consensus_ms = {ms}"));
    assert_eq!(codes(&with("10000")), [""; 0]);
    let told = told(&with("10001"));
    assert_eq!(told[0].code, "invalid-consensus");
    assert!(told[0].message.contains("1200 (1.2 x 1000) to 10000 (10 x 1000)"), "{told:?}");
}

#[test]
fn a_device_that_switches_nothing_off_is_no_fence() {
    let accept = "[cluster]\naccept = [\"data-loss-without-fencing\"]\n";
    let accepting = changed(PRODUCTION, "[cluster]\n", accept);
    let devices = |agents: &str| changed(&accepting, "\"fence_ipmilan\"", agents);
    let fenced = |text: &str| site::parse("site.toml", text).expect("a site").0.is_fenced();

    assert_eq!(codes(&accepting), ["needless-accept"]);
    assert!(fenced(&accepting), "accepted, and there all the same");
    for agent in ["\"fence_dummy\"", "\"fence_manual\""] {
        assert_eq!(codes(&devices(agent)), [""; 0], "it cannot be left out");
        assert!(!fenced(&devices(agent)));
    }
    let one = accepting.replacen("\"fence_ipmilan\"", "\"fence_dummy\"", 1);
    assert_eq!(codes(&one), [""; 0]);
    assert!(!fenced(&one), "one side is not proven to be dead");
    let refused = changed(PRODUCTION, "\"fence_ipmilan\"", "\"fence_dummy\"");
    assert_eq!(codes(&refused), ["fence-without-proof"; 2]);
}

#[test]
fn urls_of_open_ondemand_are_told_what_they_should_be() {
    let acme = |url: &str| {
        let files = "certificate_file = \"~/.config/slurmha/saturn_portal.pem\"\n\
                     key_file = \"~/.config/slurmha/saturn_portal.key\"\n";
        let table =
            format!("\n[ondemand.acme]\ncontact = \"hpc@example.edu\"\ndirectory = \"{url}\"\n");
        changed(PRODUCTION, files, &table)
    };
    assert_eq!(codes(&acme("https://ca.example.edu:14000/dir")), [""; 0]);
    for url in ["http://ca.example.edu/dir", "https://a:b@ca.example.edu/dir", "ca.example.edu"] {
        let told = told(&acme(url));
        assert_eq!(told[0].message, "this is not the URL of an authority's directory", "{url}");
        assert!(told.len() == 1 && told[0].code == "invalid-url", "{told:?}");
    }
    let issuer = "https://login.example.edu/realms/hpc";
    let told = told(&changed(PRODUCTION, issuer, "login.example.edu"));
    assert_eq!(told[0].message, "this is not the URL of a provider of identities");
    assert_eq!(codes(&changed(PRODUCTION, "https://login", "http://login")), ["ondemand-issuer"]);
}

#[test]
fn browsers_know_open_ondemand_by_a_name() {
    for address in ["10.20.0.21", "::1", "::ffff:10.20.0.21", "portal"] {
        let text = changed(
            PRODUCTION,
            "servername = \"portal.example.edu\"",
            &format!("servername = \"{address}\""),
        );
        assert_eq!(codes(&text), ["ondemand-servername"], "{address}");
    }
}

#[test]
fn a_port_that_cannot_be_read_is_not_taken_for_the_default() {
    let at = |port: &str| {
        let text = changed(PRODUCTION, "[portal]\n", &format!("[portal]\n{port}\n"));
        changed(&text, "[monitoring.grafana]\n", "[monitoring.grafana]\nport = 8443\n")
    };
    assert_eq!(codes(&at("port = \"many\"")), ["wrong-type"]);
    assert_eq!(codes(&at("")), ["portal-port"]);
}

#[test]
fn nobody_gets_the_ports_of_dex_where_it_runs() {
    let start = PRODUCTION.find("[ondemand.oidc]").expect("a provider");
    let end = PRODUCTION.find("# Compute nodes, one table").expect("what follows");
    let dex =
        "[ondemand.dex]\nldap = \"ldap.example.edu:636\"\nbase_dn = \"dc=example,dc=edu\"\n\n";
    let with_dex = format!("{}{dex}{}", &PRODUCTION[..start], &PRODUCTION[end..]);
    assert_eq!(codes(&with_dex), [""; 0]);
    for (table, code) in [
        ("[ondemand]\n", "ondemand-port"),
        ("[portal]\n", "portal-port"),
        ("[console]\n", "console-port"),
        ("[monitoring.grafana]\n", "grafana-port"),
    ] {
        for port in [5556, 5558] {
            let line = format!("{table}port = {port}\n");
            assert_eq!(codes(&changed(&with_dex, table, &line)), [code], "{port}");
            assert_eq!(codes(&changed(PRODUCTION, table, &line)), [""; 0], "there is no Dex");
        }
    }
}

#[test]
fn homes_hide_no_directory_above_the_administrators_keys() {
    let at = |mount: &str| changed(PRODUCTION, "mount = \"/shared/home\"", mount);
    for hidden in
        ["", "mount = \"/home\"", "mount = \"/home/admin\"", "mount = \"/home/admin/.ssh\""]
    {
        assert_eq!(codes(&at(hidden)), ["homes-hide-administrator"], "{hidden}");
    }
    for fine in ["mount = \"/home/adm\"", "mount = \"/home/users\"", "mount = \"/home/admin/nfs\""]
    {
        assert_eq!(codes(&at(fine)), [""; 0], "{fine}");
    }
    assert_eq!(codes(&at("mount = 1")), ["wrong-type"], "the default is not meant");
}

#[test]
fn nobody_is_called_as_what_the_machines_have_already() {
    let own = [
        slurmha_core::layout::PORTAL_USER,
        slurmha_core::layout::USERS_GROUP,
        slurmha_core::layout::ACTIONS_GROUP,
    ];
    let of_debian =
        ["root", "www-data", "users", "video", "_chrony", "systemd-network", "ondemand-dex"];
    for taken in own.into_iter().chain(of_debian) {
        let user = changed(PRODUCTION, "\"guest1\"", &format!("\"{taken}\""));
        assert_eq!(codes(&user), ["reserved-name"], "{taken}");
        let group = changed(PRODUCTION, "\"physics\"", &format!("\"{taken}\""));
        assert_eq!(codes(&group), ["reserved-name"], "{taken}");
    }
}

/// Slurm would take both pairs.
#[test]
fn a_line_for_slurm_conf_has_one_key() {
    let lines = |lines: &str| {
        let last = "    \"PriorityWeightAge=1000\",\n";
        changed(PRODUCTION, last, &format!("    {lines},\n"))
    };
    for (several, count) in [
        ("\"DebugFlags=Backfill SlurmdTimeout=20\"", 1),
        ("\"Epilog=/a SlurmdTimeout=20\", \"Prolog=/b SlurmdTimeout=30\"", 2),
    ] {
        assert_eq!(codes(&lines(several)), vec!["invalid-extra"; count], "{several}");
    }
    for fine in [
        "\"MailProg=\\\"/usr/bin/mail -r slurm\\\"\"",
        "\"NodeSet=a Nodes=cn[001-064]\", \"NodeSet=b Feature=ib\"",
        "\"DownNodes=cn001 State=DOWN Reason=\\\"broken fan\\\"\"",
    ] {
        assert_eq!(codes(&lines(fine)), [""; 0], "{fine}");
    }
}

#[test]
fn the_vpn_listens_beside_one_alertmanager_and_not_beside_two() {
    let port = changed(PRODUCTION, "[vpn]\n", "[vpn]\nport = 9094\n");
    assert_eq!(codes(&port), ["vpn-port"]);
    let second = "[[monitoring.host]]\nname = \"login2\"\naddress = \"10.20.0.22\"\n";
    assert_eq!(codes(&changed(&port, second, "")), [""; 0], "one has nobody to tell");
    let mut elsewhere = port;
    for (host, other, address) in [("login1", "watch1", "31"), ("login2", "watch2", "32")] {
        let watch = |name: &str, at: &str| {
            format!("[[monitoring.host]]\nname = \"{name}\"\naddress = \"10.20.0.{at}\"")
        };
        let at = if host == "login1" { "21" } else { "22" };
        elsewhere = changed(&elsewhere, &watch(host, at), &watch(other, address));
    }
    assert_eq!(codes(&elsewhere), [""; 0], "no gateway watches");
}

#[test]
fn a_gateway_is_dialled_at_no_address_inside() {
    for (address, why) in [("10.20.3.9", "through itself"), ("10.21.0.9", "from outside")] {
        let told = told(&changed(PRODUCTION, "vpn1.example.edu", address));
        assert_eq!(told[0].code, "vpn-endpoint", "{address}");
        assert!(told.len() == 1 && told[0].message.ends_with(why), "{told:?}");
    }
    assert_eq!(codes(&changed(PRODUCTION, "vpn1.example.edu", "192.0.2.1")), [""; 0]);
}
