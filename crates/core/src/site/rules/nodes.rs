// SPDX-License-Identifier: Apache-2.0
//! Compute nodes.

use super::whole_file;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{NodeGroup, SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    for group in items(file.nodes.as_ref()) {
        check_counts(group, report);
        // slurmctld keeps CPUs in 16 bits (slurm/slurm.h, node_info_t).
        check_range(group.cpus.as_ref(), 65_535, "what `slurmd -C` prints as CPUs", report);
        // A pebibyte; more is a number of bytes or kilobytes.
        check_range(group.memory_mb.as_ref(), 1 << 30, "MiB, what `slurmd -C` prints", report);
    }
    check_total(file, report);
}

fn check_counts(group: &NodeGroup, report: &mut Report) {
    let (Some(names), Some(addresses)) = (&group.names, &group.addresses) else { return };
    let (name_count, address_count) = (names.names.len(), addresses.0.len());
    if name_count != address_count {
        report.push(
            Diagnostic::new(
                &rule::ADDRESS_COUNT,
                addresses.span.clone(),
                format!("{name_count} names but {address_count} addresses"),
                "write one address for each name, in the same order, such as names = \"cn[1-16]\" \
                 and addresses = \"10.77.0.[21-36]\"",
            )
            .label(format!("{address_count} addresses"))
            .related(names.span.clone(), format!("{name_count} names")),
        );
    }
}

fn check_range(number: Option<&Spanned<u64>>, most: u64, unit: &str, report: &mut Report) {
    let Some(number) = number else { return };
    if !(1..=most).contains(&number.value) {
        report.push(Diagnostic::new(
            &rule::NUMBER_OUT_OF_RANGE,
            number.span.clone(),
            format!("{} is not between 1 and {most}", number.value),
            format!("write {unit}"),
        ));
    }
}

fn check_total(file: &SiteFile, report: &mut Report) {
    let groups = items(file.nodes.as_ref());
    if groups.is_empty() && (file.nodes.is_some() || file.lacks("nodes")) {
        report.push(Diagnostic::new(
            &rule::NO_NODES,
            whole_file(file),
            "there are no compute nodes, and slurmctld does not start without any",
            "add:\n[[nodes]]\nnames = \"cn[1-2]\"\naddresses = \"...\"\ncpus = ...\nmemory_mb = ...",
        ));
    }
    if let [group] = groups
        && let Some(names) = &group.names
        && names.names.len() == 1
    {
        report.push(Diagnostic::new(
            &rule::SINGLE_COMPUTE_NODE,
            names.span.clone(),
            format!("{} is the only compute node; all work stops with it", names.written),
            "nothing to do if that is meant",
        ));
    }
}
