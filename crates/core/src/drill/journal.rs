// SPDX-License-Identifier: Apache-2.0
//! `journalctl --output=json`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::observe::ParseError;

const PROGRAM: &str = "journalctl";

/// The fields that [`parse_journal`] reads, for `--output-fields`.
pub const JOURNAL_FIELDS: &str = "SYSLOG_IDENTIFIER,MESSAGE,_SOURCE_REALTIME_TIMESTAMP";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When it was sent, or else received, on the machine's own clock.
    pub at: Timestamp,
    /// Who sent it: `kernel`, `corosync`, `pacemaker-controld`, ...
    pub source: String,
    /// Its text.
    pub message: String,
}

/// Reads a message per line.
///
/// # Errors
/// When a line is no JSON object or has no time.
pub fn parse_journal(text: &str) -> Result<Vec<JournalEntry>, ParseError> {
    text.lines().filter(|line| !line.trim().is_empty()).map(entry).collect()
}

fn entry(line: &str) -> Result<JournalEntry, ParseError> {
    let fields: Map<String, Value> = serde_json::from_str(line)
        .map_err(|_| ParseError::unexpected(PROGRAM, "a JSON object", line))?;
    // The sender's time is nearer to the truth on a machine that is busy;
    // messages of the kernel have only the time at which they were received.
    let time = text(&fields, "_SOURCE_REALTIME_TIMESTAMP")
        .or_else(|| text(&fields, "__REALTIME_TIMESTAMP"))
        .ok_or(ParseError::Missing { program: PROGRAM, what: "__REALTIME_TIMESTAMP" })?;
    let at = time
        .parse()
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .ok_or_else(|| ParseError::unexpected(PROGRAM, "microseconds", &time))?;
    Ok(JournalEntry {
        at,
        source: text(&fields, "SYSLOG_IDENTIFIER").unwrap_or_default(),
        message: text(&fields, "MESSAGE").unwrap_or_default(),
    })
}

/// A field as text. journald writes bytes that are no UTF-8 as an array of
/// numbers, and fields that are too long as null.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> =
                bytes.iter().map(|b| b.as_u64().and_then(|b| u8::try_from(b).ok())).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_time_is_preferred() {
        let text = r#"{"__REALTIME_TIMESTAMP":"1800000002000000","_SOURCE_REALTIME_TIMESTAMP":"1800000001000000","SYSLOG_IDENTIFIER":"corosync","MESSAGE":"  [TOTEM ] A new membership (2.e) was formed. Members left: 1"}
{"__REALTIME_TIMESTAMP":"1800000003000000","SYSLOG_IDENTIFIER":"kernel","MESSAGE":[98,108,195]}
"#;
        let entries = parse_journal(text).unwrap();
        assert_eq!(entries[0].at, Timestamp::from_second(1_800_000_001).unwrap());
        assert_eq!(entries[0].source, "corosync");
        assert_eq!(entries[1].at, Timestamp::from_second(1_800_000_003).unwrap());
        assert_eq!(entries[1].message, "bl\u{fffd}");
    }

    #[test]
    fn a_line_without_time_is_an_error() {
        assert!(parse_journal("{\"MESSAGE\":\"x\"}").is_err());
        assert!(parse_journal("-- No entries --").is_err());
        assert_eq!(parse_journal("").unwrap(), []);
    }
}
