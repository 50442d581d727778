// SPDX-License-Identifier: Apache-2.0
//! Every generated file of the lab's site, as it reaches the machines.

use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{MachineWants, Want, desired};
use slurmha_core::layout::{
    ACTIONS_SOCKET_UNIT, CONSOLE_UNIT, CONSOLE_UNIT_FILE, EXPORTER_UNIT,
    PORTAL_SESSION_SOCKET_UNIT, PORTAL_TERMINAL_SOCKET_FILE, PORTAL_TERMINAL_SOCKET_UNIT,
    PORTAL_TERMINAL_UNIT_FILE, PORTAL_UNIT, PORTAL_UNIT_FILE, SITE_FILE,
};
use slurmha_core::plan::Stage;
use slurmha_core::secret::SecretId;
use slurmha_core::site::{self, Site};

const SITE: &str = include_str!("site/plain.toml");

fn site() -> Site {
    site::parse("site.toml", SITE).expect("the lab's site file is valid").0
}

fn files() -> Vec<(String, ConfigFile)> {
    let mut files = Vec::new();
    for machine in desired(&site(), SITE) {
        for (_, want) in machine.wants {
            if let Want::File(file) = want {
                files.push((machine.machine.name.to_string(), file));
            }
        }
    }
    files
}

fn rendered(file: &ConfigFile) -> String {
    format!(
        "{} {}:{} {:04o}\n\n{}",
        file.path.display(),
        file.access.owner,
        file.access.group,
        file.access.mode,
        file.text
    )
}

#[test]
fn every_file_of_a_controller_a_login_and_a_compute_node() {
    for (machine, file) in files() {
        if ["ctl1", "login1", "cn1"].contains(&machine.as_str())
            && !file.path.ends_with("site.toml")
        {
            let name = format!("{machine}{}", file.path.display()).replace('/', "-");
            insta::assert_snapshot!(name, rendered(&file));
        }
    }
}

#[test]
fn controllers_have_the_same_slurm_drbd_and_corosync_files() {
    let of = |name: &str| -> Vec<ConfigFile> {
        let shared = ["/etc/slurm", "/etc/drbd.d", "/etc/corosync"];
        let is_shared = |file: &ConfigFile| shared.iter().any(|dir| file.path.starts_with(dir));
        files().into_iter().filter(|(m, f)| m == name && is_shared(f)).map(|(_, f)| f).collect()
    };
    assert_eq!(of("ctl1"), of("ctl2"));
    assert_eq!(of("ctl1").len(), 6);
}

#[test]
fn the_service_that_says_whether_a_job_is_saved() {
    let file = slurmha_core::render::units::durable(site().vip);
    insta::assert_snapshot!(rendered(&file));
}

#[test]
fn the_service_that_answers_prometheus() {
    let file = slurmha_core::render::units::exporter(site().controllers[0].address);
    insta::assert_snapshot!(rendered(&file));
}

/// A site that does not use it has nothing of it, and one that does differs in
/// nothing else.
#[test]
fn durable_submit_adds_two_lines_to_slurm_conf() {
    let with = format!("{SITE}\n[slurm]\ndurable_submit = \"on-request\"\n");
    let slurm_conf = |text: &str| {
        let site = site::parse("site.toml", text).expect("a valid site file").0;
        let files = slurmha_core::render::slurm::render(&site);
        files.into_iter().find(|file| file.path.ends_with("slurm.conf")).expect("it").text
    };
    let (without, with) = (slurm_conf(SITE), slurm_conf(&with));
    let added: Vec<&str> = with.lines().filter(|l| !without.lines().any(|k| k == *l)).collect();
    assert_eq!(added.len(), 2);
    assert!(added[0].starts_with("# cli_filter.lua "));
    assert_eq!(added[1], "CliFilterPlugins=cli_filter/lua");
    assert!(without.lines().all(|line| with.contains(line)));
    assert!(!files().iter().any(|(_, file)| file.path.to_string_lossy().contains("cli_filter")));
}

const WITH_GRAFANA: &str = include_str!("../../../examples/site.toml");

/// Everything about Grafana on the second of two hosts, in its order.
fn wants_of_grafana() -> Vec<(Stage, Want)> {
    let site = site::parse("site.toml", WITH_GRAFANA).expect("the example is valid").0;
    let host = desired(&site, WITH_GRAFANA).into_iter().find(|it| it.machine.name.0 == "login2");
    let about = |want: &Want| match want {
        Want::File(file) => file.path.to_string_lossy().contains("grafana"),
        other => format!("{other:?}").to_lowercase().contains("grafana"),
    };
    host.expect("it").wants.into_iter().filter(|(_, want)| about(want)).collect()
}

