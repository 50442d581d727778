// SPDX-License-Identifier: Apache-2.0
//! What goes through a terminal: bytes, and how large its window is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a terminal; as base64 in a line of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// A terminal's window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its width.
    pub columns: u16,
    /// Its height.
    pub rows: u16,
}

impl Window {
    /// What no screen exceeds, and no program has trouble with.
    const MOST: u16 = 1000;

    /// With sizes that a program can work with, whatever a browser says.
    #[must_use]
    pub fn within_reason(self) -> Self {
        let clamp = |size: u16| size.clamp(1, Self::MOST);
        Self { columns: clamp(self.columns), rows: clamp(self.rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_a_line_of_json() {
        let bytes = Bytes((0..=255).collect());
        let line = serde_json::to_string(&bytes).expect("a line");
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Bytes>(&line).expect("the same"), bytes);
        assert!(serde_json::from_str::<Bytes>("\"%\"").is_err());
    }

    #[test]
    fn a_window_has_a_size() {
        let window = |columns, rows| Window { columns, rows };
        assert_eq!(window(0, u16::MAX).within_reason(), window(1, 1000));
        assert_eq!(window(80, 24).within_reason(), window(80, 24));
    }
}
