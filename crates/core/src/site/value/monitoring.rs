// SPDX-License-Identifier: Apache-2.0
//! Values of `[monitoring]`.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::HostOrAddress;
use super::name::{PLAIN, PLAIN_HELP, is_plain};
use crate::site::diagnostic::{Diagnostic, Fault, Span};
use crate::site::reader::{Report, Text, Value};
use crate::site::rule;
use crate::site::spanned::Spanned;

/// A length of time in Prometheus' notation, in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Retention(pub(in crate::site) String);

impl Text for Retention {
    const EXPECTED: &'static str = "a length of time such as \"30d\"";
    const PATTERN: &'static str = "^[1-9][0-9]{0,3}[hdwy]$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let number = text.strip_suffix(['h', 'd', 'w', 'y']).unwrap_or_default();
        let digits = (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if digits && !number.starts_with('0') {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_RETENTION,
            format!("`{text}` is not a length of time that Prometheus reads"),
            "write a number and one of h, d, w or y: 30d",
        ))
    }
}

/// Who gets a mail, or whom it comes from, without a display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct MailAddress(pub(in crate::site) String);

impl Text for MailAddress {
    const EXPECTED: &'static str = "a mail address such as \"hpc-admins@example.edu\"";
    const PATTERN: &'static str = "^[A-Za-z0-9._+=/-]+@[A-Za-z0-9.-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+=/-".contains(&b);
        let valid = text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && name.bytes().all(plain) && HostOrAddress::parse(host).is_ok()
        });
        if valid {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_MAIL_ADDRESS,
            format!("`{text}` is not a mail address"),
            "write the address alone, one for each entry: hpc-admins@example.edu",
        ))
    }
}

/// Who gets a mail: somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Recipients(pub(in crate::site) Vec<Spanned<MailAddress>>);

impl Value for Recipients {
    fn expected() -> String {
        MailAddress::expected_many()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        if value.as_array().is_some_and(|entries| entries.is_empty()) {
            report.push(Diagnostic::new(
                &rule::INVALID_MAIL_ADDRESS,
                span.clone(),
                "the list of those who get a mail is empty",
                "write at least one address, or remove [monitoring.mail]",
            ));
        }
        Vec::read(value, span, report).map(Self)
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": MailAddress::schema() })
    }
}

/// A login name on a mail server, often a mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct MailUser(pub(in crate::site) String);

impl Text for MailUser {
    const EXPECTED: &'static str = "a login name such as \"slurmha\"";
    const PATTERN: &'static str = "^[A-Za-z0-9@._+=/-]{1,128}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"@._+=/-".contains(&b);
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_USER,
            format!("`{text}` is not a login name that can be used here"),
            "letters, digits and @._+=/- are allowed, 128 characters at most",
        ))
    }
}

/// A server with its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct HostAndPort(pub(in crate::site) String);

impl Text for HostAndPort {
    const EXPECTED: &'static str = "a server and its port such as \"mail.example.edu:587\"";
    const PATTERN: &'static str = "^[A-Za-z0-9.-]+:[0-9]{1,5}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let valid = text.rsplit_once(':').is_some_and(|(host, port)| {
            let port = port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
            port && !text.ends_with(":0")
                && !host.contains(':')
                && HostOrAddress::parse(host).is_ok()
        });
        if valid {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_HOST_AND_PORT,
            format!("`{text}` is not a server with its port"),
            "write both: mail.example.edu:587, or :25 for a server that asks for no login",
        ))
    }
}

/// An http or https URL that carries no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct HttpUrl(pub(in crate::site) String);

impl Text for HttpUrl {
    const EXPECTED: &'static str = "a URL such as \"http://10.77.0.31:9099/\"";
    const PATTERN: &'static str = "^https?://[A-Za-z0-9._~:/?&=%+,;-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let rest = rest.unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        let port = authority.split_once(':').is_none_or(|_| HostAndPort::parse(authority).is_ok());
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~:/?&=%+,;-".contains(&b);
        if HostOrAddress::parse(host).is_ok() && port && rest.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_URL,
            "this is not a URL that alerts can be sent to",
            "write http:// or https://, a host and a path; one with a password or key in it goes \
             into a file, with `url_file`",
        ))
    }
}

/// Where an APT repository is, without a slash at the end and without a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct RepositoryUrl(pub(in crate::site) String);

impl Text for RepositoryUrl {
    const EXPECTED: &'static str = "a URL such as \"https://apt.grafana.com\"";
    const PATTERN: &'static str = HttpUrl::PATTERN;

    fn parse(text: &str) -> Result<Self, Fault> {
        match HttpUrl::parse(text) {
            Ok(HttpUrl(url)) => Ok(Self(url.trim_end_matches('/').to_owned())),
            Err(_) => Err(Fault::new(
                &rule::INVALID_URL,
                "this is not the URL of an APT repository",
                "write http:// or https://, a host and a path: https://apt.grafana.com",
            )),
        }
    }
}

/// What a webhook is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct ReceiverName(pub(in crate::site) String);

impl Text for ReceiverName {
    const EXPECTED: &'static str = "a name such as \"chat\"";
    const PATTERN: &'static str = PLAIN;

    fn parse(text: &str) -> Result<Self, Fault> {
        if is_plain(text) {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("`{}` cannot be the name of a receiver", text.escape_default());
        Err(Fault::new(&rule::INVALID_RECEIVER_NAME, message, PLAIN_HELP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_and_what_is_not() {
        for url in ["http://10.77.0.31:9099/", "https://chat.example.edu/hook?room=1", "http://a"] {
            assert!(HttpUrl::parse(url).is_ok(), "{url}");
        }
        for url in ["ftp://a/", "http://", "http://u:p@a/", "http://a:x/", "http://a b", "a"] {
            assert!(HttpUrl::parse(url).is_err(), "{url}");
        }
        for server in ["mail.example.edu:587", "10.0.0.1:25"] {
            assert!(HostAndPort::parse(server).is_ok(), "{server}");
        }
        for server in ["mail.example.edu", "mail:0", "mail:70000", "mail:+25", ":25", "::1:25"] {
            assert!(HostAndPort::parse(server).is_err(), "{server}");
        }
        for length in ["30d", "9999h", "1y"] {
            assert!(Retention::parse(length).is_ok(), "{length}");
        }
        for length in ["30", "0d", "d", "30 d", "1d12h", "12345d"] {
            assert!(Retention::parse(length).is_err(), "{length}");
        }
        assert!(MailAddress::parse("hpc+slurm@example.edu").is_ok());
        for address in ["Admins <a@b>", "a@", "@b", "a", "a@b@c", "a@b,c@d"] {
            assert!(MailAddress::parse(address).is_err(), "{address}");
        }
    }
}
