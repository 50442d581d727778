// SPDX-License-Identifier: Apache-2.0
//! What a colour says.

/// What a colour says; there is always a word beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it shall be.
    Good,
    /// As it shall be, and not the one that works.
    Aside,
    /// The next failure would be noticed.
    Warning,
    /// Users notice.
    Bad,
    /// Nobody can tell.
    Unknown,
}

impl Tone {
    /// Its colour, of the eight by Okabe and Ito ("Color Universal Design",
    /// 2002), and grey for what is not known.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Good => "#009E73",
            Self::Aside => "#56B4E9",
            Self::Warning => "#E69F00",
            Self::Bad => "#D55E00",
            Self::Unknown => "#999999",
        }
    }
}
