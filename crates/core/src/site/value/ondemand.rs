// SPDX-License-Identifier: Apache-2.0
//! Values of `[ondemand]`.

use super::HttpUrl;
use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

/// The directory of an authority that issues certificates. RFC 8555 (section 6.1) has no
/// other than https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct AcmeDirectory(pub(in crate::site) String);

impl Text for AcmeDirectory {
    const EXPECTED: &'static str =
        "a URL such as \"https://acme-v02.api.letsencrypt.org/directory\"";
    const PATTERN: &'static str = "^https://[A-Za-z0-9._~:/?&=%+,;-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        match HttpUrl::parse(text) {
            Ok(HttpUrl(url)) if url.starts_with("https://") => Ok(Self(url)),
            _ => Err(Fault::new(
                &rule::INVALID_URL,
                "this is not the URL of an authority's directory",
                "write https://, a host and a path, without a login: \
                 https://acme-v02.api.letsencrypt.org/directory",
            )),
        }
    }
}

/// Where a provider of identities is. That it is https is asked by `rules/ondemand.rs`, which
/// says what http would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct IssuerUrl(pub(in crate::site) String);

impl Text for IssuerUrl {
    const EXPECTED: &'static str = "a URL such as \"https://login.example.edu/realms/hpc\"";
    const PATTERN: &'static str = HttpUrl::PATTERN;

    fn parse(text: &str) -> Result<Self, Fault> {
        match HttpUrl::parse(text) {
            Ok(HttpUrl(url)) => Ok(Self(url)),
            Err(_) => Err(Fault::new(
                &rule::INVALID_URL,
                "this is not the URL of a provider of identities",
                "write https://, a host and a path, without a login: \
                 https://login.example.edu/realms/hpc",
            )),
        }
    }
}

/// The name of an OpenID Connect claim or of an LDAP attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Claim(pub(in crate::site) String);

impl Text for Claim {
    const EXPECTED: &'static str = "a name such as \"preferred_username\"";
    const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && text.len() <= 64 && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_CLAIM,
            format!("`{}` is not the name of a claim or an attribute", text.escape_default()),
            "begin with a letter; then letters, digits, _ and - are allowed: preferred_username",
        ))
    }
}

/// A place in an LDAP directory, as RFC 4514 writes it, without its escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct DistinguishedName(pub(in crate::site) String);

impl Text for DistinguishedName {
    const EXPECTED: &'static str = "a place such as \"ou=people,dc=example,dc=edu\"";
    const PATTERN: &'static str = "^[A-Za-z0-9=,._@ -]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._@ -".contains(&b);
        let is_part = |part: &str| {
            part.split_once('=').is_some_and(|(name, value)| {
                let is_text = |text: &str| !text.trim().is_empty() && text.bytes().all(plain);
                is_text(name) && is_text(value)
            })
        };
        if text.split(',').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_DISTINGUISHED_NAME,
            format!("`{}` is not a place in a directory", text.escape_default()),
            "write name=value, separated by commas: ou=people,dc=example,dc=edu",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_and_what_is_not() {
        for name in ["uid", "preferred_username", "sAMAccountName"] {
            assert!(Claim::parse(name).is_ok(), "{name}");
        }
        for name in ["", "1st", "a b", "a\"b"] {
            assert!(Claim::parse(name).is_err(), "{name}");
        }
        for place in ["dc=org", "ou=People,dc=example,dc=edu", "cn=Read Only,dc=a"] {
            assert!(DistinguishedName::parse(place).is_ok(), "{place}");
        }
        for place in ["", "people", "ou=,dc=a", "ou=a\"b", "ou=a,", "ou=$HOME"] {
            assert!(DistinguishedName::parse(place).is_err(), "{place}");
        }
    }
}
