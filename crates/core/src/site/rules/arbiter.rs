// SPDX-License-Identifier: Apache-2.0
//! The third vote, and dangers that are accepted.

use super::whole_file;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Controller, SiteFile, items};
use crate::site::model::{Accept, gives_proof};
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

/// Where a device switches nothing off the word is needed: without it the device is refused.
fn check_fencing_accept(file: &SiteFile, report: &mut Report) {
    let accepted =
        file.cluster.as_ref().and_then(|cluster| cluster.accepted(Accept::DataLossWithoutFencing));
    let controllers = items(file.controller.as_ref());
    let is_cut = |controller: &Controller| {
        let fence = controller.fence.as_ref();
        fence.is_some_and(|it| it.agent.as_ref().is_none_or(|agent| gives_proof(&agent.0)))
    };
    let fenced = !controllers.is_empty() && controllers.iter().all(|it| is_cut(it));
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
