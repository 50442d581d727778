// SPDX-License-Identifier: Apache-2.0
//! Hostlists of names and of addresses.

use std::net::Ipv4Addr;

use super::name::check_host_name;
use crate::site::diagnostic::Fault;
use crate::site::hostlist::{self, Part};
use crate::site::reader::Text;
use crate::site::rule;

/// A hostlist of machine names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Nodes {
    pub(in crate::site) written: String,
    pub(in crate::site) names: Vec<String>,
}

impl Text for Nodes {
    const EXPECTED: &'static str = "a hostlist such as \"cn[001-128]\"";
    const PATTERN: &'static str = r"^[A-Za-z0-9,\[\]-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let names = expand(text)?;
        check_brackets(text)?;
        for name in &names {
            check_host_name(name)?;
        }
        Ok(Self { written: text.to_owned(), names })
    }
}

/// A hostlist of addresses, one per name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Addresses(pub(in crate::site) Vec<Ipv4Addr>);

impl Text for Addresses {
    const EXPECTED: &'static str = "addresses in hostlist form such as \"10.77.0.[21-148]\"";
    const PATTERN: &'static str = r"^[0-9.,\[\]-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let addresses = expand(text)?;
        let addresses = addresses.iter().map(|address| Ipv4Addr::parse(address));
        Ok(Self(addresses.collect::<Result<_, _>>()?))
    }
}

/// The nodes of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) enum PartitionNodes {
    /// Slurm's `ALL`.
    All,
    Some(Nodes),
}

impl Text for PartitionNodes {
    const EXPECTED: &'static str = "a hostlist such as \"cn[001-128]\", or \"ALL\"";
    const PATTERN: &'static str = Nodes::PATTERN;

    fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "ALL" => Ok(Self::All),
            _ => Nodes::parse(text).map(Self::Some),
        }
    }
}

fn expand(text: &str) -> Result<Vec<String>, Fault> {
    hostlist::expand(text).map_err(|error| {
        let help = match &error {
            hostlist::Error::EmptyEntry => "write at least one name, and one comma between two",
            hostlist::Error::UnbalancedBrackets => "close each bracket: cn[001-128]",
            hostlist::Error::NotARange(_) => "write numbers and ranges: cn[1,3-5]",
            hostlist::Error::ReversedRange(_) => "write the lower number first: cn[1-16]",
            hostlist::Error::UnevenWidth(_) => "pad both bounds alike: cn[001-010]",
            hostlist::Error::TooManyNames => "split the list over several tables",
        };
        let message = format!("`{text}` is not a hostlist: {error}");
        Fault::new(&rule::INVALID_HOSTLIST, message, help)
    })
}

/// Slurm's limits on brackets in node names (`slurm.conf(5)`, NodeName): at
/// most two, and one of them at the end.
fn check_brackets(text: &str) -> Result<(), Fault> {
    let refuse =
        |message: String, help: &str| Err(Fault::new(&rule::INVALID_HOSTLIST, message, help));
    let entries = hostlist::entries(text).unwrap_or_default();
    for (entry, parts) in entries.iter().filter_map(|e| Some((e, hostlist::parts(e).ok()?))) {
        let brackets = parts.iter().filter(|part| matches!(part, Part::Ranges(_))).count();
        if brackets > 2 {
            return refuse(
                format!("`{entry}` has {brackets} brackets, and Slurm reads at most two"),
                "write some of them out: r1c[1-4]n[1-16],r2c[1-4]n[1-16]",
            );
        }
        if brackets > 0 && matches!(parts.last(), Some(Part::Text(_))) {
            return refuse(
                format!("`{entry}` goes on after its last bracket, which Slurm does not read"),
                "write the names out, separated by commas",
            );
        }
    }
    Ok(())
}
