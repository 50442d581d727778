// SPDX-License-Identifier: Apache-2.0
//! Who has the lock, or had it last, as the lock file tells it: one line for
//! people, and one by which the process finds out whether that was itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slurmha_core::unseen::is_unseen;

/// No more of a name is shown, in characters.
const LONGEST: usize = 200;
/// No more of a file is read, in bytes: more than the longest name with its id.
pub const LONGEST_FILE: u64 = 4096;

/// Somebody who wants the lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Name {
    /// As in `an apply by anna@admin, process 7`.
    who: String,
    /// Nobody else's.
    id: String,
}

impl Name {
    /// A name, and the random bytes that make it nobody else's.
    pub fn new(who: &str, random: &[u8]) -> Self {
        let id = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { who: who.to_owned(), id }
    }

    /// What the file says of it.
    pub fn text(&self, now: Timestamp) -> String {
        let at = now.strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("{}, begun {at}\n{}\n", printable(&self.who), self.id)
    }
}

/// What a lock file says, in whatever words.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Who it was and when, fit to be printed.
    pub words: String,
    /// Earlier versions left none.
    id: Option<String>,
}

impl Left {
    /// Reads it; nobody has left a name in an empty file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let words = printable(lines.next().unwrap_or_default());
        let id = lines.next().map(|line| line.trim().to_owned());
        (!text.trim().is_empty()).then_some(Self { words, id })
    }

    /// Whether it was the one of this name.
    pub fn is(&self, name: &Name) -> bool {
        self.id.as_deref() == Some(name.id.as_str())
    }
}

/// One line of any text, as it can be printed.
fn printable(text: &str) -> String {
    let shown = |c: char| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut rest = text.trim().chars().map(shown);
    let mut line: String = rest.by_ref().take(LONGEST).collect();
    if rest.next().is_some() {
        line.push_str("...");
    }
    if line.is_empty() { "somebody".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-03-04T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn whoever_left_a_name_knows_it_again_and_nobody_else_does() {
        let name = Name::new("an apply by anna@admin, process 7", &[0xab, 1]);
        let text = name.text(noon());
        insta::assert_snapshot!(text, @r"
        an apply by anna@admin, process 7, begun 2026-03-04 12:00:00 UTC
        ab01
        ");
        let left = Left::read(text.as_bytes()).expect("a name");
        assert!(left.is(&name));
        // The same words on the same machine: the next run.
        assert!(!left.is(&Name::new("an apply by anna@admin, process 7", &[0xab, 2])));
    }

    #[test]
    fn a_name_without_an_id_is_somebody_elses_and_no_name_is_nobodys() {
        let old = Left::read(b"an apply by bob@admin, process 9").expect("a name");
        assert_eq!(old.words, "an apply by bob@admin, process 9");
        assert!(!old.is(&Name::new("an apply by bob@admin, process 9", &[])));
        assert_eq!(Left::read(b""), None);
        assert_eq!(Left::read(b"\n \n"), None);
    }

    #[test]
    fn whatever_is_in_the_file_is_one_short_line() {
        let long = Left::read(&[b'a'; 4000]).expect("a name");
        assert_eq!(long.words.chars().count(), LONGEST + 3);
        let binary = Left::read(b"\x1b[2J\xff\x00\xe2\x80\xaebob\n\x07\n").expect("a name");
        assert!(!binary.words.chars().any(is_unseen), "{:?}", binary.words);
        assert!(binary.words.ends_with("bob"), "{:?}", binary.words);
        assert_eq!(Left::read(b"\nab01\n").expect("an id").words, "somebody");
    }

    #[test]
    fn who_asks_cannot_write_a_second_line() {
        let text = Name::new("an apply by a\nb", &[1]).text(noon());
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
