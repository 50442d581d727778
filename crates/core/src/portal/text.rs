// SPDX-License-Identifier: Apache-2.0
//! Texts of users and of Slurm, as they can be shown and reckoned with.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::unseen::is_unseen;

/// How much of a name is shown, in characters; Slurm has no limit of its own.
const LONGEST: usize = 120;

/// A name as a page shows it: what cannot be seen ([`is_unseen`]) is shown as `\u{..}`, so
/// that it looks like nothing else.
pub fn visible(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for (nth, character) in name.chars().enumerate() {
        if nth == LONGEST {
            shown.push('…');
            break;
        }
        if is_unseen(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// What somebody else says, so that another sentence can follow.
pub fn sentence(said: &str) -> String {
    let said = said.trim();
    let is_ended = said.is_empty() || said.ends_with(['.', '!', '?']);
    if is_ended { said.to_owned() } else { format!("{said}.") }
}

/// A time as Slurm's programs print it in the standard format, asked for in UTC; `None` for
/// `N/A` and the like.
pub fn moment(text: &str) -> Option<Timestamp> {
    let time: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

/// A span as Slurm's programs print it, in seconds: `2-03:04:05`, `3:04:05`,
/// `4:05`; `None` for `UNLIMITED`, `NOT_SET` and `INVALID`.
pub fn seconds(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once('-') {
        None => (0, text),
        Some((days, clock)) => (days.parse().ok()?, clock),
    };
    let parts: Vec<u64> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let clock = match parts[..] {
        [hours, minutes, seconds] => hours * 3600 + minutes * 60 + seconds,
        [minutes, seconds] => minutes * 60 + seconds,
        _ => return None,
    };
    Some(days * 86_400 + clock)
}

/// A span in words of at most two units.
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_hide_anything() {
        assert_eq!(visible("a b ‘ü’ <b>"), "a b ‘ü’ <b>");
        assert_eq!(visible("a\nb\u{202e}c\u{200b}"), "a\\u{a}b\\u{202e}c\\u{200b}");
        assert_eq!(visible(&"x".repeat(500)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_sentence_ends() {
        assert_eq!(sentence("no such partition\n"), "no such partition.");
        assert_eq!([sentence("Why?"), sentence("")], ["Why?", ""]);
    }

    #[test]
    fn spans_are_read_and_said() {
        for (text, wanted) in [
            ("0:00", Some(0)),
            ("59:01", Some(3541)),
            ("1:00:00", Some(3600)),
            ("2-03:04:05", Some(183_845)),
            ("UNLIMITED", None),
            ("NOT_SET", None),
            ("INVALID", None),
            ("", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
        let said: Vec<String> = [9, 61, 7_260, 90_000].map(span).into();
        assert_eq!(said, ["9 s", "1 min 1 s", "2 h 1 min", "1 d 1 h"]);
    }

    #[test]
    fn a_time_is_of_utc() {
        let time = moment("2026-11-28T21:00:05").expect("a time");
        assert_eq!(time.to_string(), "2026-11-28T21:00:05Z");
        assert_eq!(moment("N/A"), None);
    }
}
