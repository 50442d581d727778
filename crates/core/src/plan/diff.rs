// SPDX-License-Identifier: Apache-2.0
//! Changes of texts, shown as administrators read them.

use similar::TextDiff;

/// A unified diff with three lines of context; no header, because the step
/// already names the file.
pub fn unified(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).to_string()
}
