// SPDX-License-Identifier: Apache-2.0
//! Secrets: made on the cluster, moved only inside ssh, shown nowhere.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::access::Access;
use crate::site::NodeName;

/// Which secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum SecretId {
    /// `/etc/munge/munge.key`, on every machine.
    MungeKey,
    /// `/etc/corosync/authkey`, on the controllers.
    CorosyncKey,
    /// slurmdbd's password in MariaDB, on the controllers.
    DatabasePassword,
    /// What the two sides of the DRBD connection prove to each other.
    ReplicationKey,
    /// Password of the BMC that cuts this machine's power, on the controllers.
    BmcPassword(NodeName),
    /// Password of the login on the mail server, on the monitoring hosts.
    MailPassword,
    /// URL of the webhook of that name, on the monitoring hosts.
    WebhookUrl(String),
    /// The public key that signs Grafana's packages, on the monitoring hosts. It is no
    /// secret, and is placed like one: it comes from the administrator.
    GrafanaKey,
    /// Password of Grafana's user `admin`, on the monitoring hosts.
    GrafanaPassword,
    /// WireGuard key of a gateway: each has its own, which never leaves it.
    VpnKey,
    /// Password of the console, or its hash, where the console runs.
    ConsolePassword,
    /// Password of the console's actions, or its hash, on the first controller.
    ConsoleActionsPassword,
    /// The console's certificate, if the site has one of its own.
    ConsoleCertificate,
    /// Its private key.
    ConsoleKey,
    /// The directory's settings, `/etc/sssd/sssd.conf`; as a rule they hold a
    /// password.
    DirectoryConf,
    /// The portal's certificate, if the site has one of its own.
    PortalCertificate,
    /// Its private key.
    PortalKey,
    /// The public key that signs Open OnDemand's packages, on its hosts; see
    /// [`Self::GrafanaKey`].
    OndemandRepositoryKey,
    /// The public key that signs Node.js' packages, on Open OnDemand's hosts.
    NodeRepositoryKey,
    /// Open OnDemand's certificate, if it comes from a file.
    OndemandCertificate,
    /// Its private key.
    OndemandKey,
    /// What Open OnDemand shows to the site's provider of identities.
    OndemandClientSecret,
    /// What Open OnDemand's cookies are encrypted with, the same on all of its hosts.
    OndemandPassphrase,
    /// Password of the account with which Dex looks people up in the directory.
    OndemandBindPassword,
}

impl SecretId {
    /// What stands in a file's text in place of the value.
    pub fn placeholder(&self) -> String {
        format!("@SECRET:{self}@")
    }

    /// Where the secret lies, and how it is made; the same on every machine
    /// that holds it.
    pub fn location(&self) -> SecretFile {
        let (path, access, form) = match self {
            // munged(8) refuses a key that others can read; 1024 bytes is
            // what `mungekey` could use at most, 128 what it writes.
            Self::MungeKey => (
                "/etc/munge/munge.key".to_owned(),
                Access::new("munge", "munge", 0o400),
                SecretForm::Bytes(128),
            ),
            // corosync-keygen(8) writes 256 bytes.
            Self::CorosyncKey => {
                ("/etc/corosync/authkey".to_owned(), Access::root(0o400), SecretForm::Bytes(256))
            }
            Self::DatabasePassword | Self::OndemandPassphrase => {
                (format!("{SECRETS_DIRECTORY}/{self}"), Access::root(0o600), SecretForm::Hex(32))
            }
            // drbd.conf(5): shared-secret has at most 64 characters.
            Self::ReplicationKey => {
                (format!("{SECRETS_DIRECTORY}/{self}"), Access::root(0o600), SecretForm::Hex(24))
            }
            Self::VpnKey => (
                format!("{SECRETS_DIRECTORY}/{self}"),
                Access::root(0o600),
                SecretForm::WireguardKey,
            ),
            // Read by apt's own user; the ending says that it is armored
            // (apt-secure(8), sources.list(5) "Signed-By").
            Self::GrafanaKey => keyring("grafana"),
            Self::OndemandRepositoryKey => keyring("ondemand"),
            Self::NodeRepositoryKey => keyring("node"),
            // sssd.conf(5): "a regular file that is owned by root and that only
            // root may read or write".
            Self::DirectoryConf => {
                ("/etc/sssd/sssd.conf".to_owned(), Access::root(0o600), SecretForm::Given)
            }
            Self::BmcPassword(_)
            | Self::MailPassword
            | Self::WebhookUrl(_)
            | Self::GrafanaPassword
            | Self::ConsolePassword
            | Self::ConsoleActionsPassword
            | Self::ConsoleCertificate
            | Self::ConsoleKey
            | Self::PortalCertificate
            | Self::PortalKey
            | Self::OndemandCertificate
            | Self::OndemandKey
            | Self::OndemandClientSecret
            | Self::OndemandBindPassword => {
                (format!("{SECRETS_DIRECTORY}/{self}"), Access::root(0o600), SecretForm::Given)
            }
        };
        SecretFile { id: self.clone(), path: path.into(), access, form }
    }

