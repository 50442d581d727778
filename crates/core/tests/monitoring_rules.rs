// SPDX-License-Identifier: Apache-2.0
//! Every alert tried by Prometheus itself: it fires when it should and keeps
//! silent when it should, and what is generated is what the programs accept.

mod monitoring;

use std::collections::BTreeSet;

use monitoring::{Case, Checker, site, two_hosts};
use slurmha_core::monitoring::{Alert, COMPONENTS, WATCHDOG, alerts};
use slurmha_core::render::monitoring::{alertmanager, rules};
use slurmha_core::site::Site;

/// With every alert that there is.
fn everything() -> Site {
    two_hosts()
}

#[test]
fn every_alert_fires_and_keeps_silent() {
    let checker = Checker::new(&everything());
    for component in &COMPONENTS {
        let mut cases = Vec::new();
        for alert in component.alerts {
            assert!(!alert.fires.is_empty(), "{} has no case", alert.name);
            cases.push(Case::after_a_while(alert, alert.fires, true));
            if alert.name != WATCHDOG {
                assert!(!alert.quiet.is_empty(), "{} has no silent case", alert.name);
                cases.push(Case::after_a_while(alert, alert.quiet, false));
            }
        }
        checker.test_component(component.name, &cases);
    }
}

#[test]
fn the_programs_accept_what_is_generated() {
    for site in [site(), two_hosts()] {
        let checker = Checker::new(&site);
        checker.check("promtool", &["check", "rules", "slurmha.rules.yml"]);
        checker.check("promtool", &["check", "config", "prometheus.yml"]);
        checker.check("amtool", &["check-config", "alertmanager.yml"]);
    }
}

/// Alertmanager's own answer to who is told what.
#[test]
fn alerts_go_to_people_and_signs_of_life_to_the_heartbeat() {
    let checker = Checker::new(&two_hosts());
    for (receiver, labels) in [
        ("people", ["alertname=SlurmhaControllerDown", "severity=critical"]),
        ("people", ["alertname=SlurmhaNodesDown", "severity=info"]),
        ("heartbeat", ["alertname=SlurmhaWatchdog", "severity=info"]),
    ] {
        let verify = format!("--verify.receivers={receiver}");
        let question = ["config", "routes", "test", "--config.file=alertmanager.yml", &verify];
        checker.check("amtool", &[&question[..], &labels].concat());
    }
}

#[test]
fn two_hosts_with_mail_secrets_and_a_sign_of_life() {
    let site = two_hosts();
    let monitoring = site.monitoring.as_ref().expect("monitoring");
    insta::assert_snapshot!(alertmanager(monitoring).text);
}

/// An outage of 40 s as it is seen at worst: every value is a round of the
/// exporter and one of Prometheus old. Nobody is active, the VIP is nowhere,
/// slurmctld comes up last; a constraint comes and goes.
#[test]
fn a_planned_move_is_silent() {
    let active = "slurmha_pacemaker_resource_active{resource='slurmctld',instance='ctl1',node=";
    let (on_ctl1, on_ctl2) = (format!("{active}'ctl1'}}"), format!("{active}'ctl2'}}"));
    let moved = [
        ("slurmha_active{instance='ctl1'}", "1+0x9 0+0x60"),
        ("slurmha_active{instance='ctl2'}", "0+0x14 1+0x60"),
        ("slurmha_vip_present{instance='ctl1'}", "1+0x9 0+0x60"),
        ("slurmha_vip_present{instance='ctl2'}", "0+0x14 1+0x60"),
        ("slurmha_slurmctld_up{instance='ctl1'}", "1+0x8 0 0 stale _x60"),
        ("slurmha_slurmctld_up{instance='ctl2'}", "_x10 0+0x4 1+0x60"),
        ("slurmha_slurmdbd_up{instance='ctl2'}", "_x10 0+0x5 1+0x60"),
        ("slurmha_mariadb_up{instance='ctl2'}", "_x10 0+0x4 1+0x60"),
        ("slurmha_slurmctld_dbd_queue{instance='ctl2'}", "_x12 5+0x5 0+0x60"),
        ("slurmha_pacemaker_leftover_bans{instance='ctl1'}", "0+0x7 1+0x6 0+0x60"),
        (on_ctl1.as_str(), "1+0x9 0+0x60"),
        (on_ctl2.as_str(), "0+0x14 1+0x60"),
        ("slurmha_drbd_connection{state='Connected',instance='ctl1'}", "1+0x80"),
        ("slurmha_slurm_nodes{state='not_responding',instance='ctl2'}", "_x12 2+0x5 0+0x60"),
        ("slurmha_slurm_nodes{state='idle',instance='ctl2'}", "_x12 0+0x5 2+0x60"),
        ("up{job='slurmha',instance='ctl1'}", "1+0x80"),
        ("up{job='slurmha',instance='ctl2'}", "1+0x80"),
    ];
    let cases = [Case::nothing_fires(&moved, 8 * 15, 60 * 15)];
    Checker::new(&everything()).test_rules(&cases);
}

/// What a cut of power looks like: seen at the next look of both exporters.
#[test]
fn a_lost_controller_is_told_at_the_next_look_at_the_rules() {
    let lost = [
        ("up{job='slurmha',instance='ctl1'}", "1+0x3 0+0x20"),
        ("up{job='node',role='controller',instance='ctl1'}", "1+0x3 0+0x20"),
    ];
    let (_, alert) = alerts().find(|(_, it)| it.name == "SlurmhaControllerDown").expect("it");
    let cases = [Case::at(alert, &lost, 3 * 15, false), Case::at(alert, &lost, 4 * 15, true)];
    Checker::new(&everything()).test_rules(&cases);
}

