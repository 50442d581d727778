// SPDX-License-Identifier: Apache-2.0
//! What numbers mean that several dashboards show.

use super::{Tone, Word};

/// Something answers, or it does not.
pub(super) const ANSWERS: &[Word] =
    &[Word::new(0, "failed", Tone::Bad), Word::new(1, "ok", Tone::Good)];

/// Which of the two controllers works.
pub(super) const ACTIVE: &[Word] =
    &[Word::new(0, "passive", Tone::Aside), Word::new(1, "active", Tone::Good)];
