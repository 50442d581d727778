// SPDX-License-Identifier: Apache-2.0
//! What the values of a site file must not contradict, one file per family.
//!
//! Every rule looks at the values that could be read and stays silent about
//! the others, which have been reported already.

mod addresses;
mod arbiter;
mod console;
mod devices;
mod fencing;
mod listener;
mod login_hosts;
mod machines;
mod monitoring;
mod networks;
mod nodes;
mod ondemand;
mod partitions;
mod people;
mod portal;
mod roster;
mod slurm;
mod spelling;
mod timing;
mod vpn;

use super::diagnostic::Span;
use super::fragments::SiteFile;
use super::reader::Report;

/// A family of rules.
type Family = fn(&SiteFile, &mut Report);

const FAMILIES: &[Family] = &[
    networks::check,
    addresses::check,
    machines::check,
    spelling::check,
    devices::check,
    arbiter::check,
    fencing::check,
    timing::check,
    nodes::check,
    partitions::check,
    slurm::check,
    monitoring::check,
    vpn::check,
    console::check,
    people::check,
    portal::check,
    ondemand::check,
];

/// Applies every rule.
pub(super) fn check(file: &SiteFile, report: &mut Report) {
    FAMILIES.iter().for_each(|family| family(file, report));
}

/// Where to point when something is absent from the whole file.
fn whole_file(file: &SiteFile) -> Span {
    file.cluster.as_ref().map_or(0..0, |cluster| cluster.span.clone())
}

/// `cn1`, or `cn1 and 7 more`.
fn and_more(first: &str, count: usize) -> String {
    match count {
        0 | 1 => first.to_owned(),
        n => format!("{first} and {} more", n - 1),
    }
}
