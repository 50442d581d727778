// SPDX-License-Identifier: Apache-2.0
//! Secrets that somebody wrote into the site file all the same.
//!
//! They are refused, but the lines that are quoted in a diagnostic end up on
//! screens and in logs, so the values are starred out first.

use std::ops::Range;

/// Words in a key that make its value a secret.
const SECRET: [&str; 11] = [
    "passwd",
    "password",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "privatekey",
    "preshared_key",
    "presharedkey",
];

/// Endings of keys that lead to a secret, or count something, instead.
const HARMLESS: [&str; 6] = ["_file", "-file", "_script", "-script", "_timeout", "_ms"];

/// Whether the value of such a key is a password or the like.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.iter().any(|word| key.contains(word))
        && !HARMLESS.iter().any(|ending| key.ends_with(ending))
}

/// The text with the values of secret keys starred out.
///
/// Every byte keeps its place, so that spans still fit. The text need not be
/// valid TOML: too much is starred out rather than too little.
pub fn mask_secrets(text: &str) -> String {
    let mut masked = text.to_owned();
    for equals in text.match_indices('=').map(|(index, _)| index) {
        if is_secret(key_before(&text[..equals])) {
            let Range { start, end } = value_after(text, equals + 1);
            let stars: String = text[start..end].bytes().map(star).collect();
            masked.replace_range(start..end, &stars);
        }
    }
    mask_logins(text, &mut masked);
    masked
}

/// Stars out `user:password` in URLs.
fn mask_logins(text: &str, masked: &mut String) {
    for start in text.match_indices("://").map(|(index, sign)| index + sign.len()) {
        let host = text[start..].split(['/', '"', '\'', ' ', '\n']).next().unwrap_or_default();
        if let Some(end) = host.rfind('@') {
            let stars: String = host[..end].bytes().map(star).collect();
            masked.replace_range(start..start + end, &stars);
        }
    }
}

fn star(byte: u8) -> char {
    if byte == b'\n' { '\n' } else { '*' }
}

/// The last word before an equals sign, with its dots and without its quotes.
fn key_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t', '"', '\'']);
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = text.char_indices().rev().take_while(|(_, c)| is_key(*c)).last();
    start.map_or("", |(index, _)| &text[index..])
}

/// The inside of the text in quotes at `from`, or the bare word there.
fn value_after(text: &str, from: usize) -> Range<usize> {
    let start = from + text[from..].len() - text[from..].trim_start_matches([' ', '\t']).len();
    let rest = &text[start..];
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inside) = rest.strip_prefix(quote) {
            let start = start + quote.len();
            let unclosed = if quote.len() == 3 { inside.len() } else { line(inside) };
            return start..start + closing(inside, quote).unwrap_or(unclosed);
        }
    }
    start..start + rest.find(['\n', ',', '}', ']']).unwrap_or(rest.len())
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Where the closing quote stands; a backslash escapes in double quotes.
fn closing(inside: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in inside.char_indices() {
        if c == '\n' && quote.len() == 1 {
            return None;
        }
        if !escaped && inside[index..].starts_with(quote) {
            return Some(index);
        }
        escaped = c == '\\' && !escaped && quote.starts_with('"');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_what_leads_to_them() {
        for key in
            ["passwd", "password", "snmp_priv_passwd", "API_KEY", "options.passwd", "PrivateKey"]
        {
            assert!(is_secret(key), "{key}");
        }
        for key in ["password_file", "passwd_script", "lanplus", "login_timeout", "public_key"] {
            assert!(!is_secret(key), "{key}");
        }
    }

    #[test]
    fn values_are_starred_out_in_place() {
        let masked = |text| mask_secrets(text);
        assert_eq!(masked("passwd = \"abc\"\n"), "passwd = \"***\"\n");
        assert_eq!(masked("{ passwd=\"a\\\"c\", x = 'y' }"), "{ passwd=\"****\", x = 'y' }");
        assert_eq!(masked("'password' = 'abc'"), "'password' = '***'");
        assert_eq!(masked("o.passwd = \"\"\"a\nb\"\"\"\nc"), "o.passwd = \"\"\"*\n*\"\"\"\nc");
        assert_eq!(masked("passwd = \"abc\nx = \"y\""), "passwd = \"***\nx = \"y\"");
        assert_eq!(masked("passwd = abc\nx = 1"), "passwd = ***\nx = 1");
        assert_eq!(masked("password_file = \"~/bmc\""), "password_file = \"~/bmc\"");
        assert_eq!(masked("url = \"https://u:p@a/b@c\""), "url = \"https://***@a/b@c\"");
        assert_eq!(masked("passwd = \"\u{e4}\"").len(), "passwd = \"\u{e4}\"".len());
    }
}
