// SPDX-License-Identifier: Apache-2.0
//! Public keys as apt reads them from a file that ends with `.asc`: armored.
//!
//! RFC 4880: section 4.2 (packet tags), 6.2 (ASCII armor; its checksum may be left
//! out).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";
const LINE: usize = 64;

/// Why a file holds no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPublicKey {
    /// It holds something else, or nothing.
    #[error("it is no OpenPGP public key, neither armored nor binary")]
    Other,
    /// It holds what must not leave its owner.
    #[error("it is a private key")]
    Private,
}

/// The public key in a file, armored, whichever of the two forms it has there.
pub fn armored(file: &[u8]) -> Result<String, NoPublicKey> {
    // The first packet's tag, in the old form of the header and in the new one.
    match file.first() {
        Some(0x98..=0x9b | 0xc6) => return Ok(armor(file)),
        Some(0x94..=0x97 | 0xc5) => return Err(NoPublicKey::Private),
        _ => {}
    }
    let text = std::str::from_utf8(file).map_err(|_| NoPublicKey::Other)?;
    if text.contains("PRIVATE KEY BLOCK") {
        return Err(NoPublicKey::Private);
    }
    let begin = text.find(BEGIN).ok_or(NoPublicKey::Other)?;
    let length = text[begin..].find(END).ok_or(NoPublicKey::Other)? + END.len();
    Ok(text[begin..begin + length].replace("\r\n", "\n"))
}

fn armor(packets: &[u8]) -> String {
    let coded = BASE64.encode(packets);
    let mut text = format!("{BEGIN}\n\n");
    for (index, letter) in coded.chars().enumerate() {
        text.push(letter);
        if (index + 1) % LINE == 0 {
            text.push('\n');
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text + END
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_key_gets_its_armor() {
        let mut key = vec![0x99, 0x01, 0x0d, 0x04];
        key.resize(60, 0xff);
        let text = armored(&key).expect("a key");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[1], lines[4]), (BEGIN, "", END));
        let coded = format!("{}{}", lines[2], lines[3]);
        assert_eq!(BASE64.decode(coded).expect("base64"), key);
        assert_eq!(armored(text.as_bytes()).expect("a key"), text);
    }

    #[test]
    fn what_stands_around_an_armored_key_is_left_out() {
        let file = format!("Grafana\r\n{BEGIN}\r\n\r\nmQENBA==\r\n{END}\r\n");
        assert_eq!(armored(file.as_bytes()), Ok(format!("{BEGIN}\n\nmQENBA==\n{END}")));
    }

    #[test]
    fn other_files_are_refused() {
        let private = format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\n{BEGIN}\n{END}");
        assert_eq!(armored(private.as_bytes()), Err(NoPublicKey::Private));
        assert_eq!(armored(&[0x95, 0x03]), Err(NoPublicKey::Private));
        for file in [&b""[..], b"<html>", BEGIN.as_bytes(), &[0xff, 0xfe]] {
            assert_eq!(armored(file), Err(NoPublicKey::Other), "{file:?}");
        }
    }
}
