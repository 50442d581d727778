// SPDX-License-Identifier: Apache-2.0
//! Names of clusters, machines, partitions and users.

use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

/// A machine's short name, as `uname -n` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct HostName(pub(in crate::site) String);

/// Names that mean something else to Slurm or to the machine itself.
const RESERVED_HOST_NAMES: [&str; 3] = ["localhost", "all", "default"];

impl Text for HostName {
    const EXPECTED: &'static str = "a short host name such as \"ctl1\"";
    const PATTERN: &'static str = "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$";

    fn parse(text: &str) -> Result<Self, Fault> {
        check_host_name(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// The rules of RFC 1123 for one label, and the names that are taken.
pub(in crate::site) fn check_host_name(text: &str) -> Result<(), Fault> {
    let invalid =
        |message: String, help: String| Err(Fault::new(&rule::INVALID_HOST_NAME, message, help));
    if let Some((short, domain)) = text.split_once('.')
        && !short.is_empty()
        && !domain.is_empty()
    {
        return invalid(
            format!("`{text}` is a name with a domain"),
            format!("write `{short}`: Slurm and Pacemaker know machines by what `uname -n` prints"),
        );
    }
    if text.len() > 63 {
        return invalid(
            format!("the host name has {} characters", text.len()),
            "use at most 63 characters, the limit of DNS and of the kernel".to_owned(),
        );
    }
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if text.is_empty() || !plain || text.starts_with('-') || text.ends_with('-') {
        return invalid(
            format!("`{text}` is not a host name"),
            "use letters, digits and inner hyphens only, such as `ctl1`".to_owned(),
        );
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return invalid(
            format!("`{text}` consists of digits only and could be taken for a number"),
            "put a letter into the name, such as `n1`".to_owned(),
        );
    }
    if RESERVED_HOST_NAMES.contains(&text.to_ascii_lowercase().as_str()) {
        return Err(Fault::new(
            &rule::RESERVED_NAME,
            format!("`{text}` has a meaning of its own to Slurm or to every machine"),
            "use the machine's own name, as `uname -n` prints it",
        ));
    }
    Ok(())
}

/// Slurm's `ClusterName`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct ClusterName(pub(in crate::site) String);

/// The name becomes part of table names in the accounting database; MariaDB
/// allows 64 characters, and Slurm's longest suffix, `_wckey_usage_month_table`
/// (`accounting_storage_mysql.c`), has 24.
const CLUSTER_NAME_MAX: usize = 40;

impl Text for ClusterName {
    const EXPECTED: &'static str = "a cluster name such as \"lab\"";
    const PATTERN: &'static str = "^[a-z][a-z0-9_-]{0,39}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        let valid = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(rest);
        if valid && text.len() <= CLUSTER_NAME_MAX {
            return Ok(Self(text.to_owned()));
        }
        let (message, help) = if text.len() > CLUSTER_NAME_MAX {
            (
                format!("the cluster name has {} characters", text.len()),
                format!(
                    "use at most {CLUSTER_NAME_MAX}: the name becomes part of table names in the \
                     accounting database"
                ),
            )
        } else if text.bytes().any(|b| b.is_ascii_uppercase()) && text.is_ascii() {
            (
                format!("the cluster name `{text}` has capital letters"),
                format!(
                    "write `{}`: the accounting database knows clusters in lower case only",
                    text.to_ascii_lowercase()
                ),
            )
        } else {
            (
                format!("`{text}` is not a cluster name"),
                "begin with a letter; then lower-case letters, digits, _ and - are allowed"
                    .to_owned(),
            )
        };
        Err(Fault::new(&rule::INVALID_CLUSTER_NAME, message, help))
    }
}

/// Slurm's `PartitionName`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct PartitionName(pub(in crate::site) String);

impl Text for PartitionName {
    const EXPECTED: &'static str = "a partition name such as \"main\"";
    const PATTERN: &'static str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !first || !text.bytes().all(plain) || text.len() > 63 {
            return Err(Fault::new(
                &rule::INVALID_PARTITION_NAME,
                format!("`{text}` is not a partition name"),
                "begin with a letter or digit; then letters, digits, _ . and - are allowed, 63 \
                 characters at most",
            ));
        }
        if text.eq_ignore_ascii_case("default") || text.eq_ignore_ascii_case("all") {
            return Err(Fault::new(
                &rule::RESERVED_NAME,
                format!("`{text}` has a meaning of its own to Slurm"),
                "choose another name, such as `main`; `default = true` makes it the default",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A login name for ssh; the rule is that of `useradd(8)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct SshUser(pub(in crate::site) String);

impl Text for SshUser {
    const EXPECTED: &'static str = "a login name such as \"root\"";
    const PATTERN: &'static str = "^[a-z_][a-z0-9_-]{0,31}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if first && text.bytes().all(rest) && text.len() <= 32 {
            return Ok(Self(text.to_owned()));
        }
        let help = match text.split_once('@') {
            Some((user, _)) => format!("write the user only, such as `{user}`"),
            None => "use a Unix login name such as `root` or `admin`".to_owned(),
        };
        let message = format!("`{text}` is not a login name");
        Err(Fault::new(&rule::INVALID_USER, message, help))
    }
}

/// A name that an administrator gives to a thing of the site: [`is_plain`].
pub(super) const PLAIN: &str = "^[a-z][a-z0-9-]{0,31}$";
/// What to do about a name that is not.
pub(super) const PLAIN_HELP: &str = "begin with a letter; then lower-case letters, digits and - are \
                                     allowed, 32 characters at most";

/// Whether a name can stand in a comment, a label and a file's name alike.
pub(super) fn is_plain(text: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    first && text.len() <= 32 && text.bytes().all(rest)
}
