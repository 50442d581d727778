// SPDX-License-Identifier: Apache-2.0
//! The resource agents as their own tester sees them: every action, in the
//! states in which the standard (OCF 1.1) says what it has to answer.

use super::LabSite;

const DIRECTORY: &str = "/usr/lib/ocf/resource.d/slurmha";

/// In the order in which they can be stopped: the tester leaves a resource
/// stopped.
const AGENTS: [&str; 4] = ["slurmctld", "slurmdbd", "mariadb", "vip"];

/// Pacemaker looks on meanwhile, and puts everything right afterwards.
pub fn pass_ocf_tester(lab: &LabSite) {
    let (active, _) = lab.active_and_passive();
    lab.on(&active, "crm_attribute --quiet --name maintenance-mode --update true");
    for agent in AGENTS {
        let parameters = parameters(lab, &active, agent);
        let tester = format!("ocf-tester -n {agent} {parameters} {DIRECTORY}/{agent}");
        let said = lab.on(&active, &tester);
        assert!(said.contains("passed all tests"), "{said}");
    }
    lab.on(&active, "crm_resource --refresh --wait 2>/dev/null");
    lab.on(&active, "crm_attribute --quiet --name maintenance-mode --delete");
    lab.until_healthy();
}

/// As Pacemaker passes them.
fn parameters(lab: &LabSite, active: &str, resource: &str) -> String {
    let xpath = format!("//primitive[@id='{resource}']/instance_attributes/nvpair");
    let query = format!("cibadmin --query --xpath \"{xpath}\" 2>/dev/null || true");
    let found = lab.on(active, &query);
    let pairs = found.lines().filter_map(|line| {
        let of = |name: &str| line.split_once(&format!(" {name}=\""))?.1.split('"').next();
        Some(format!("-o {}={}", of("name")?, of("value")?))
    });
    pairs.collect::<Vec<_>>().join(" ")
}