#[test]
fn every_file_of_grafana() {
    for (_, want) in wants_of_grafana() {
        if let Want::File(file) = want
            && file.path.extension().is_none_or(|extension| extension != "json")
        {
            let name = format!("grafana{}", file.path.display()).replace('/', "-");
            insta::assert_snapshot!(name, rendered(&file));
        }
    }
}

/// Both ask every target, and tell both Alertmanagers, which tell each other what they have
/// told.
#[test]
fn two_monitoring_hosts_watch_the_same_and_tell_it_once() {
    let of = |host: &str| -> Vec<ConfigFile> {
        let machines = wanted(WITH_GRAFANA).into_iter().filter(|it| it.machine.name.0 == host);
        let files = machines.flat_map(|it| it.wants).filter_map(|(_, want)| match want {
            Want::File(file) => Some(file),
            _ => None,
        });
        let is_of_both = |file: &ConfigFile| {
            let path = file.path.to_string_lossy();
            path.ends_with("/prometheus.yml")
                || path.ends_with("/alertmanager.yml")
                || path.ends_with("/default/prometheus-alertmanager")
        };
        files.filter(is_of_both).collect()
    };
    let (first, second) = (of("login1"), of("login2"));
    assert_eq!((first.len(), second.len()), (3, 3));
    for file in &first {
        let name = format!("first-of-two{}", file.path.display()).replace('/', "-");
        insta::assert_snapshot!(name, rendered(file));
    }
    let swapped = |text: &str| {
        text.replace("10.20.0.21", "OTHER")
            .replace("10.20.0.22", "10.20.0.21")
            .replace("OTHER", "10.20.0.22")
    };
    let options = |files: &[ConfigFile]| {
        let options = files.iter().find(|file| file.path.ends_with("prometheus-alertmanager"));
        options.expect("the options").text.clone()
    };
    assert_eq!(options(&second), swapped(&options(&first)));
}

