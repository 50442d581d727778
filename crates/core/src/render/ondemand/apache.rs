// SPDX-License-Identifier: Apache-2.0
//! Apache beside the portal's own site: where it listens, and whom it asks for a certificate.

use std::fmt::Write as _;

use crate::config_file::ConfigFile;
use crate::layout::{ONDEMAND_LISTEN_FILE, ONDEMAND_PORT, ONDEMAND_SERVER_FILE};
use crate::render::{header, units};
use crate::site::{Machine, Ondemand, Tls};

/// `ports.conf` of Debian's Apache, which listens at every address and at 443 and 80.
///
/// Plain HTTP is for those who type a name without https, and for an authority that
/// looks there (RFC 8555, section 8.3).
pub(super) fn listen(ondemand: &Ondemand, host: &Machine) -> ConfigFile {
    let address = if ondemand.public { String::new() } else { format!("{}:", host.address) };
    let mut text = header("#");
    let _ = writeln!(text, "Listen {address}{} https", ondemand.port);
    if ondemand.port == ONDEMAND_PORT {
        let _ = writeln!(text, "Listen {address}80");
    }
    ConfigFile::new(ONDEMAND_LISTEN_FILE, text)
}

/// What counts for the whole server: mod_md's directives do (its documentation, "Context:
/// server config").
pub(super) fn server(ondemand: &Ondemand) -> ConfigFile {
    let mut text = format!("{}ServerName {}\n", header("#"), ondemand.servername);
    if let Tls::Acme { directory, contact } = &ondemand.tls {
        let _ = write!(
            text,
            "MDCertificateAgreement accepted
MDContactEmail {contact}
MDCertificateAuthority {directory}
MDomain {}
",
            ondemand.servername
        );
    }
    ConfigFile::new(ONDEMAND_SERVER_FILE, text)
}

/// Apache listens at an address that can come later than it starts, and Debian's unit gives
/// up then.
pub(super) fn drop_in() -> ConfigFile {
    units::drop_in(
        "apache2",
        "[Unit]
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=2
",
    )
}
