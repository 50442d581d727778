// SPDX-License-Identifier: Apache-2.0
//! One spelling of each machine's name.
//!
//! To DNS, login1 and Login1 are one machine. Past the rules, names are compared as they are
//! written: what stands there twice would be set up as two machines, and a host of the portal
//! would be found nowhere.

use std::collections::{BTreeMap, HashMap};

use super::and_more;
use super::roster::mentions;
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragments::{SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;

/// A name and where it stands.
type Written<'f> = (&'f str, &'f Span);

/// Reports each pair of values once, with the first name that differs.
pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let mut first_use: HashMap<String, Written<'_>> = HashMap::new();
    let mut pairs: BTreeMap<(usize, usize), Spellings<'_>> = BTreeMap::new();
    for written in names(file) {
        let first = *first_use.entry(written.0.to_ascii_lowercase()).or_insert(written);
        if first.0 != written.0 {
            let pair = (first.1.start, written.1.start);
            pairs.entry(pair).or_insert(Spellings { first, other: written, count: 0 }).count += 1;
        }
    }
    pairs.values().for_each(|spellings| report.push(spellings.diagnostic()));
}

/// Every name of a machine; the tables that describe machines come before the lists of hosts,
/// because theirs is the spelling that counts.
fn names(file: &SiteFile) -> Vec<Written<'_>> {
    let portal = file.portal.as_ref().and_then(|portal| portal.hosts.as_ref());
    let ondemand = file.ondemand.as_ref().and_then(|ondemand| ondemand.hosts.as_ref());
    let hosts = items(portal).iter().chain(items(ondemand));
    let hosts = hosts.map(|host| (host.0.as_str(), &host.span));
    mentions(file).into_iter().filter_map(|mention| mention.name).chain(hosts).collect()
}

/// One name in two spellings.
struct Spellings<'f> {
    first: Written<'f>,
    other: Written<'f>,
    count: usize,
}

impl Spellings<'_> {
    fn diagnostic(&self) -> Diagnostic {
        let ((first, first_span), (other, span)) = (self.first, self.other);
        let diagnostic = Diagnostic::new(
            &rule::TWO_SPELLINGS,
            span.clone(),
            format!(
                "{}: written {first} elsewhere, which is the same machine to DNS and another one \
                 to the cluster",
                and_more(other, self.count)
            ),
            format!(
                "write {first} here, too; another machine needs a name that differs in more than \
                 capitals"
            ),
        );
        if span == first_span {
            return diagnostic;
        }
        diagnostic.related(first_span.clone(), "the first spelling")
    }
}
