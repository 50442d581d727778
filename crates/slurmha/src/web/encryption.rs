// SPDX-License-Identifier: Apache-2.0
//! The certificate: the site's, or one that this machine makes for itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key.
pub struct Encryption {
    /// What connections are accepted with.
    pub acceptor: TlsAcceptor,
    /// SHA-256 of the certificate, as browsers show it.
    pub fingerprint: String,
}

impl Encryption {
    /// From PEM files.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together; in a sentence.
    pub fn of(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| format!("no certificate in {}: {error}", certificate.display()))?;
        let first = chain.first();
        let first = first.ok_or_else(|| format!("no certificate in {}", certificate.display()))?;
        let fingerprint = fingerprint(first);
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("no private key in {}: {error}", key.display()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| format!("{} and its key: {error}", certificate.display()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
    }

    /// From what lies in that directory; made there for what listens under these
    /// names and addresses when there is none.
    ///
    /// # Errors
    /// When it can be neither read nor made; in a sentence.
    pub fn own(
        directory: &Path,
        what: &str,
        names: &[String],
        addresses: &[IpAddr],
    ) -> Result<Self, String> {
        let [certificate, key] = files(directory);
        // The key is written first: with the certificate, both are there.
        if !certificate.exists() {
            make(&certificate, &key, what, names, addresses)?;
        }
        Self::of(&certificate, &key)
    }
}

fn files(directory: &Path) -> [PathBuf; 2] {
    ["certificate.pem", "key.pem"].map(|name| directory.join(name))
}

fn make(
    certificate: &Path,
    key: &Path,
    what: &str,
    names: &[String],
    addresses: &[IpAddr],
) -> Result<(), String> {
    let failed = |error: rcgen::Error| format!("cannot make a certificate: {error}");
    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name = DistinguishedName::new();
    let name = names.first().map_or("slurmha", String::as_str);
    params.distinguished_name.push(DnType::CommonName, format!("slurmha {what} on {name}"));
    let pair = KeyPair::generate().map_err(failed)?;
    let made = params.self_signed(&pair).map_err(failed)?;
    write(key, &pair.serialize_pem(), 0o600)?;
    write(certificate, &made.pem(), 0o644)
}

/// Beside its place, and then renamed.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let new = path.with_extension("new");
    let written = (|| -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn fingerprint(certificate: &[u8]) -> String {
    let bytes = Sha256::digest(certificate);
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
