// SPDX-License-Identifier: Apache-2.0
//! A site of thousands of machines, each of which knows all others by name.

use slurmha_core::plan::{self, Step};
use slurmha_core::site;

use super::world::{SITE, as_wanted_by};
use super::{plan_to, steps_on};

const NODES: usize = 4000;

fn text() -> String {
    SITE.replace("10.77.1.", "10.78.1.")
        .replace("10.77.0.0/24", "10.77.0.0/16")
        .replace("cn[1-2]", "cn[0001-4000]")
        .replace("10.77.0.[21-22]", "10.77.[16-31].[1-250]")
}

#[test]
fn each_machine_is_there_once() {
    let site = site::parse("site.toml", &text()).expect("a valid site file").0;
    let machines = site.machines();
    // Two controllers, and login1 with three roles.
    assert_eq!(machines.len(), NODES + 3);
    assert_eq!(machines[2].roles.len(), 3);
    let last = machines.last().expect("a machine");
    assert_eq!((last.name.as_str(), last.address.to_string()), ("cn4000", "10.77.31.250".into()));
}

/// What looks at every machine for every machine would not end here.
#[test]
fn a_large_site_that_is_as_wanted_gets_an_empty_plan() {
    let text = text();
    let mut observed = as_wanted_by(&text);
    let plan = plan_to(&text, &observed);
    assert_eq!((plan.stages.len(), plan.refusals.len()), (0, 0), "{}", plan::explain(&plan, false));

    let node = observed.get_mut(&"cn0007".into()).expect("a node");
    node.units.get_mut("munge.service").expect("munge").active = "inactive".to_owned();
    let plan = plan_to(&text, &observed);
    assert_eq!(steps_on(&plan, "cn0007"), [&Step::StartUnit { unit: "munge.service".to_owned() }]);
}

/// The commonest change of a large site: all machines learn another name.
#[test]
fn a_node_more_is_a_line_more_on_each_machine() {
    let before = text()
        .replace("cn[0001-4000]", "cn[0001-3999]")
        .replace("10.77.[16-31].[1-250]", "10.77.[16-30].[1-250],10.77.31.[1-249]");
    let plan = plan_to(&text(), &as_wanted_by(&before));
    let learns = |step: &Step| matches!(step, Step::WriteFile(it) if it.path.ends_with("hosts"));
    let steps: Vec<_> = plan.steps().filter(|(_, _, planned)| learns(&planned.step)).collect();
    assert_eq!(steps.len(), NODES + 2, "the node itself has not answered");
    for (_, machine, planned) in steps {
        let diff = planned.diff.as_deref().unwrap_or_default();
        assert!(diff.contains("\n+10.77.31.250\tcn4000\n"), "{machine}: {diff}");
    }
    assert!(plan::explain(&plan, true).contains("login1,cn[0001-3999]"));
}
