// SPDX-License-Identifier: Apache-2.0
//! munge's credentials, as its programs print them.

use super::MAX_QUESTION;

/// What a credential holds that munge has found to be genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The user who made it.
    pub uid: u32,
    /// What it carries.
    pub payload: String,
}

/// Whether a line can be a credential at all: `MUNGE:`, base64, `:`. Anything
/// else is not worth a process.
pub fn looks_like_credential(line: &[u8]) -> bool {
    let body = line.strip_prefix(b"MUNGE:").and_then(|rest| rest.strip_suffix(b":"));
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
    line.len() < MAX_QUESTION
        && body.is_some_and(|body| !body.is_empty() && body.iter().all(is_base64))
}

/// Reads what `unmunge --keys=UID` prints (munge 0.5.15): `UID:`, spaces, the
/// name and the number in parentheses (the number alone when it has no name),
/// an empty line, the payload.
pub fn parse_unmunge(text: &str) -> Option<Credential> {
    let (metadata, payload) = text.split_once("\n\n")?;
    let value = metadata.lines().find_map(|line| line.strip_prefix("UID:"))?.trim();
    let number = match value.rsplit_once('(') {
        Some((_, number)) => number.strip_suffix(')')?,
        None => value,
    };
    Some(Credential { uid: number.parse().ok()?, payload: payload.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_and_the_payload_are_read() {
        let text = "UID:              nobody (65534)\n\nslurmha-saved-1 7 15000";
        let credential = parse_unmunge(text).unwrap();
        assert_eq!(credential.uid, 65534);
        assert_eq!(credential.payload, "slurmha-saved-1 7 15000");
    }

    #[test]
    fn a_user_without_a_name_here_has_a_number() {
        let text = "UID:              ??? (4000)\n\n";
        assert_eq!(parse_unmunge(text).unwrap().uid, 4000);
        assert_eq!(parse_unmunge("UID: 4000\n\nx").unwrap().uid, 4000);
    }

    #[test]
    fn the_payload_cannot_name_a_user() {
        let text = "UID:  nobody (65534)\n\n\n\nUID: root (0)\n\n";
        assert_eq!(parse_unmunge(text).unwrap().uid, 65534);
        for text in ["", "\n\nUID: root (0)", "UID: root (0", "UID: root (0\n\n", "GID: x (1)\n\n"]
        {
            assert_eq!(parse_unmunge(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_credentials_look_like_one() {
        assert!(looks_like_credential(b"MUNGE:AwQDAADc+/=:"));
        for line in [&b""[..], b"MUNGE::", b"MUNGE:a b:", b"MUNGE:abc", b"GET / HTTP/1.1"] {
            assert!(!looks_like_credential(line));
        }
        assert!(!looks_like_credential(&[b"MUNGE:", &[b'A'; MAX_QUESTION][..], b":"].concat()));
    }
}
