// SPDX-License-Identifier: Apache-2.0
//! What the values of a site file must not contradict, one file per family.
//!
//! Every rule looks at the values that could be read and stays silent about
//! the others, which have been reported already.

use super::fragments::SiteFile;
use super::reader::Report;

/// Applies every rule.
pub(super) fn check(file: &SiteFile, report: &mut Report) {
    const FAMILIES: &[fn(&SiteFile, &mut Report)] = &[];
    FAMILIES.iter().for_each(|family| family(file, report));
}
