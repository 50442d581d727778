// SPDX-License-Identifier: Apache-2.0
//! Values of `[[user]]`, `[[group]]` and `[homes]`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

use super::name::SshUser;

/// The name of a group; groupadd(8) has the rule of useradd(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct GroupName(pub(in crate::site) String);

impl Text for GroupName {
    const EXPECTED: &'static str = "a group name such as \"physics\"";
    const PATTERN: &'static str = SshUser::PATTERN;

    fn parse(text: &str) -> Result<Self, Fault> {
        SshUser::parse(text).map(|name| Self(name.0)).map_err(|_| {
            Fault::new(
                &rule::INVALID_ACCOUNT,
                format!("`{text}` is not a group name"),
                "begin with a letter; then lower-case letters, digits, _ and - are allowed, 32 \
                 characters at most",
            )
        })
    }
}

/// A person's name, for the comment field of passwd(5), where a colon ends the
/// field and a comma a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct FullName(pub(in crate::site) String);

impl Text for FullName {
    const EXPECTED: &'static str = "a person's name such as \"Anna Example\"";
    const PATTERN: &'static str = "^[^:,=\"\\\\]{1,80}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |c: char| c.is_alphanumeric() || " .'()-".contains(c);
        let tidy = text.trim() == text && !text.starts_with('-');
        if (1..=80).contains(&text.len()) && text.chars().all(plain) && tidy {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_ACCOUNT,
            format!("`{text}` cannot stand in a person's account"),
            "write letters, digits, spaces and .'()-, 80 bytes at most",
        ))
    }
}

/// A login shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Shell(pub(in crate::site) String);

impl Text for Shell {
    const EXPECTED: &'static str = "the path of a shell such as \"/bin/bash\"";
    const PATTERN: &'static str = "^/[A-Za-z0-9._/-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        if is_plain_path(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_ACCOUNT,
            format!("`{text}` is not the path of a shell"),
            "write an absolute path, such as /bin/bash",
        ))
    }
}

/// A public key, without options: a line of `authorized_keys`, sshd(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct SshKey(pub(in crate::site) String);

/// Those that Debian 12's sshd accepts (`ssh -Q PubkeyAcceptedAlgorithms`),
/// by the word that a key begins with.
const KEY_TYPES: [&str; 7] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
];

impl Text for SshKey {
    const EXPECTED: &'static str = "a public ssh key such as \"ssh-ed25519 AAAA... anna@laptop\"";
    const PATTERN: &'static str = "^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let mut words = text.split(' ');
        let (kind, blob) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let comment = text.splitn(3, ' ').nth(2).unwrap_or_default();
        let printable = comment.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if KEY_TYPES.contains(&kind) && is_key_of(kind, blob) && printable {
            return Ok(Self(text.to_owned()));
        }
        // Not the text itself: who mixes keys up has written the private one.
        Err(Fault::new(
            &rule::INVALID_SSH_KEY,
            "this is no public ssh key",
            "copy the one line of the person's .pub file, such as ~/.ssh/id_ed25519.pub; \
             options in front of it are not read here",
        ))
    }
}

/// A key begins with its own type, as a string with its length (RFC 4253,
/// section 6.6).
fn is_key_of(kind: &str, blob: &str) -> bool {
    let Ok(bytes) = BASE64.decode(blob) else { return false };
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    rest.get(..length) == Some(kind.as_bytes()) && rest.len() > length
}

/// `server:/export`, nfs(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct NfsExport(pub(in crate::site) String);

impl Text for NfsExport {
    const EXPECTED: &'static str = "an NFS export such as \"nas:/export/home\"";
    const PATTERN: &'static str = "^[A-Za-z0-9.-]+:/[A-Za-z0-9._/-]*$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let host = |host: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
            host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.bytes().all(plain)
        };
        let whole = text.split_once(':');
        if whole.is_some_and(|(server, path)| host(server) && (path == "/" || is_plain_path(path)))
        {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_HOMES,
            format!("`{text}` is not an NFS export"),
            "write the server, a colon and an absolute path: nas.example.edu:/export/home",
        ))
    }
}

