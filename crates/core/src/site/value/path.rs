// SPDX-License-Identifier: Apache-2.0
//! Paths of block devices on the machines and of files on the administrator's.

use std::path::PathBuf;

use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

/// A block device on a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct DevicePath(pub(in crate::site) String);

impl Text for DevicePath {
    const EXPECTED: &'static str = "a block device such as \"/dev/disk/by-id/...\"";
    const PATTERN: &'static str = "^/dev/[A-Za-z0-9._+:@=/-]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        if !text.starts_with('/') {
            return Err(Fault::new(
                &rule::DEVICE_NOT_ABSOLUTE,
                format!("`{text}` is not an absolute path"),
                format!("write `/dev/{}`, or better its name under /dev/disk/by-id", text.trim()),
            ));
        }
        let inside = text.strip_prefix("/dev/").unwrap_or_default();
        let segments = inside.split('/').all(|s| !s.is_empty() && s != "." && s != "..");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+:@=/-".contains(&b);
        if segments && inside.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_DEVICE,
            format!("`{text}` is not the path of a block device"),
            "write a path under /dev of letters, digits and ._+:@=-, such as \
             /dev/disk/by-id/nvme-SERIAL or /dev/vg0/slurm_state",
        ))
    }
}

/// A file on the administrator's machine; `~` is expanded by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct FilePath(pub(in crate::site) PathBuf);

impl Text for FilePath {
    const EXPECTED: &'static str = "a file name such as \"~/.config/slurmha/bmc_password\"";
    const PATTERN: &'static str = "^[A-Za-z0-9._+:@=/~ -]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        // ssh and the shell would read a leading hyphen as an option.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+:@=/~ -".contains(&b);
        let tidy = !text.starts_with('-') && text.trim() == text && !text.ends_with('/');
        if !text.is_empty() && text.bytes().all(plain) && tidy {
            return Ok(Self(PathBuf::from(text)));
        }
        Err(Fault::new(
            &rule::INVALID_PATH,
            format!("`{text}` is not a file name that can be used here"),
            "write a path of letters, digits, spaces and ._+:@=-, such as \
             ~/.config/slurmha/bmc_password",
        ))
    }
}
