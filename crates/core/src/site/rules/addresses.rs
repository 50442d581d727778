// SPDX-License-Identifier: Apache-2.0
//! The machines' addresses.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::and_more;
use super::networks::is_usable;
use super::roster::{Mention, mentions};
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragments::{Network, SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let mentions = mentions(file);
    let on_cluster = mentions.iter().filter_map(|mention| mention.address);
    let on_replication: Vec<&Spanned<Ipv4Addr>> = items(file.controller.as_ref())
        .iter()
        .filter_map(|controller| controller.replication_address.as_ref())
        .collect();
    if let Some(network) = &file.network {
        check_membership(on_cluster, Link::Cluster, network, report);
        let addresses = on_replication.iter().map(|address| (address.value, &address.span));
        check_membership(addresses, Link::Replication, network, report);
    }
    check_duplicates(&mentions, report);
    if let [first, second] = on_replication.as_slice()
        && first.value == second.value
    {
        report.push(duplicate(&second.value.to_string(), &second.span, &first.span));
    }
}

#[derive(Clone, Copy)]
enum Link {
    Cluster,
    Replication,
}

impl Link {
    fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster network",
            Self::Replication => "replication network",
        }
    }

    fn networks(self, network: &Network) -> (Option<&Spanned<Ipv4Net>>, Option<&Spanned<Ipv4Net>>) {
        let (cluster, replication) = (network.cluster.as_ref(), network.replication.as_ref());
        match self {
            Self::Cluster => (cluster, replication),
            Self::Replication => (replication, cluster),
        }
    }
}

/// Reports each value once, with its first wrong address.
fn check_membership<'f>(
    addresses: impl Iterator<Item = (Ipv4Addr, &'f Span)>,
    link: Link,
    network: &Network,
    report: &mut Report,
) {
    let (Some(own), other) = link.networks(network) else { return };
    let mut outside: BTreeMap<usize, (Ipv4Addr, &Span, usize)> = BTreeMap::new();
    let mut unusable = outside.clone();
    for (address, span) in addresses {
        let wrong = match (own.contains(&address), is_usable(address, own.value)) {
            (false, _) => &mut outside,
            (true, false) => &mut unusable,
            (true, true) => continue,
        };
        wrong.entry(span.start).or_insert((address, span, 0)).2 += 1;
    }
    for (address, span, count) in outside.into_values() {
        let what = and_more(&address.to_string(), count);
        let help = match other {
            Some(other) if other.contains(&address) => {
                format!(
                    "it is one of {}: are `address` and `replication_address` swapped?",
                    other.value
                )
            }
            _ => format!("use an address of {}, or correct the network in [network]", own.value),
        };
        let message = format!("{what}: not in the {} {}", link.name(), own.value);
        report.push(
            Diagnostic::new(&rule::ADDRESS_OUTSIDE_NETWORK, span.clone(), message, help)
                .related(own.span.clone(), format!("the {}", link.name())),
        );
    }
    for (address, span, count) in unusable.into_values() {
        let what = and_more(&address.to_string(), count);
        report.push(Diagnostic::new(
            &rule::ADDRESS_NOT_USABLE,
            span.clone(),
            format!("{what}: the first and the last address of {} belong to no machine", own.value),
            "use an address between them",
        ));
    }
}

/// Reports addresses of two machines; once for each pair of values.
fn check_duplicates(mentions: &[Mention<'_>], report: &mut Report) {
    let mut first_use: HashMap<Ipv4Addr, &Mention<'_>> = HashMap::new();
    let mut pairs: BTreeMap<(usize, usize), (Ipv4Addr, &Span, &Span, usize)> = BTreeMap::new();
    for mention in mentions {
        let Some((address, span)) = mention.address else { continue };
        let first = *first_use.entry(address).or_insert(mention);
        // Without both names nobody can say whether it is the same machine.
        let same_machine = mention.key().zip(first.key()).is_none_or(|(name, first)| name == first);
        let Some((_, first_span)) = first.address else { continue };
        if std::ptr::eq(first, mention) || same_machine {
            continue;
        }
        let pair = (first_span.start, span.start);
        pairs.entry(pair).or_insert((address, span, first_span, 0)).3 += 1;
    }
    for (address, span, first_span, count) in pairs.into_values() {
        report.push(duplicate(&and_more(&address.to_string(), count), span, first_span));
    }
}

fn duplicate(what: &str, span: &Span, first: &Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        &rule::DUPLICATE_ADDRESS,
        span.clone(),
        format!("{what}: given to two machines"),
        "give each machine an address of its own",
    );
    if span == first { diagnostic } else { diagnostic.related(first.clone(), "the other machine") }
}