/// A directory that homes are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct MountPoint(pub(in crate::site) String);

/// What a mount must hide neither as a whole nor in part.
const NEEDED: [&str; 15] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv/slurmha",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
];

impl Text for MountPoint {
    const EXPECTED: &'static str = "a directory such as \"/home\"";
    const PATTERN: &'static str = "^/[A-Za-z0-9._/-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let is_needed = NEEDED.iter().any(|top| {
            text.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_plain_path(text) && !is_needed {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_HOMES,
            format!("homes cannot be in `{text}`"),
            "write a directory that the system itself does not need, such as /home",
        ))
    }
}

/// Further options of nfs(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct MountOptions(pub(in crate::site) String);

/// Decided by slurmha, each with what would go wrong.
const OWNED_OPTIONS: [&str; 3] = ["soft", "suid", "dev"];

impl Text for MountOptions {
    const EXPECTED: &'static str = "mount options such as \"nfsvers=4.2,nconnect=4\"";
    const PATTERN: &'static str = "^[A-Za-z0-9_.=,:/-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.=:/-".contains(&b);
        let option = |option: &str| !option.is_empty() && option.bytes().all(plain);
        let owned = text.split(',').find(|option| OWNED_OPTIONS.contains(option));
        if text.split(',').all(option) && owned.is_none() {
            return Ok(Self(text.to_owned()));
        }
        let help = match owned {
            Some("soft") => "remove it: nfs(5) says that soft can lose what a job has written",
            Some(_) => "remove it: programs and devices of other people's homes would be trusted",
            None => "write options of nfs(5), separated by commas: nfsvers=4.2,nconnect=4",
        };
        let message = format!("`{text}` cannot be the options of the homes' mount");
        Err(Fault::new(&rule::INVALID_HOMES, message, help))
    }
}

/// An absolute path that no shell, unit file or passwd(5) reads otherwise.
fn is_plain_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let part =
        |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    text.strip_prefix('/').is_some_and(|inside| inside.split('/').all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPAqCk9jLz1vVBzCwPZoXvFMmSxDXQXmxZ2B1+VEjfRe";

    #[test]
    fn keys_are_public_and_what_they_say() {
        assert!(SshKey::parse(KEY).is_ok());
        assert!(SshKey::parse(&format!("{KEY} anna@laptop (new)")).is_ok());
        for text in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            &KEY.replace("ssh-ed25519 ", "ssh-rsa "),
            &format!("command=\"/bin/sh\" {KEY}"),
            &format!("{KEY} \u{202e}"),
        ] {
            let fault = SshKey::parse(text).map(drop).map_err(|fault| fault.message);
            assert_eq!(fault, Err("this is no public ssh key".to_owned()), "{text}");
        }
    }

    #[test]
    fn homes_hide_nothing_that_is_needed() {
        for path in ["/home", "/shared/home", "/srv/homes", "/users"] {
            assert!(MountPoint::parse(path).is_ok(), "{path}");
        }
        for path in
            ["/", "home", "/etc", "/root", "/var/lib", "/home/..", "/a//b", "/srv/slurmha", "/a b"]
        {
            assert!(MountPoint::parse(path).is_err(), "{path}");
        }
        assert!(NfsExport::parse("nas:/").is_ok());
        assert!(NfsExport::parse("nas").is_err() && NfsExport::parse("-o:/x").is_err());
        assert!(MountOptions::parse("nfsvers=4.2,nconnect=4").is_ok());
        assert!(MountOptions::parse("hard,soft").is_err() && MountOptions::parse("a b").is_err());
    }

    #[test]
    fn names_of_people_fit_into_their_account() {
        assert!(FullName::parse("Zoë O'Neill-Sanz (guest)").is_ok());
        for name in ["", "a:b", "a,b", " a", "-a", "a=b"] {
            assert!(FullName::parse(name).is_err(), "{name}");
        }
    }
}
