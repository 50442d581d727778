// SPDX-License-Identifier: Apache-2.0
//! mkfs.ext4(8).

use std::path::Path;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Up to this size the inode tables are zeroed at once: 1.6 % of the device,
/// a second or two. Above it the kernel does so after the first mount, which
/// would otherwise go on behind the first failover drills.
const ZERO_TABLES_UP_TO_BYTES: u64 = 16 << 30;

/// Makes an ext4 file system. Without `-F` mkfs.ext4 asks before it writes
/// over a file system that it recognises, and with nothing on its standard
/// input it then stops: a second net under the caller's own look.
pub fn make_command(device: &Path, label: &str, size_bytes: u64) -> Command {
    let lazy = u8::from(size_bytes > ZERO_TABLES_UP_TO_BYTES);
    Command::new("mkfs.ext4")
        // Small devices would get 1 KiB blocks by default; mke2fs.conf(5).
        .args(["-q", "-b", "4096", "-L", label, "-E", &format!("lazy_itable_init={lazy}")])
        .arg(device)
        .timeout(Duration::from_secs(1800))
}

/// Makes an ext4 file system on a blank device.
pub fn make(
    system: &dyn System,
    device: &Path,
    label: &str,
    size_bytes: u64,
) -> Result<(), CommandError> {
    system.run(&make_command(device, label, size_bytes))?.success().map(|_| ())
}
