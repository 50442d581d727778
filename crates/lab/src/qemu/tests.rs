// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::state::Ports;
use crate::topology::tests::example;

/// A lab of the example's machines that have been up.
pub(crate) fn description(accelerator: Accelerator) -> Description {
    let topology = example();
    let ports = (0..topology.machines.len() as u16).map(|n| Ports { ssh: 4000 + n, bmc: 5000 + n });
    Description {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        ports: ports.collect(),
        topology,
        image: "/cache/image".into(),
        accelerator,
        complete: true,
        frozen: None,
        is_frozen: false,
    }
}

fn arguments(index: usize, accelerator: Accelerator, incoming: Option<PathBuf>) -> Vec<String> {
    let paths = Paths::at(Path::new("/lab/a,b")).unwrap();
    let description = description(accelerator);
    Launch { paths: &paths, description: &description, index, incoming }.arguments()
}

/// One option a line, as a person would read it.
fn lines(arguments: &[String]) -> String {
    arguments.join(" ").replace(" -", "\n-")
}

#[test]
fn a_controller_in_software_emulation() {
    insta::assert_snapshot!(lines(&arguments(0, Accelerator::Tcg, None)));
}

#[test]
fn a_thawed_compute_node_on_hardware() {
    let memory = Some("/lab/a,b/frozen/1/cn1/memory".into());
    insta::assert_snapshot!(lines(&arguments(3, Accelerator::Kvm, memory)));
}

#[test]
fn a_machine_keeps_its_identity_and_has_it_alone() {
    let id = |index| {
        let line = arguments(index, Accelerator::Tcg, None);
        line[line.iter().position(|a| a == "-uuid").unwrap() + 1].clone()
    };
    assert_eq!(id(0), id(0));
    assert_ne!(id(0), id(1));
}

#[test]
fn a_reused_pid_is_not_taken_for_a_machine() {
    let paths = Paths::at(Path::new("/lab/t")).unwrap();
    let description = description(Accelerator::Tcg);
    let name = process_name(&paths, &description, "ctl1");
    let process = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let ours = process(&format!("/usr/bin/qemu-system-x86_64 -name {name} -m 512"));
    assert!(is_process(&ours, &name));
    assert!(!is_process(&process(&format!("vi -name {name}")), &name));
    assert!(!is_process(&process("qemu-system-x86_64 -name other"), &name));
    let ctl2 = process_name(&paths, &description, "ctl2");
    assert!(!is_process(&ours, &ctl2));
}
