// SPDX-License-Identifier: Apache-2.0
//! WireGuard's keys: 32 bytes of Curve25519, written as base64 (wg(8)).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use x25519_dalek::StaticSecret;

/// Length of every key, in bytes.
pub const KEY_BYTES: usize = 32;

/// A public key, in the one form in which base64 can write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(String);

/// Why a text is no public key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not the base64 of 32 bytes.
    #[error("this is not the base64 of {KEY_BYTES} bytes")]
    Form,
    /// A key with which every secret is the same, whoever holds it.
    #[error("this key is one of those that protect nothing (a point of low order)")]
    Weak,
}

impl PublicKey {
    /// Reads the 44 characters that `wg pubkey` prints.
    ///
    /// # Errors
    /// When they are no such key, or one of the few (all zeros among them)
    /// with which Diffie-Hellman gives zeros for every secret; the kernel
    /// refuses a handshake with those (RFC 7748, section 6.1).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        // Strict: other bits at the end would be a second name of one key.
        let bytes = BASE64.decode(text).map_err(|_| KeyError::Form)?;
        let bytes: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| KeyError::Form)?;
        let any = StaticSecret::from([1; KEY_BYTES]);
        let shared = any.diffie_hellman(&x25519_dalek::PublicKey::from(bytes));
        // The highest bit is ignored by everybody (RFC 7748, section 5), so that
        // a key with it is another's second name.
        let canonical = bytes[KEY_BYTES - 1] & 0x80 == 0;
        match (shared.was_contributory(), canonical) {
            (true, true) => Ok(Self(text.to_owned())),
            (true, false) => Err(KeyError::Form),
            (false, _) => Err(KeyError::Weak),
        }
    }

    /// The key as base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.0
    }
}

/// A private key. It prints as `[secret]` and is wiped from memory when dropped.
pub struct PrivateKey(StaticSecret);

impl PrivateKey {
    /// The key made of these bytes, which have to come from the kernel's
    /// random generator.
    pub fn from_random(bytes: [u8; KEY_BYTES]) -> Self {
        Self(StaticSecret::from(bytes))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(BASE64.encode(x25519_dalek::PublicKey::from(&self.0).as_bytes()))
    }

    /// The base64 that WireGuard reads, for the moment of writing it to where
    /// it belongs. Clamped as `wg genkey` does, so that it is the same text
    /// that `wg show` would print.
    pub fn expose(&self) -> String {
        let mut bytes = self.0.to_bytes();
        bytes[0] &= 0xf8;
        bytes[KEY_BYTES - 1] = (bytes[KEY_BYTES - 1] & 0x7f) | 0x40;
        BASE64.encode(bytes)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair made by wg(8) of wireguard-tools 1.0.20210914 (Debian 12).
    #[test]
    fn a_key_has_the_public_half_that_wg_gives_it() {
        let private = "GH5+/yFiN2G53sSpTV4X6i+3I0VaRGVBcxr5LKJcV1s=";
        let bytes: [u8; KEY_BYTES] = BASE64.decode(private).unwrap().try_into().unwrap();
        let key = PrivateKey::from_random(bytes);
        assert_eq!(key.expose(), private);
        assert_eq!(key.public().as_str(), "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw=");
        assert_eq!(format!("{key:?}"), "[secret]");
    }

    #[test]
    fn keys_are_clamped_as_wg_does() {
        let bytes = BASE64.decode(PrivateKey::from_random([0xff; KEY_BYTES]).expose()).unwrap();
        assert_eq!((bytes[0], bytes[31]), (0xf8, 0x7f));
        let bytes = BASE64.decode(PrivateKey::from_random([0; KEY_BYTES]).expose()).unwrap();
        assert_eq!((bytes[0], bytes[31]), (0, 0x40));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = PrivateKey::from_random([7; KEY_BYTES]).public();
        assert_eq!(PublicKey::parse(good.as_str()), Ok(good.clone()));
        let short = &good.as_str()[..43];
        for text in ["", "key", short, &format!("{good} "), &format!("{good}="), "\u{0430}"] {
            assert_eq!(PublicKey::parse(text), Err(KeyError::Form), "{text:?}");
        }
    }

    /// The points of low order and their second names, from
    /// <https://cr.yp.to/ecdh.html#validate>.
    #[test]
    fn keys_that_protect_nothing_are_refused() {
        let mut one = [0; KEY_BYTES];
        one[0] = 1;
        let mut order = [0xff; KEY_BYTES];
        (order[0], order[31]) = (0xec, 0x7f);
        let mut second_zero = order;
        second_zero[0] = 0xed;
        for bytes in [[0; KEY_BYTES], one, order, second_zero] {
            assert_eq!(PublicKey::parse(&BASE64.encode(bytes)), Err(KeyError::Weak), "{bytes:?}");
        }
    }

    #[test]
    fn a_second_name_of_a_key_is_refused() {
        let good = PrivateKey::from_random([7; KEY_BYTES]).public();
        let mut bytes = BASE64.decode(good.as_str()).unwrap();
        bytes[31] |= 0x80;
        assert_eq!(PublicKey::parse(&BASE64.encode(bytes)), Err(KeyError::Form));
    }
}
