// SPDX-License-Identifier: Apache-2.0
//! blkid(8): which signature a block device carries.

use std::path::Path;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// What low-level probing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// No signature that libblkid knows.
    Nothing,
    /// One signature, or a partition table.
    Found {
        /// libblkid's name of it, such as `ext4`, `LVM2_member`, `drbd`, or
        /// `dos partition table`.
        signature: String,
        /// Its label.
        label: Option<String>,
    },
    /// Several signatures, of which none is certain.
    Ambivalent,
}

impl Probe {
    /// Whether there is DRBD metadata.
    pub fn is_drbd(&self) -> bool {
        matches!(self, Self::Found { signature, .. } if signature == "drbd")
    }
}

/// Low-level probing, which reads the device and no cache. libblkid stops at
/// DRBD metadata (at the end of the device), so a file system inside is asked
/// for separately.
pub fn probe_command(device: &Path, only_file_systems: bool) -> Command {
    let command = Command::new("blkid").args(["--probe", "--output", "export"]);
    let command =
        if only_file_systems { command.args(["--usages", "filesystem"]) } else { command };
    command.arg(device).timeout(Duration::from_secs(20))
}

/// Looks at a device.
pub fn probe(
    system: &dyn System,
    device: &Path,
    only_file_systems: bool,
) -> Result<Probe, CommandError> {
    let output = system.run(&probe_command(device, only_file_systems))?;
    match output.status() {
        Some(0) => Ok(parse_export(&output.text())),
        // "the specified token was not found, or no (specified) devices
        // could be identified"; an unreadable device gives 2 as well, with
        // a message, and must not be taken for a blank one.
        Some(2) if output.stderr.trim_ascii().is_empty() => Ok(Probe::Nothing),
        Some(8) => Ok(Probe::Ambivalent),
        _ => Err(output.failure()),
    }
}

fn parse_export(text: &str) -> Probe {
    let value = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.into_iter().find(|(name, _)| *name == key).map(|(_, value)| unescape(value))
    };
    let partitions = || value("PTTYPE").map(|kind| format!("{kind} partition table"));
    match value("TYPE").or_else(partitions) {
        Some(signature) => Probe::Found { signature, label: value("LABEL") },
        None => Probe::Nothing,
    }
}

/// The export format puts a backslash before what a shell would change.
fn unescape(value: &str) -> String {
    let mut result = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        result.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of blkid from util-linux 2.38.1.
    #[test]
    fn signatures_and_partition_tables_are_told() {
        let ext4 = "DEVNAME=/dev/loop0\nLABEL=slurmha-state\nUUID=fb13b475\nVERSION=1.0\n\
            BLOCK_SIZE=1024\nTYPE=ext4\nUSAGE=filesystem\n";
        let label = Some("slurmha-state".to_owned());
        assert_eq!(parse_export(ext4), Probe::Found { signature: "ext4".to_owned(), label });
        let drbd = "DEVNAME=/dev/loop0\nVERSION=v08\nTYPE=drbd\nUSAGE=raid\n";
        assert!(parse_export(drbd).is_drbd());
        let table = parse_export("DEVNAME=/dev/vdb\nPTUUID=1\nPTTYPE=gpt\n");
        assert!(
            matches!(table, Probe::Found { signature, .. } if signature == "gpt partition table")
        );
        assert_eq!(parse_export("DEVNAME=/dev/vdb\n"), Probe::Nothing);
    }
}
