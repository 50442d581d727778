// SPDX-License-Identifier: Apache-2.0
//! What is passed on to slurm.conf must not undo what slurmha decides.

use std::collections::HashMap;

use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragments::{SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::value::Pair;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let lines = items(file.slurm.as_ref().and_then(|slurm| slurm.extra.as_ref()));
    for line in lines {
        check_owned(&line.pairs, &line.span, SLURM_CONF, report);
        check_one_key(&line.pairs, &line.span, report);
    }
    let firsts = lines.iter().filter_map(|line| Some((line.pairs.first()?, &line.span)));
    check_duplicates(firsts, report);
    for extra in items(file.nodes.as_ref()).iter().filter_map(|group| group.extra.as_ref()) {
        check_owned(&extra.pairs, &extra.span, NODE_LINE, report);
        check_duplicates(extra.pairs.iter().map(|pair| (pair, &extra.span)), report);
    }
    for extra in items(file.partition.as_ref()).iter().filter_map(|p| p.extra.as_ref()) {
        check_owned(&extra.pairs, &extra.span, PARTITION_LINE, report);
        check_duplicates(extra.pairs.iter().map(|pair| (pair, &extra.span)), report);
    }
}

/// Keys that slurmha writes, and why nobody else may.
type Owned = &'static [(&'static [&'static str], &'static str)];

const SLURM_CONF: Owned = &[
    (&["ClusterName"], "it is `name` in [cluster]"),
    (
        &[
            "SlurmctldHost",
            "SlurmctldAddr",
            "ControlMachine",
            "ControlAddr",
            "BackupController",
            "BackupAddr",
        ],
        "it follows from [[controller]] and the VIP; a second host here would start Slurm's own \
         standby beside Pacemaker",
    ),
    (&["StateSaveLocation"], "the state lies on the replicated volume"),
    (&["SlurmUser", "SlurmdUser"], "the daemons' users own the state, the keys and the logs"),
    (&["AuthType", "AuthInfo", "CredType", "CryptoType"], "slurmha makes and spreads munge's key"),
    (
        &[
            "AccountingStorageType",
            "AccountingStorageHost",
            "AccountingStorageBackupHost",
            "AccountingStoragePort",
            "AccountingStorageUser",
            "AccountingStoragePass",
            "AccountingStorageLoc",
        ],
        "accounting goes to slurmdbd beside slurmctld; AccountingStorageTRES and \
         AccountingStorageEnforce may be set",
    ),
    (
        &[
            "SlurmctldPort",
            "SlurmdPort",
            "SlurmctldPidFile",
            "SlurmdPidFile",
            "SlurmdSpoolDir",
            "PluginDir",
        ],
        "the resource agents rely on it",
    ),
    (&["SlurmctldParameters"], "compute nodes fetch their configuration (enable_configless)"),
    (&["MessageTimeout"], "it lets clients ride through a failover"),
    (
        &["FirstJobId", "MaxJobId"],
        "ids are raised after a crash, so that none is given twice, and end where Slurm ends",
    ),
    (&["CliFilterPlugins"], "it carries the durable submission"),
    (&["GresTypes"], "it follows from `gres` in [[nodes]]"),
    (&["NodeName"], "nodes are described in [[nodes]]"),
    (&["PartitionName"], "partitions are described in [[partition]]"),
];

const NODE_LINE: Owned = &[
    (&["NodeName", "NodeHostname", "NodeAddr"], "it is `names` and `addresses`"),
    (&["CPUs"], "it is `cpus`"),
    (&["RealMemory"], "it is `memory_mb`"),
    (&["Gres"], "it is `gres`"),
    (&["Feature", "Features"], "it is `features`"),
    (&["State", "Port"], "slurmha relies on it"),
];

const PARTITION_LINE: Owned = &[
    (&["PartitionName"], "it is `name`"),
    (&["Nodes"], "it is `nodes`"),
    (&["Default"], "it is `default`"),
    (&["MaxTime"], "it is `max_time`"),
    (&["DefaultTime"], "it is `default_time`"),
    (&["State"], "slurmha relies on it"),
];

/// Slurm reads every pair of a line, and does not distinguish capital letters.
fn check_owned(pairs: &[Pair], span: &Span, owned: Owned, report: &mut Report) {
    for pair in pairs {
        let group = owned.iter().find(|(keys, _)| is_one_of(&pair.key, keys));
        if let Some((_, reason)) = group {
            report.push(Diagnostic::new(
                &rule::SLURM_KEY_OWNED,
                span.clone(),
                format!("{} is set by slurmha: {reason}", pair.key),
                format!("remove {}", pair.key),
            ));
        }
    }
}

fn is_one_of(key: &str, keys: &[&str]) -> bool {
    keys.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Slurm reads every pair of a line: a second key would be set without being looked at, and beside
/// the default that it should replace. A record's line has several on purpose.
fn check_one_key(pairs: &[Pair], span: &Span, report: &mut Report) {
    let [first, second, ..] = pairs else { return };
    if is_one_of(&first.key, &REPEATABLE) {
        return;
    }
    report.push(Diagnostic::new(
        &rule::INVALID_EXTRA,
        span.clone(),
        format!("{} stands on the line of {}", second.key, first.key),
        "write one key in each line; a value with blanks stands in double quotes",
    ));
}

/// Keys that make a new record each time they are written.
const REPEATABLE: [&str; 4] = ["NodeSet", "DownNodes", "FrontendName", "SwitchName"];

fn check_duplicates<'f>(pairs: impl Iterator<Item = (&'f Pair, &'f Span)>, report: &mut Report) {
    let mut first_use: HashMap<String, &Span> = HashMap::new();
    for (pair, span) in pairs.filter(|(pair, _)| !is_one_of(&pair.key, &REPEATABLE)) {
        let Some(first) = first_use.insert(pair.key.to_ascii_lowercase(), span) else { continue };
        let diagnostic = Diagnostic::new(
            &rule::DUPLICATE_SLURM_KEY,
            span.clone(),
            format!("{} is given twice, and Slurm would take the last one", pair.key),
            "keep one of them",
        );
        report.push(if first == span {
            diagnostic
        } else {
            diagnostic.related(first.clone(), "the first one")
        });
    }
}
