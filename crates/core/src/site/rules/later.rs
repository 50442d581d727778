// SPDX-License-Identifier: Apache-2.0
//! Tables that a later version will read.

use crate::site::diagnostic::Diagnostic;
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    for table in [&file.vpn, &file.portal, &file.monitoring].into_iter().flatten() {
        report.push(Diagnostic::new(
            &rule::NOT_YET_SUPPORTED,
            table.span.clone(),
            "this table is not yet supported by this version of slurmha",
            "remove it, or put # before its lines until a version supports it",
        ));
    }
}
