// SPDX-License-Identifier: Apache-2.0
//! Open OnDemand: every file for each way to sign in, in its order; and what the portal's own
//! generator, Apache and Ruby say about them.

mod ondemand {
    pub mod generator;
    pub mod standins;
}

use ondemand::generator::Generator;
use ondemand::standins::StandIns;
use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{MachineWants, Want, desired};
use slurmha_core::layout::{ONDEMAND_PORTAL_FILE, ONDEMAND_UNIT};
use slurmha_core::plan::Stage;
use slurmha_core::secret::SecretId;
use slurmha_core::site;

const PLAIN: &str = include_str!("site/plain.toml");
const TABLE: &str = include_str!("ondemand/table.toml");

/// How people sign in, and what the table says of it.
const KINDS: [(&str, &str); 3] = [
    ("pam", "certificate_file = \"~/ood.pem\"\nkey_file = \"~/ood.key\"\n"),
    ("oidc", include_str!("ondemand/oidc.toml")),
    ("dex", include_str!("ondemand/dex.toml")),
];

fn text(rest: &str) -> String {
    format!("{PLAIN}{TABLE}{rest}")
}

fn host(rest: &str) -> MachineWants {
    machine(rest, "login1")
}

fn machine(rest: &str, name: &str) -> MachineWants {
    let text = text(rest);
    let site = site::parse("site.toml", &text).unwrap_or_else(|mistakes| {
        panic!("{}", site::render("site.toml", &text, &mistakes));
    });
    let machines = desired(&site.0, &text);
    machines.into_iter().find(|it| it.machine.name.as_str() == name).expect("it")
}

fn files(machine: &MachineWants) -> Vec<ConfigFile> {
    let mine = ["ondemand", "/etc/ood", "/etc/apache2", "apache2.service", "slurmha-node"];
    let files = machine.wants.iter().filter_map(|(_, want)| match want {
        Want::File(file) => Some(file.clone()),
        _ => None,
    });
    files.filter(|file| mine.iter().any(|it| file.path.to_string_lossy().contains(it))).collect()
}

fn file(rest: &str, name: &str) -> ConfigFile {
    let files = files(&host(rest));
    files.into_iter().find(|file| file.path.to_string_lossy().ends_with(name)).expect(name)
}

#[test]
fn every_file_for_each_way_to_sign_in() {
    for (kind, rest) in KINDS {
        for file in files(&host(rest)) {
            let name = format!("{kind}{}", file.path.display()).replace('/', "-");
            let (path, access) = (file.path.display(), &file.access);
            insta::assert_snapshot!(
                name,
                format!(
                    "{path} {}:{} {:04o}\n\n{}",
                    access.owner, access.group, access.mode, file.text
                )
            );
        }
    }
}