/// Its key, where apt looks for it, the package, its files, and then it starts; all of
/// it after the cluster.
#[test]
fn grafana_comes_last_and_in_its_order() {
    let wants = wants_of_grafana();
    let index = |found: &dyn Fn(&Want) -> bool| {
        let (index, (stage, _)) =
            wants.iter().enumerate().find(|(_, (_, want))| found(want)).expect("it is wanted");
        (*stage, index)
    };
    let file = |name: &'static str| move |want: &Want| matches!(want, Want::File(it) if it.path.ends_with(name));
    let order = [
        index(&|want| *want == Want::Secret(SecretId::GrafanaKey)),
        index(&file("slurmha-grafana.sources")),
        index(&|want| matches!(want, Want::Packages(names) if names == &["grafana"])),
        index(&file("grafana.ini")),
        index(&file("slurmha-overview.json")),
        index(
            &|want| matches!(want, Want::Running { unit, .. } if unit == "grafana-server.service"),
        ),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(order[1..].iter().all(|(stage, _)| *stage == Stage::Nodes), "{order:?}");
}

/// Each host asks its own Prometheus unless somebody chooses the other's.
#[test]
fn a_hosts_own_prometheus_is_the_default() {
    let text = wants_of_grafana().into_iter().find_map(|(_, want)| match want {
        Want::File(file) if file.path.ends_with("datasources/slurmha.yaml") => Some(file.text),
        _ => None,
    });
    let text = text.expect("the data sources");
    let default = text.split("  - name: ").find(|it| it.contains("isDefault: true"));
    assert!(default.expect("a default").contains("10.20.0.22:9090"), "{text}");
    assert_eq!(text.matches("type: prometheus").count(), 2);
}

#[test]
fn no_file_holds_a_secret_or_is_readable_when_it_has_a_placeholder() {
    for (machine, file) in files() {
        for secret in &file.secrets {
            assert!(file.text.contains(&secret.placeholder()), "{machine} {}", file.path.display());
        }
        if file.text.contains("@SECRET:") {
            assert!(!file.secrets.is_empty());
            // A daemon's group may read it; nobody else, and nobody may write.
            assert_eq!(file.access.mode & 0o037, 0, "{machine} {}", file.path.display());
            let root_alone = file.access.mode & 0o040 == 0;
            assert!(root_alone || file.access.group != "root", "{machine}");
        }
    }
}

#[test]
fn the_pacemaker_configuration() {
    insta::assert_snapshot!(slurmha_core::desired::configuration(&site()));
}

/// Without a third vote either side of a partition may fire: one waits, and a
/// lone controller does not start by itself.
#[test]
fn two_controllers_without_an_arbiter() {
    let begin = SITE.find("[arbiter]").expect("an arbiter");
    let end = SITE.find("[[login]]").expect("a login node");
    let text = format!("{}{}", &SITE[..begin], &SITE[end..])
        .replace("[cluster]", "[cluster]\naccept = [\"no-arbiter\"]");
    let site = site::parse("site.toml", &text).expect("a valid file").0;
    let corosync = slurmha_core::render::corosync::render(&site).text;
    assert!(corosync.contains("two_node: 1") && corosync.contains("wait_for_all: 1"));
    assert!(!corosync.contains("device {"));
    let configuration = slurmha_core::desired::configuration(&site);
    assert_eq!(configuration.matches("pcmk_delay_base").count(), 2, "its id and its name, once");
}

/// Ours wait for proof, and without fencing there is none.
#[test]
fn a_site_without_fencing_keeps_the_distributions_handlers() {
    let mut site = site();
    let text = |site: &Site| slurmha_core::render::drbd::render(site)[1].text.clone();
    assert!(text(&site).contains(r#"fence-peer "/usr/local/sbin/slurmha fence-peer";"#));
    assert!(!text(&site).contains("crm-fence-peer"));
    site.accept.insert(site::Accept::DataLossWithoutFencing);
    // Accepted, but every controller has a device: fenced all the same.
    assert!(!text(&site).contains("crm-fence-peer"));
    site.controllers[1].fence = None;
    assert!(text(&site).contains("crm-fence-peer"));
    assert!(!text(&site).contains("slurmha fence-peer"));
}

const CONSOLE: &str = "\n[console]\npassword_file = \"~/.config/slurmha/console\"\n";
const CERTIFICATE: &str = "certificate_file = \"~/console.pem\"\nkey_file = \"~/console.key\"\n";
/// The lab's site without its `[monitoring]`.
fn unwatched() -> String {
    let (before, rest) = SITE.split_once("[monitoring]").expect("it has one");
    let (_, after) = rest.split_once("[[nodes]]").expect("nodes come after it");
    format!("{before}[[nodes]]{after}")
}

fn wanted(text: &str) -> Vec<MachineWants> {
    desired(&site::parse("site.toml", text).expect("a valid site file").0, text)
}

fn runs(machine: &MachineWants, name: &str) -> bool {
    machine.wants.iter().any(|(_, want)| matches!(want, Want::Running { unit, .. } if unit == name))
}

#[test]
fn the_console_runs_on_controllers_and_monitoring_hosts() {
    let names = |text: &str, unit: &str| -> Vec<String> {
        let machines = wanted(text).into_iter().filter(|machine| runs(machine, unit));
        machines.map(|machine| machine.machine.name.to_string()).collect()
    };
    let alone = unwatched() + CONSOLE;
    assert_eq!(names(SITE, CONSOLE_UNIT), [""; 0]);
    assert_eq!(names(&alone, CONSOLE_UNIT), ["ctl1", "ctl2"]);
    assert_eq!(names(&alone, EXPORTER_UNIT), ["ctl1", "ctl2"], "it listens to them");
    let watched = format!("{SITE}{CONSOLE}");
    assert_eq!(names(&watched, CONSOLE_UNIT), ["ctl1", "ctl2", "login1"]);
    for machine in wanted(&watched) {
        let name = machine.machine.name.as_str();
        let has = |path: &str| {
            let is_it =
                |want: &Want| matches!(want, Want::File(file) if file.path.ends_with(&path[1..]));
            machine.wants.iter().filter(|(_, want)| is_it(want)).count()
        };
        let password = Want::Secret(SecretId::ConsolePassword);
        let expected = usize::from(["ctl1", "ctl2", "login1"].contains(&name));
        assert_eq!(has(SITE_FILE), expected, "{name}");
        assert_eq!(has(CONSOLE_UNIT_FILE), expected, "{name}");
        assert_eq!(
            machine.wants.iter().any(|(_, want)| *want == password),
            expected == 1,
            "{name}"
        );
    }
}

#[test]
fn the_consoles_unit_with_a_certificate_of_the_sites_own() {
    let machines = wanted(&format!("{SITE}{CONSOLE}{CERTIFICATE}"));
    let files = machines[0].wants.iter().filter_map(|(_, want)| match want {
        Want::File(file) if file.path.ends_with("slurmha-console.service") => Some(file),
        _ => None,
    });
    let file = files.into_iter().next().expect("a unit");
    insta::assert_snapshot!("ctl1-slurmha-console.service", rendered(file));
}

const ACTIONS: &str = "actions = [\"standby\"]\nactions_password_file = \"~/act\"\n";

/// The door is on the first controller alone, and so is what opens it.
#[test]
fn every_file_of_the_consoles_actions() {
    let machines = wanted(&format!("{SITE}{CONSOLE}{ACTIONS}"));
    let mut count = 0;
    for (_, want) in &machines[0].wants {
        let Want::File(file) = want else { continue };
        let path = file.path.to_string_lossy();
        if path.contains("slurmha-console-action") || path.ends_with("slurmha-console.service") {
            let name = format!("acting-ctl1{}", file.path.display()).replace('/', "-");
            insta::assert_snapshot!(name, rendered(file));
            count += 1;
        }
    }
    assert_eq!(count, 3);
    let password = Want::Secret(SecretId::ConsoleActionsPassword);
    for (nth, machine) in machines.iter().enumerate() {
        let has = machine.wants.iter().any(|(_, want)| *want == password);
        let opens = runs(machine, ACTIONS_SOCKET_UNIT);
        assert_eq!((has, opens), (nth == 0, nth == 0), "{}", machine.machine.name);
    }
    let closed = Want::NotRunning { unit: ACTIONS_SOCKET_UNIT.to_owned() };
    for text in [SITE.to_owned(), format!("{SITE}{CONSOLE}")] {
        assert!(wanted(&text)[0].wants.iter().any(|(_, want)| *want == closed));
    }
}

#[test]
fn a_console_that_is_taken_away_is_stopped() {
    let stopped = |machine: &MachineWants| {
        let unit = CONSOLE_UNIT.to_owned();
        machine.wants.iter().any(|(_, want)| *want == Want::NotRunning { unit: unit.clone() })
    };
    let machines = wanted(SITE);
    let names: Vec<&str> =
        machines.iter().filter(|it| stopped(it)).map(|it| it.machine.name.as_str()).collect();
    assert_eq!(names, ["ctl1", "ctl2", "login1", "cn1", "cn2"], "any may have had one");
}

const PORTAL: &str = "\n[portal]\nhosts = [\"login1\"]\n";

#[test]
fn every_file_of_the_portal() {
    let machines = wanted(&format!("{SITE}{PORTAL}{CERTIFICATE}"));
    let login = machines.iter().find(|it| it.machine.name.as_str() == "login1").expect("login1");
    let mut count = 0;
    for (_, want) in &login.wants {
        let Want::File(file) = want else { continue };
        if file.path.to_string_lossy().contains("slurmha-portal") {
            let name = format!("login1{}", file.path.display()).replace('/', "-");
            insta::assert_snapshot!(name, rendered(file));
            count += 1;
        }
    }
    assert_eq!(count, 4);
    let group = login
        .wants
        .iter()
        .position(|(_, want)| matches!(want, Want::Group(group) if group.name == "slurmha-portal"));
    assert!(group.is_some(), "the socket belongs to it");
    for unit in [PORTAL_UNIT, PORTAL_SESSION_SOCKET_UNIT] {
        assert!(runs(login, unit), "{unit}");
        assert!(machines.iter().all(|it| it.machine.name.as_str() == "login1" || !runs(it, unit)));
    }
}

#[test]
fn a_portal_with_terminals() {
    let login = |more: &str| {
        let mut machines = wanted(&format!("{SITE}{PORTAL}{more}"));
        let at = machines.iter().position(|it| it.machine.name.as_str() == "login1");
        machines.swap_remove(at.expect("login1"))
    };
    let with = login("terminal = true\n");
    assert!(runs(&with, PORTAL_TERMINAL_SOCKET_UNIT));
    for path in [PORTAL_UNIT_FILE, PORTAL_TERMINAL_SOCKET_FILE, PORTAL_TERMINAL_UNIT_FILE] {
        let mut files = with.wants.iter().filter_map(|(_, want)| match want {
            Want::File(file) if file.path == std::path::Path::new(path) => Some(file),
            _ => None,
        });
        let file = files.next().expect(path);
        insta::assert_snapshot!(format!("terminal{}", path.replace('/', "-")), rendered(file));
    }
    let stopped = Want::NotRunning { unit: PORTAL_TERMINAL_SOCKET_UNIT.to_owned() };
    assert!(login("").wants.iter().any(|(_, want)| *want == stopped), "it is not the default");
}

#[test]
fn a_portal_that_is_taken_away_is_stopped() {
    let machines = wanted(SITE);
    for unit in [PORTAL_UNIT, PORTAL_SESSION_SOCKET_UNIT, PORTAL_TERMINAL_SOCKET_UNIT] {
        let stopped = Want::NotRunning { unit: unit.to_owned() };
        let is_stopped = |it: &MachineWants| it.wants.iter().any(|(_, want)| *want == stopped);
        assert!(machines.iter().all(is_stopped), "{unit}");
    }
}

/// With it a job that has ended can be found by what it was submitted with.
#[test]
fn the_accounting_keeps_comments_where_there_is_a_portal() {
    let conf = |text: &str| -> String {
        let machines = wanted(text);
        let mut files = machines[0].wants.iter().filter_map(|(_, want)| match want {
            Want::File(file) if file.path.ends_with("slurm.conf") => Some(file.text.clone()),
            _ => None,
        });
        files.next().expect("a slurm.conf")
    };
    assert!(!conf(SITE).contains("AccountingStoreFlags"));
    assert!(conf(&format!("{SITE}{PORTAL}")).contains("\nAccountingStoreFlags=job_comment\n"));
}
