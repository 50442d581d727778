// SPDX-License-Identifier: Apache-2.0
//! The third vote, and dangers that are accepted.

use super::whole_file;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{SiteFile, items};
use crate::site::model::Accept;
use crate::site::reader::Report;
use crate::site::rule;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(cluster) = &file.cluster else { return };
    let accepted = cluster.accepted(Accept::NoArbiter);
    match (&file.arbiter, accepted) {
        (None, None) if file.lacks("arbiter") => report.push(Diagnostic::new(
            &rule::MISSING_ARBITER,
            whole_file(file),
            "there is no arbiter: when the controllers lose sight of each other, only a fence race \
             decides, and a lone controller cannot start by itself",
            "name a third machine, such as a login node:\n[arbiter]\nname = \"login1\"\n\
             address = \"...\"\nor write accept = [\"no-arbiter\"] in [cluster]",
        )),
        (Some(_), Some(accepted)) => report.push(Diagnostic::new(
            &rule::NEEDLESS_ACCEPT,
            accepted.span.clone(),
            "\"no-arbiter\" is accepted, but there is an arbiter",
            "remove \"no-arbiter\", so that losing the arbiter is noticed",
        )),
        _ => {}
    }
    check_fencing_accept(file, report);
}

fn check_fencing_accept(file: &SiteFile, report: &mut Report) {
    let accepted =
        file.cluster.as_ref().and_then(|cluster| cluster.accepted(Accept::DataLossWithoutFencing));
    let controllers = items(file.controller.as_ref());
    let fenced = !controllers.is_empty() && controllers.iter().all(|c| c.fence.is_some());
    if let Some(accepted) = accepted
        && fenced
    {
        report.push(Diagnostic::new(
            &rule::NEEDLESS_ACCEPT,
            accepted.span.clone(),
            "\"data-loss-without-fencing\" is accepted, but every controller has a fence device",
            "remove it, so that losing a fence device is noticed",
        ));
    }
}
