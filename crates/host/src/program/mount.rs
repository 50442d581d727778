// SPDX-License-Identifier: Apache-2.0
//! mount(8), umount(8), and what is mounted (proc(5), mountinfo).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::{FileError, System};

/// Time limit of one who has no other: a replicated file system waits for the
/// peer's disk.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Major and minor number of the device.
    pub device: (u32, u32),
    /// The device's name, as it was mounted.
    pub source: PathBuf,
    /// Where.
    pub mount_point: PathBuf,
    /// The sort of file system, such as `ext4`.
    pub kind: String,
    /// Whether nothing can be written: ext4 turns to that after an error.
    pub read_only: bool,
    /// Options of the mount and of its file system; defaults are not told.
    pub options: Vec<String>,
}

/// Everything that is mounted.
pub fn mounts(system: &dyn System) -> Result<Vec<Mount>, FileError> {
    let bytes = system.read(Path::new("/proc/self/mountinfo"))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).lines().filter_map(parse_line).collect())
}

/// Mounts a device.
pub fn mount(
    system: &dyn System,
    device: &Path,
    mount_point: &Path,
    options: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    let command = Command::new("mount")
        .args(["-t", "ext4", "-o", options])
        .arg(device)
        .arg(mount_point)
        .timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// Unmounts.
pub fn unmount(
    system: &dyn System,
    mount_point: &Path,
    timeout: Duration,
) -> Result<(), CommandError> {
    let command = Command::new("umount").arg(mount_point).timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// `36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/vdb rw`
fn parse_line(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(2);
    let (major, minor) = left.next()?.split_once(':')?;
    let mount_point = left.nth(1)?;
    let own = left.next()?;
    let mut right = right.split(' ');
    let kind = right.next()?.to_owned();
    let source = right.next()?;
    let of_file_system: Vec<&str> = right.next()?.split(',').collect();
    Some(Mount {
        device: (major.parse().ok()?, minor.parse().ok()?),
        source: unescape(source).into(),
        mount_point: unescape(mount_point).into(),
        kind,
        read_only: of_file_system.contains(&"ro"),
        options: own.split(',').chain(of_file_system).map(str::to_owned).collect(),
    })
}

/// White space and backslashes are octal escapes there.
fn unescape(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read() {
        let line = r"36 35 147:0 / /srv/a\040b rw,noatime master:1 - ext4 /dev/drbd0 rw";
        let mount = parse_line(line).unwrap();
        assert_eq!(mount.device, (147, 0));
        assert_eq!((mount.source.as_path(), &*mount.kind), (Path::new("/dev/drbd0"), "ext4"));
        assert_eq!(mount.mount_point, Path::new("/srv/a b"));
        assert!(!mount.read_only);
        assert_eq!(mount.options, ["rw", "noatime", "rw"]);
        assert!(parse_line(&line.replace("drbd0 rw", "drbd0 ro,seclabel")).unwrap().read_only);
    }
}