/// The key, where apt looks, the package, its files, the portal's own after all that it is
/// tried with, and then it is served; all of it after the cluster.
#[test]
fn it_comes_last_and_in_its_order() {
    let wants = host(KINDS[1].1).wants;
    let index = |found: &dyn Fn(&Want) -> bool| {
        let (index, (stage, _)) =
            wants.iter().enumerate().find(|(_, (_, want))| found(want)).expect("it is wanted");
        (*stage, index)
    };
    let file = |end: &'static str| move |want: &Want| matches!(want, Want::File(it) if it.path.to_string_lossy().ends_with(end));
    let order = [
        index(&|want| *want == Want::Secret(SecretId::OndemandRepositoryKey)),
        index(&file("slurmha-ondemand.sources")),
        index(&file("slurmha-node.sources")),
        index(
            &|want| matches!(want, Want::Packages(names) if names.contains(&"ondemand".to_owned())),
        ),
        index(&file("/usr/local/lib/slurmha/ondemand")),
        index(&file(ONDEMAND_PORTAL_FILE)),
        index(&|want| matches!(want, Want::Running { unit, .. } if unit == ONDEMAND_UNIT)),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(order[1..].iter().all(|(stage, _)| *stage == Stage::Nodes), "{order:?}");
}

/// Packages of a stage are installed in one go: every repository has to be there before.
#[test]
fn grafana_on_the_same_host_finds_its_repository() {
    let grafana = "[monitoring.grafana]\nkey_file = \"~/g\"\nadmin_password_file = \"~/p\"\n";
    let wants = host(&format!("{}{grafana}", KINDS[0].1)).wants;
    let installed = wants
        .iter()
        .position(|(stage, want)| matches!(want, Want::Packages(_)) && *stage == Stage::Nodes);
    let last = wants.iter().rposition(|(_, want)| {
        matches!(want, Want::File(file) if file.path.extension().is_some_and(|it| it == "sources"))
    });
    assert!(last.expect("sources") < installed.expect("packages"));
}

/// What all hosts share is kept by a controller, as every secret that slurmha makes.
#[test]
fn a_controller_keeps_the_passphrase_and_nothing_else() {
    let has = |rest: &str, id: SecretId| {
        machine(rest, "ctl1").wants.iter().any(|(_, want)| *want == Want::Secret(id.clone()))
    };
    assert!(!has(KINDS[0].1, SecretId::OndemandPassphrase), "PAM needs none");
    assert!(has(KINDS[1].1, SecretId::OndemandPassphrase));
    assert!(!has(KINDS[1].1, SecretId::OndemandClientSecret));
    assert!(files(&machine(KINDS[1].1, "ctl1")).is_empty());
}

#[test]
fn it_is_stopped_where_it_was_taken_away() {
    let machines = desired(&site::parse("site.toml", PLAIN).expect("valid").0, PLAIN);
    let stopped = Want::NotRunning { unit: ONDEMAND_UNIT.to_owned() };
    let names: Vec<&str> = machines
        .iter()
        .filter(|it| it.wants.iter().any(|(_, want)| *want == stopped))
        .map(|it| it.machine.name.as_str())
        .collect();
    assert_eq!(names, ["ctl1", "ctl2", "login1", "cn1", "cn2"], "any may have had it");
}

/// One VPN lets people reach it, and nothing else on its host.
#[test]
fn the_vpn_lets_people_reach_it() {
    let vpn = "[vpn]\nnetwork = \"10.99.0.0/24\"\n[[vpn.gateway]]\nname = \"gw1\"\n\
               address = \"10.77.0.40\"\nendpoint = \"vpn.example.edu\"\n";
    let wants = machine(&format!("{}{vpn}", KINDS[0].1), "gw1");
    let rules = wants.wants.iter().find_map(|(_, want)| match want {
        Want::File(file) if file.path.ends_with("vpn.nft") => Some(file.text.clone()),
        _ => None,
    });
    let line = "ip saddr 10.99.0.0/24 ip daddr { 10.77.0.31 } tcp dport 443 accept";
    assert!(rules.expect("rules").contains(line));
}

/// A host that serves a certificate.
fn serving() -> StandIns {
    let host = StandIns::new(&file(KINDS[0].1, "slurmha/ondemand").text);
    host.place("first", "first");
    assert_eq!(host.check(), Ok(()), "a host that has never served anything");
    assert_eq!(host.run(&["serve"]), Ok(()));
    assert_eq!(host.served(), ["first", "first"]);
    host
}

/// Apache would read it when its log is rotated, and end.
#[test]
fn a_wrong_key_does_not_come_to_where_apache_reads_it() {
    let host = serving();
    let before = host.read("log");
    host.place("second", "another");
    for said in [host.check(), host.run(&["serve"])] {
        let said = said.expect_err("refused");
        assert!(said.starts_with("key_file of [ondemand] is not the key of"), "{said}");
    }
    assert_eq!(host.served(), ["first", "first"]);
    assert_eq!(host.read("log"), before, "Apache is left alone");
    host.place("second", "second");
    assert_eq!(host.check(), Ok(()));
    assert_eq!(host.served(), ["first", "first"], "it is tried, and not served yet");
    assert_eq!(host.run(&["serve"]), Ok(()));
    assert_eq!(host.served(), ["second", "second"]);
}

#[test]
fn the_certificate_that_answered_is_put_back() {
    let host = serving();
    host.place("second", "second");
    host.answer("500");
    let said = host.run(&["serve"]).expect_err("no right answer");
    assert!(said.contains("; what answered before is served again"), "{said}");
    assert_eq!(host.served(), ["first", "first"]);
    assert!(host.read("log").ends_with("restart apache2.service\n"));
}

#[test]
fn the_generator_and_apache_accept_what_is_generated() {
    let Some(generator) = Generator::find() else { return };
    for (kind, rest) in KINDS {
        let [portal, listen, server] = ["ood_portal.yml", "ports.conf", "slurmha-ondemand.conf"]
            .map(|name| file(rest, name).text);
        let site = generator.site(&portal, kind == "dex");
        let mut wanted = vec!["ServerName portal.example.edu", "SSLEngine On"];
        wanted.extend(match kind {
            "pam" => ["AuthExternal pwauth", "SSLCertificateKeyFile"],
            "oidc" => ["AuthType openid-connect", "OIDCRemoteUserClaim email"],
            _ => ["ProxyPass /dex http://localhost:5556/dex", "OIDCClientID portal.example.edu"],
        });
        for line in wanted {
            assert!(site.contains(line), "{kind}: no {line} in\n{site}");
        }
        // Where each of its parts asks who somebody is: no page is there for everybody.
        let parts = site.matches("<Location").count();
        let asked = site.matches("Require valid-user").count();
        assert_eq!(parts, asked, "{kind}:\n{site}");
        generator.apache(kind, &site, &listen, &server);
    }
}

/// The announcement as the dashboard reads it: nothing to say, until the mark is there and young.
#[test]
fn the_dashboard_tells_what_the_mark_says() {
    let Some(generator) = Generator::find() else { return };
    let text = file(KINDS[0].1, "announcements.d/slurmha.yml").text;
    let directory = tempfile::tempdir().expect("a directory");
    let mark = directory.path().join("away");
    let text = text.replace("/run/slurmha-notice/scheduler-away", &mark.to_string_lossy());
    assert_eq!(generator.announcement(&text), "");
    std::fs::write(&mark, "x").expect("written");
    let said = generator.announcement(&text);
    assert!(said.starts_with("The scheduler does not answer;"), "{said}");
    let opened = std::fs::File::options().write(true).open(&mark).expect("opened");
    opened.set_modified(std::time::UNIX_EPOCH).expect("made old");
    assert_eq!(generator.announcement(&text), "", "whoever made it is gone");
}
