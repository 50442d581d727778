// SPDX-License-Identifier: Apache-2.0
//! Writes a small archive (POSIX ustar) of files that belong to root.

use crate::error::Error;

/// Size of a block.
const BLOCK: usize = 512;

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Path without a leading slash, shorter than 100 bytes.
    pub(crate) path: String,
    /// Permissions.
    pub(crate) mode: u32,
    /// Content.
    pub(crate) content: Vec<u8>,
}

/// The archive as it is unpacked by `tar -x`.
pub(crate) fn archive(members: &[Member]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for member in members {
        bytes.extend_from_slice(&header(member)?);
        bytes.extend_from_slice(&member.content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    }
    // The end is two empty blocks.
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    Ok(bytes)
}

/// The block in front of a file's content.
fn header(member: &Member) -> Result<[u8; BLOCK], Error> {
    let mut block = [0; BLOCK];
    if member.path.len() >= 100 || member.content.len() >= 1 << 33 {
        return Err(Error::Topology {
            reason: format!("{} does not fit into an archive", member.path),
        });
    }
    let mut put =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &member.path);
    put(100, &format!("{:07o}", member.mode));
    put(108, "0000000"); // uid
    put(116, "0000000"); // gid
    put(124, &format!("{:011o}", member.content.len()));
    put(136, "00000000000"); // mtime: the same input gives the same bytes
    put(148, "        "); // the checksum counts itself as spaces
    put(156, "0"); // a regular file
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let text = format!("{sum:06o}\0 ");
    block[148..156].copy_from_slice(text.as_bytes());
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn tar_unpacks_what_was_put_in() {
        let members = [
            Member { path: "etc/one".into(), mode: 0o644, content: b"first\n".to_vec() },
            Member { path: "etc/deep/two".into(), mode: 0o600, content: vec![7; 1000] },
            Member { path: "empty".into(), mode: 0o600, content: Vec::new() },
        ];
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.tar");
        std::fs::write(&file, archive(&members).unwrap()).unwrap();
        let status = crate::program::command("tar")
            .args(["--no-same-owner", "-xpf"])
            .arg(&file)
            .arg("-C")
            .arg(directory.path())
            .status()
            .unwrap();
        assert!(status.success());
        for member in members {
            let path = directory.path().join(&member.path);
            assert_eq!(std::fs::read(&path).unwrap(), member.content);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, member.mode);
        }
    }
}
