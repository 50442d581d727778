// SPDX-License-Identifier: Apache-2.0
//! Whether compute nodes go by what slurmctld has.

use super::*;
use crate::layout::{NODE_SLURM_CONF, SLURM_CONF};
use crate::secret::Digest;

/// Each machine with the text by which it goes.
fn with(texts: &[(&str, &str)]) -> Status {
    let mut answers = answers();
    for (name, text) in texts {
        let path = if name.starts_with("ctl") { SLURM_CONF } else { NODE_SLURM_CONF };
        change(&mut answers, name, |seen| {
            seen.digests.insert(path.into(), Digest::of(text.as_bytes()));
        });
    }
    assemble(&site(), &answers)
}

#[test]
fn who_goes_by_the_same_is_not_told() {
    assert_eq!(with(&[("ctl1", "new"), ("cn1", "new"), ("cn2", "new")]).verdict, Verdict::Healthy);
    // The passive controller's is none of it, and who was not asked may have it.
    assert_eq!(with(&[("ctl1", "new"), ("ctl2", "old"), ("cn1", "new")]).verdict, Verdict::Healthy);
    assert_eq!(with(&[("cn1", "old")]).verdict, Verdict::Healthy);
}

#[test]
fn a_node_that_missed_a_change_is_told_with_the_cure() {
    let status = with(&[("ctl1", "new"), ("cn1", "old"), ("cn2", "new")]);
    assert_eq!(status.verdict, Verdict::Degraded);
    assert_eq!(problems(&status), ["cn1 goes by another slurm.conf than slurmctld"]);
    assert_eq!(next(&status), ["on cn1: systemctl restart slurmd"]);
}

#[test]
fn where_nobody_goes_by_it_the_controller_has_not_told_it() {
    let status = with(&[("ctl1", "new"), ("cn1", "old"), ("cn2", "old")]);
    assert_eq!(problems(&status), ["no compute node goes by the slurm.conf of ctl1"]);
    assert_eq!(next(&status), ["on ctl1: scontrol reconfigure"]);
    let one = with(&[("ctl1", "new"), ("cn1", "old")]);
    assert_eq!(problems(&one), ["cn1 goes by another slurm.conf than slurmctld"]);
    assert_eq!(next(&one), ["on ctl1: scontrol reconfigure"]);
}
