// SPDX-License-Identifier: Apache-2.0
//! Machines that stay in the site and lose a role: what came with it goes.

use slurmha_core::desired::{Want, desired};
use slurmha_core::layout::{
    CONSOLE_UNIT, PORTAL_SESSION_SOCKET_UNIT, PORTAL_TERMINAL_SOCKET_UNIT, PORTAL_UNIT,
};
use slurmha_core::plan::{Enablement, Plan, Stage, Step};
use slurmha_core::render::monitoring::{ALERTMANAGER_UNIT, PROMETHEUS_UNIT};
use slurmha_core::site;

use super::people::PEOPLE;
use super::world::{Observed, SITE, as_wanted, as_wanted_by, unit_state};
use super::{plan_for, plan_to};

const PAGES: &str = "
[portal]
hosts = [\"login1\"]
terminal = true

[console]
password_file = \"~/console\"
";
const LOGIN: &str = "[[login]]\nname = \"login1\"\naddress = \"10.77.0.31\"\n";
const ARBITER: &str = "[arbiter]\nname = \"login1\"\naddress = \"10.77.0.31\"\n";
const QNETD_UNIT: &str = "corosync-qnetd.service";
const HOST: &str = "[[monitoring.host]]\nname = \"login1\"\naddress = \"10.77.0.31\"\n";

/// login1 is the arbiter, a login node with the portal, and a monitoring host.
fn before() -> String {
    format!("{SITE}{PEOPLE}{PAGES}")
}

/// The same with a role on another machine.
fn moved(table: &str, to: &str) -> String {
    let text = before();
    assert!(text.contains(table));
    text.replace(table, &table.replace("login1", to).replace("10.77.0.31", "10.77.0.32"))
}

fn logins_moved() -> String {
    moved(LOGIN, "login2").replace("hosts = [\"login1\"]", "hosts = [\"login2\"]")
}

/// What is taken away from a machine.
fn taken(plan: &Plan, machine: &str) -> Vec<String> {
    let steps = plan.steps().filter(|(_, name, _)| name.as_str() == machine);
    let taking = steps.filter(|(_, _, planned)| match &planned.step {
        Step::CloseAccount { .. } | Step::StopUnit { .. } => true,
        Step::SetUnitEnablement { enablement, .. } => *enablement == Enablement::Disabled,
        _ => false,
    });
    taking.map(|(_, _, planned)| planned.step.summary()).collect()
}

fn ended(units: &[&str]) -> Vec<String> {
    units.iter().flat_map(|unit| [format!("disable {unit}"), format!("stop {unit}")]).collect()
}

/// What these steps leave behind.
fn end(observed: &mut Observed, machine: &str, units: &[&str]) {
    let seen = observed.get_mut(&machine.into()).expect("the machine");
    for unit in units {
        seen.units.insert((*unit).to_owned(), unit_state("inactive"));
    }
}

#[test]
fn who_is_no_login_node_any_more_has_no_portal_and_no_people() {
    let mut observed = as_wanted_by(&before());
    let portal = [PORTAL_UNIT, PORTAL_SESSION_SOCKET_UNIT, PORTAL_TERMINAL_SOCKET_UNIT];
    let plan = plan_to(&logins_moved(), &observed);
    let closed = ["close account anna", "close account bob"].map(str::to_owned);
    assert_eq!(taken(&plan, "login1"), [closed.to_vec(), ended(&portal)].concat());
    let why = plan.steps().find(|(_, _, it)| matches!(it.step, Step::CloseAccount { .. }));
    let why = &why.expect("a closed account").2.why;
    assert_eq!(why, "people have no accounts here any more; its files stay");

    end(&mut observed, "login1", &portal);
    let people = &mut observed.get_mut(&"login1".into()).expect("login1").people;
    people.accounts.values_mut().for_each(|account| account.is_open = false);
    assert_eq!(taken(&plan_to(&logins_moved(), &observed), "login1"), [""; 0]);
}

#[test]
fn who_is_no_monitoring_host_any_more_shows_and_tells_nobody_anything() {
    let mut observed = as_wanted_by(&before());
    let all = [CONSOLE_UNIT, ALERTMANAGER_UNIT, PROMETHEUS_UNIT];
    let text = moved(HOST, "mon1");
    let plan = plan_to(&text, &observed);
    assert_eq!(taken(&plan, "login1"), ended(&all));
    let stop = Step::StopUnit { unit: PROMETHEUS_UNIT.to_owned() };
    let why = plan.steps().find(|(_, _, planned)| planned.step == stop).expect("it").2.why.clone();
    let ours = "/etc/systemd/system/prometheus.service.d/slurmha.conf";
    assert_eq!(why, format!("set up by slurmha; left alone without {ours}"));

    end(&mut observed, "login1", &all);
    assert_eq!(taken(&plan_to(&text, &observed), "login1"), [""; 0]);
}

#[test]
fn a_site_without_monitoring_has_no_prometheus_left() {
    let begin = SITE.find("# Prometheus").expect("the monitoring");
    let end = SITE.find("[[nodes]]").expect("compute nodes");
    let plan = plan_to(&format!("{}{}", &SITE[..begin], &SITE[end..]), &as_wanted());
    let taken = taken(&plan, "login1");
    for step in ended(&[ALERTMANAGER_UNIT, PROMETHEUS_UNIT]) {
        assert!(taken.contains(&step), "{taken:?}");
    }
}

/// After the controllers have begun to ask another one.
#[test]
fn who_is_no_arbiter_any_more_gives_no_vote() {
    let observed = as_wanted_by(&before());
    let plan = plan_to(&moved(ARBITER, "arb1"), &observed);
    assert_eq!(taken(&plan, "login1"), ended(&[QNETD_UNIT]));
    let stop = Step::StopUnit { unit: QNETD_UNIT.to_owned() };
    let stage = plan.steps().find(|(_, _, planned)| planned.step == stop).expect("it").0;
    assert_eq!(stage, Stage::Nodes);
}

/// The administrator's own monitoring watches the cluster, too.
#[test]
fn a_prometheus_that_slurmha_has_not_set_up_is_left_alone() {
    let mut observed = as_wanted();
    for name in ["ctl1", "cn1"] {
        let seen = observed.get_mut(&name.into()).expect("the machine");
        for unit in [PROMETHEUS_UNIT, ALERTMANAGER_UNIT] {
            let mut state = unit_state("active");
            state.enabled = "enabled".to_owned();
            seen.units.insert(unit.to_owned(), state);
        }
    }
    assert_eq!(plan_for(&observed).stages, []);
}

/// People's jobs run there now, so that they stay.
#[test]
fn a_login_node_that_becomes_a_compute_node_has_no_portal_and_lets_nobody_in_from_outside() {
    let at = "name = \"login3\"\naddress = \"10.77.0.33\"\n";
    let pages = PAGES.replace("login1", "login3");
    let vpn = format!(
        "[vpn]\nnetwork = \"10.99.0.0/24\"\n[[vpn.gateway]]\n{at}endpoint = \"vpn.example.edu\"\n"
    );
    let before = format!("{SITE}{PEOPLE}{pages}{vpn}\n[[login]]\n{at}");
    let node = "names = \"login3\"\naddresses = \"10.77.0.33\"\ncpus = 1\nmemory_mb = 400\n";
    let after = format!("{SITE}{PEOPLE}\n[[nodes]]\n{node}");
    let taken = taken(&plan_to(&after, &as_wanted_by(&before)), "login3");
    for step in ended(&[PORTAL_UNIT, PORTAL_TERMINAL_SOCKET_UNIT, "slurmha-vpn.service"]) {
        assert!(taken.contains(&step), "{taken:?}");
    }
    assert!(taken.iter().all(|step| !step.starts_with("close")), "{taken:?}");
}

/// A plan is made from what was asked for.
#[test]
fn machines_are_asked_for_what_an_earlier_role_may_have_left() {
    let text = logins_moved();
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    for wants in desired(&site, &text) {
        let name = wants.machine.name.clone();
        let asked = wants.request(&site);
        assert!(asked.people.is_some(), "{name}");
        for unit in [PORTAL_UNIT, CONSOLE_UNIT, PROMETHEUS_UNIT] {
            assert!(asked.units.iter().any(|it| it == unit), "{name} {unit}");
        }
        for (_, want) in &wants.wants {
            let Want::Retired { ours, .. } = want else { continue };
            assert!(asked.files.iter().any(|file| file.path == *ours), "{name}");
        }
    }
}
