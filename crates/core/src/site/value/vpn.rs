// SPDX-License-Identifier: Apache-2.0
//! Values of `[vpn]`.

use super::name::{PLAIN, PLAIN_HELP, is_plain};
use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;
use crate::wireguard::{KeyError, PublicKey};

impl Text for PublicKey {
    const EXPECTED: &'static str = "a WireGuard public key, the 44 characters of `wg pubkey`";
    const PATTERN: &'static str = "^[A-Za-z0-9+/]{43}=$";

    fn parse(text: &str) -> Result<Self, Fault> {
        Self::parse(text).map_err(|error| {
            let help = match error {
                KeyError::Form => "copy all 44 characters that `wg pubkey` printed, = included",
                KeyError::Weak => "make a new pair: wg genkey | tee private | wg pubkey",
            };
            // Not the text itself: who mixes keys up has written the private one.
            Fault::new(&rule::INVALID_PUBLIC_KEY, error.to_string(), help)
        })
    }
}

/// What a person's machine is called. It becomes a comment in the gateway's
/// configuration and the name of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct PeerName(pub(in crate::site) String);

impl Text for PeerName {
    const EXPECTED: &'static str = "a name such as \"anna-laptop\"";
    const PATTERN: &'static str = PLAIN;

    fn parse(text: &str) -> Result<Self, Fault> {
        if is_plain(text) {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("`{}` cannot be the name of a peer", text.escape_default());
        Err(Fault::new(&rule::INVALID_PEER_NAME, message, PLAIN_HELP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["a", "anna-laptop", "bob2"] {
            assert!(PeerName::parse(name).is_ok(), "{name}");
        }
        let long = "a".repeat(33);
        for name in [
            "",
            " ",
            "anna laptop",
            "anna\"",
            "..",
            "../x",
            "a\nb",
            "Anna",
            "-a",
            "2a",
            "a_b",
            "a.b",
            "\u{0430}nna",
            "anna\u{200b}",
            "a;b",
            "$(a)",
            &long,
        ] {
            let fault = PeerName::parse(name).map(drop).map_err(|fault| fault.message);
            assert!(fault.is_err_and(|text| text.is_ascii()), "{name:?}");
        }
    }
}
