// SPDX-License-Identifier: Apache-2.0
//! Partitions.

use std::collections::{HashMap, HashSet};

use super::{and_more, whole_file};
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment;
use crate::site::fragments::{Partition, SiteFile, items};
use crate::site::reader::{Report, nearest};
use crate::site::rule;
use crate::site::spanned::Spanned;
use crate::site::value::{Nodes, PartitionNodes};

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let partitions = items(file.partition.as_ref());
    if partitions.is_empty() {
        if file.partition.is_none() && !file.lacks("partition") {
            return;
        }
        report.push(Diagnostic::new(
            &rule::NO_PARTITIONS,
            whole_file(file),
            "there are no partitions, and slurmctld does not start without any",
            "add:\n[[partition]]\nname = \"main\"\nnodes = \"ALL\"\ndefault = true",
        ));
        return;
    }
    check_names(partitions, report);
    check_default(partitions, report);
    let known: Vec<&str> = items(file.nodes.as_ref())
        .iter()
        .filter_map(|group| group.names.as_ref())
        .flat_map(|names| names.names.iter().map(String::as_str))
        .collect();
    let groups = items(file.nodes.as_ref());
    // Nodes that could not be read would all be reported as unknown.
    let unread = file.nodes.is_none() || groups.iter().any(|group| group.names.is_none());
    for partition in partitions {
        check_times(partition, report);
        if let Some(nodes) = &partition.nodes
            && let PartitionNodes::Some(list) = &nodes.value
            && !unread
        {
            check_nodes(list, &nodes.span, &known, report);
        }
    }
}

fn check_names(partitions: &[Spanned<Partition>], report: &mut Report) {
    let mut first_use: HashMap<&str, &Span> = HashMap::new();
    for name in partitions.iter().filter_map(|partition| partition.name.as_ref()) {
        if let Some(first) = first_use.insert(&name.0, &name.span) {
            report.push(
                Diagnostic::new(
                    &rule::DUPLICATE_PARTITION,
                    name.span.clone(),
                    format!("the partition {} is there twice", name.0),
                    "rename one of them, or write all its nodes into one",
                )
                .related(first.clone(), "the first one"),
            );
        }
    }
}

fn check_default(partitions: &[Spanned<Partition>], report: &mut Report) {
    let mut defaults = partitions
        .iter()
        .filter_map(|partition| partition.default.as_ref())
        .filter(|default| default.value);
    let Some(first) = defaults.next() else {
        let [partition, ..] = partitions else { return };
        if !partitions
            .iter()
            .all(|partition| partition.default.is_some() || partition.lacks("default"))
        {
            return;
        }
        report.push(Diagnostic::new(
            &rule::NO_DEFAULT_PARTITION,
            partition.span.clone(),
            "no partition is the default: jobs that name none are refused",
            "write default = true in one partition",
        ));
        return;
    };
    for second in defaults {
        report.push(
            Diagnostic::new(
                &rule::TWO_DEFAULT_PARTITIONS,
                second.span.clone(),
                "a second partition is the default; Slurm would take the last one",
                "write default = true in one partition only",
            )
            .related(first.span.clone(), "the first one"),
        );
    }
}

fn check_times(partition: &Partition, report: &mut Report) {
    let (Some(max), Some(default)) = (&partition.max_time, &partition.default_time) else { return };
    let above = match (default.seconds, max.seconds) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(default), Some(max)) => default > max,
    };
    if above {
        report.push(
            Diagnostic::new(
                &rule::DEFAULT_TIME_ABOVE_MAX,
                default.span.clone(),
                format!("the default {} is more than the maximum {}", default.written, max.written),
                "lower default_time or raise max_time",
            )
            .related(max.span.clone(), "the maximum"),
        );
    }
}

fn check_nodes(list: &Nodes, span: &Span, known: &[&str], report: &mut Report) {
    let names: HashSet<&str> = known.iter().copied().collect();
    let unknown: Vec<&String> =
        list.names.iter().filter(|name| !names.contains(name.as_str())).collect();
    let Some(first) = unknown.first() else { return };
    // Comparing with every one of ten thousand names is quick enough, once.
    let help = match nearest(first, known.iter().copied()) {
        Some(near) => format!("did you mean {near}? Else describe {first} in [[nodes]]"),
        None => format!("describe {first} in a [[nodes]] table, or remove it here"),
    };
    let message = format!("{}: not in any [[nodes]] table", and_more(first, unknown.len()));
    report.push(Diagnostic::new(&rule::UNKNOWN_NODE, span.clone(), message, help));
}