fn alert(name: &str) -> &'static Alert {
    alerts().map(|(_, alert)| alert).find(|it| it.name == name).expect("it")
}

/// A restart takes five seconds and a look; what is told has not answered for a minute and a half.
#[test]
fn a_portal_that_hangs_is_told_after_a_minute_and_a_half() {
    let hangs = [("slurmha_portal_up{instance='login1'}", "1+0x3 0+0x20")];
    let alert = alert("SlurmhaPortalDown");
    // It is seen first at 60 s.
    let cases = [Case::at(alert, &hangs, 60 + 75, false), Case::at(alert, &hangs, 60 + 90, true)];
    Checker::new(&everything()).test_rules(&cases);
}

/// Who hangs leaves a file that gets old, and who was stopped leaves none.
#[test]
fn pages_that_nobody_looks_at_are_told() {
    let file = "node_textfile_mtime_seconds{file='/var/lib/prometheus/node-exporter/slurmha-pages.prom',instance='login1'}";
    let unit =
        "node_systemd_unit_state{name='slurmha-pages.service',state='active',instance='login1'}";
    let alert = alert("SlurmhaPagesBlind");
    let hangs = [(file, "0+15x4 60+0x60"), (unit, "1")];
    let stopped = [(file, "0+15x4 _x60"), (unit, "1+0x4 0+0x60")];
    let restarted = [(file, "0+15x60"), (unit, "1+0x4 0 0 1+0x60")];
    let cases = [
        Case::at(alert, &hangs, 360 + 60, false),
        Case::at(alert, &hangs, 360 + 15 + 90, true),
        Case::at(alert, &stopped, 75 + 75, false),
        Case::at(alert, &stopped, 75 + 90, true),
        Case::at(alert, &restarted, 600, false),
    ];
    Checker::new(&everything()).test_rules(&cases);
}

#[test]
fn alerts_are_named_once_and_say_what_they_mean() {
    let mut names = BTreeSet::new();
    for (component, alert) in alerts() {
        let Alert { name, failure, summary, description, expression, runbook, .. } = alert;
        assert!(names.insert(*name), "{name} twice");
        assert!(name.starts_with("Slurmha"), "{name}");
        for text in [failure, summary, description, expression, runbook] {
            assert!(!text.is_empty() && !text.contains('\n'), "{name} of {component}");
        }
        assert!(description.ends_with(['.', '?']), "{name}: {description}");
        assert!(!summary.ends_with('.') && !failure.ends_with('.'), "{name}");
    }
    assert_eq!(COMPONENTS.iter().map(|it| it.alerts.len()).sum::<usize>(), names.len());
}

/// Alerts that would say nothing, or never be silent, on such a site.
#[test]
fn a_site_has_the_alerts_that_concern_it() {
    let text = |site: &Site| rules(site, site.monitoring.as_ref().expect("monitoring")).text;
    assert!(text(&two_hosts()).contains("SlurmhaClockUnsynchronised"));
    assert!(!text(&site()).contains("SlurmhaClockUnsynchronised"), "no time servers there");
    let mut unfenced = two_hosts();
    unfenced.accept.insert(slurmha_core::site::Accept::DataLossWithoutFencing);
    unfenced.controllers[0].fence = None;
    assert!(text(&two_hosts()).contains("SlurmhaFencingDisabled"));
    assert!(!text(&unfenced).contains("SlurmhaFencingDisabled"));
    for pages in ["SlurmhaPortal", "SlurmhaConsole", "SlurmhaPages"] {
        assert!(text(&two_hosts()).contains(pages) && !text(&site()).contains(pages), "{pages}");
    }
    let mut shown = site();
    shown.console = two_hosts().console;
    let of_a_console = text(&shown);
    assert!(
        of_a_console.contains("SlurmhaConsoleDown") && of_a_console.contains("SlurmhaPagesBlind")
    );
    assert!(!of_a_console.contains("SlurmhaPortal"));
}

/// With a console, to a page that is served in the house.
#[test]
fn alerts_carry_the_way_to_their_runbook() {
    let text = |site: &Site| rules(site, site.monitoring.as_ref().expect("monitoring")).text;
    let with_console = text(&two_hosts());
    for place in ["controllers#slurmhacontrollerdown", "reaches-nobody\""] {
        let url = format!("runbook_url: \"https://10.20.0.21:9818/runbooks/{place}");
        assert!(with_console.contains(&url), "{url}");
    }
    let without = text(&site());
    assert!(without.contains("slurmha runbook SlurmhaControllerDown"));
    assert!(!without.contains("runbook_url"));
}

/// Four looks at least, however long the interval.
#[test]
fn a_longer_interval_waits_for_longer() {
    let mut site = site();
    let monitoring = site.monitoring.as_mut().expect("monitoring");
    monitoring.interval = std::time::Duration::from_secs(60);
    let text = rules(&site, site.monitoring.as_ref().expect("monitoring")).text;
    assert!(text.contains("for: \"0s\"") && text.contains("for: \"240s\""));
    assert!(!text.contains("for: \"90s\"") && text.contains("for: \"900s\""));
}
