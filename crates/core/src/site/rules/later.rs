// SPDX-License-Identifier: Apache-2.0
//! Tables that a later version will read.

use crate::site::diagnostic::Diagnostic;
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let tables = [("portal", &file.portal)];
    for (name, table) in tables.into_iter().filter_map(|(name, t)| Some((name, t.as_ref()?))) {
        report.push(Diagnostic::new(
            &rule::NOT_YET_SUPPORTED,
            table.span.clone(),
            format!("[{name}] is not yet supported by this version of slurmha"),
            "remove the table, or put # before its lines until a version supports it",
        ));
    }
}
