// SPDX-License-Identifier: Apache-2.0
//! Daemons that run and have to read another file.

use std::time::Duration;

use slurmha_core::layout::SLURM_CONF;
use slurmha_core::plan::Step;
use slurmha_core::secret::Digest;

use super::{Ended, run, steps};
use crate::simulated::Simulated;
use crate::system::{Ids, System};

fn running() -> Simulated {
    let machine = steps::machine();
    machine.put_file(SLURM_CONF, b"NodeName=cn[1-2] CPUs=1\n", Ids::root(0o644));
    assert_eq!(run(&machine, &steps::controller()).ended, Ended::Completed);
    machine
}

fn reconfigure(digest: &[u8]) -> [Step; 1] {
    [Step::ReconfigureSlurm { digest: Digest::of(digest) }]
}

/// What the machine did since it had so many commands behind it.
fn since(machine: &Simulated, before: usize) -> Vec<String> {
    machine.commands().split_off(before)
}

#[test]
fn a_slurmctld_that_is_to_have_other_nodes_is_started_again_and_not_asked() {
    let machine = running();
    machine.start_scheduler_with(&["cn1"]);
    let before = machine.commands().len();
    let result = run(&machine, &reconfigure(b"with cn2"));
    assert_eq!((result.ended, result.changed()), (Ended::Completed, vec![0]), "{result:?}");
    let commands = since(&machine, before);
    let position = |words: &str| commands.iter().position(|it| it.contains(words));
    assert!(position("cibadmin --patch") < position("scontrol reconfigure"), "{commands:#?}");
    assert!(position("cibadmin --patch").is_some());
    assert!(!machine.inventory().iter().any(|line| line.contains("-restart")));
    assert!(run(&machine, &reconfigure(b"with cn2")).changed().is_empty(), "it has read it");
}

#[test]
fn with_the_same_nodes_it_is_asked_and_goes_on() {
    let machine = running();
    let before = machine.commands().len();
    assert_eq!(run(&machine, &reconfigure(b"another")).ended, Ended::Completed);
    let commands = since(&machine, before);
    assert!(commands.iter().any(|it| it == "scontrol reconfigure"), "{commands:#?}");
    assert!(!commands.iter().any(|it| it.contains("cibadmin")), "{commands:#?}");
}

/// A hand has written the file again since slurmctld was told of it.
#[test]
fn what_was_read_before_the_file_was_written_does_not_count() {
    let machine = running();
    assert_eq!(run(&machine, &reconfigure(b"x")).changed(), [0]);
    assert!(run(&machine, &reconfigure(b"x")).changed().is_empty());
    machine.sleep(Duration::from_secs(60));
    machine.put_file(SLURM_CONF, b"NodeName=cn[1-2] CPUs=1\n", Ids::root(0o644));
    assert_eq!(run(&machine, &reconfigure(b"x")).changed(), [0]);
}
