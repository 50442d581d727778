// SPDX-License-Identifier: Apache-2.0
//! What a machine prints that is no answer.
//!
//! The login shell's output and ours are one stream: Debian's bash reads root's .bashrc for
//! `ssh HOST COMMAND`, too, and what an `echo` in there says comes first. It is passed over,
//! and told where no answer follows: then it says what the machine does instead.

use std::fmt;

use slurmha_core::unseen::is_unseen;

/// No more of a line is shown, in characters.
const LONGEST: usize = 200;

/// The lines that were passed over.
#[derive(Clone, Debug, Default)]
pub struct Printed {
    last: String,
}

impl Printed {
    /// Passes a line over.
    pub fn pass(&mut self, line: &str) {
        if !line.trim().is_empty() {
            let shown = |c: char| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c };
            self.last = line.trim().chars().map(shown).take(LONGEST).collect();
        }
    }
}

/// Ends the message that there was no answer.
impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.last.is_empty() {
            return f.write_str("; it printed nothing");
        }
        write!(f, "; the last that it printed: {}", self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_told_on_one_line() {
        let mut printed = Printed::default();
        assert_eq!(printed.to_string(), "; it printed nothing");
        for line in ["Welcome", "\u{1b}]0;ctl1\u{7}this account is closed", "  ", ""] {
            printed.pass(line);
        }
        let told = printed.to_string();
        assert!(told.ends_with("]0;ctl1\u{fffd}this account is closed"), "{told}");
        assert!(!told.chars().any(is_unseen), "{told}");
    }
}