    /// A program that must accept the value, if there is one, before it is
    /// swapped in; `{}` stands for the path of the new file.
    pub fn validate(&self) -> Option<Vec<String>> {
        // sssctl of SSSD 2.8; what it complains about is on stdout.
        let check = "exec sssctl config-check --config=\"$0\" --snippet=/etc/sssd/conf.d >&2";
        (*self == Self::DirectoryConf)
            .then(|| ["sh", "-c", check, "{}"].map(str::to_owned).to_vec())
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MungeKey => f.write_str("munge-key"),
            Self::CorosyncKey => f.write_str("corosync-key"),
            Self::DatabasePassword => f.write_str("database-password"),
            Self::ReplicationKey => f.write_str("replication-key"),
            Self::BmcPassword(node) => write!(f, "bmc-password-{node}"),
            Self::MailPassword => f.write_str("mail-password"),
            Self::WebhookUrl(name) => write!(f, "webhook-url-{name}"),
            Self::GrafanaKey => f.write_str("grafana-key"),
            Self::GrafanaPassword => f.write_str("grafana-password"),
            Self::VpnKey => f.write_str("vpn-key"),
            Self::ConsolePassword => f.write_str("console-password"),
            Self::ConsoleActionsPassword => f.write_str("console-actions-password"),
            Self::ConsoleCertificate => f.write_str("console-certificate"),
            Self::ConsoleKey => f.write_str("console-key"),
            Self::DirectoryConf => f.write_str("directory-conf"),
            Self::PortalCertificate => f.write_str("portal-certificate"),
            Self::PortalKey => f.write_str("portal-key"),
            Self::OndemandRepositoryKey => f.write_str("ondemand-repository-key"),
            Self::NodeRepositoryKey => f.write_str("node-repository-key"),
            Self::OndemandCertificate => f.write_str("ondemand-certificate"),
            Self::OndemandKey => f.write_str("ondemand-key"),
            Self::OndemandClientSecret => f.write_str("ondemand-client-secret"),
            Self::OndemandPassphrase => f.write_str("ondemand-passphrase"),
            Self::OndemandBindPassword => f.write_str("ondemand-bind-password"),
        }
    }
}

/// Where slurmha keeps secrets that no program expects elsewhere.
pub const SECRETS_DIRECTORY: &str = "/etc/slurmha/secrets";

/// Where apt finds the key that signs a vendor's packages.
fn keyring(vendor: &str) -> (String, Access, SecretForm) {
    (format!("/etc/apt/keyrings/slurmha-{vendor}.asc"), Access::root(0o644), SecretForm::Given)
}

/// How a secret is made when no machine has it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// So many random bytes.
    Bytes(usize),
    /// So many random bytes, written as hexadecimal text.
    Hex(usize),
    /// A private key of WireGuard's, made by each machine that needs one and
    /// handed out by none.
    WireguardKey,
    /// Not made by slurmha; comes from a file of the administrator's.
    Given,
}

/// Where a secret lies on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFile {
    /// Which secret.
    pub id: SecretId,
    /// Absolute path.
    pub path: PathBuf,
    /// Owner and permissions.
    pub access: Access,
    /// How it is made.
    pub form: SecretForm,
}

/// SHA-256 of a secret or file, as lower-case hexadecimal text.
///
/// The secrets slurmha makes have 32 random bytes or more, so their digest
/// tells nothing; a given password's digest never leaves ssh.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// Digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The value of a secret. It prints as `[secret]` and is overwritten nowhere
/// else than in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Vec<u8>);

impl SecretValue {
    /// Takes over the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the moment of writing them to their file.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Digest of the value.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Serialize for SecretValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
