// SPDX-License-Identifier: Apache-2.0
//! Places the binary on a machine.

use std::time::Duration;

use super::{Binary, Remote, RemoteError};

/// Where versions of the binary lie on a machine.
pub const DIRECTORY: &str = "/var/lib/slurmha/bin";

/// The name by which agents, units and people call it.
pub const STABLE_NAME: &str = slurmha_core::layout::BINARY;

const TIMEOUT: Duration = Duration::from_secs(300);

impl Remote {
    /// Sends the binary to a host, even if it is there.
    ///
    /// # Errors
    /// When the host cannot be reached, or has no room.
    pub fn upload(&self, host: &str) -> Result<(), RemoteError> {
        let binary = self.binary()?;
        let script = self.as_root(&script(binary));
        let command =
            self.ssh.command(host, &script).shared_stdin(binary.content.clone()).timeout(TIMEOUT);
        let output = self.ssh.execute(host, &command, &mut |_| true)?;
        if output.ok() {
            return Ok(());
        }
        let reason = output.stderr_text().trim().to_owned();
        Err(super::exchange::sudo_error(host, &reason)
            .unwrap_or(RemoteError::NotPlaced { host: host.to_owned(), reason }))
    }
}

/// Receives the binary on standard input. It gets its name only when it has
/// arrived whole and is on the disk; the version before the last is removed.
/// Agents go on with the version that they use: looking at a machine with a
/// newer slurmha changes nothing there, `apply` does.
fn script(binary: &Binary) -> String {
    let path = binary.remote_path();
    let digest = &binary.digest.0;
    format!(
        "set -eu; umask 022; mkdir -p {DIRECTORY} {}
new=$(mktemp {DIRECTORY}/.upload.XXXXXX); trap 'rm -f \"$new\"' EXIT
cat >\"$new\"
echo \"{digest}  $new\" | sha256sum --check --status || {{ echo 'it arrived damaged' >&2; exit 1; }}
chmod 0755 \"$new\"; sync \"$new\"; mv -f \"$new\" {path}
test -e {STABLE_NAME} || ln -sfn {path} {STABLE_NAME}
used=$(readlink {STABLE_NAME} || true)
ls -1t {DIRECTORY}/slurmha-* | tail -n +3 | grep -vxF \"$used\" | xargs -r rm -f --
",
        "/usr/local/sbin"
    )
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::Arc;

    use slurmha_core::secret::Digest;

    use super::*;

    /// Runs the script in a directory of its own.
    #[allow(clippy::disallowed_methods, reason = "the script itself is tested")]
    fn run(root: &std::path::Path, binary: &Binary, sent: &[u8]) -> bool {
        use std::io::Write as _;
        let text = script(binary)
            .replace(DIRECTORY, &root.join("bin").to_string_lossy())
            .replace("/usr/local/sbin", &root.join("sbin").to_string_lossy());
        let mut shell =
            Command::new("sh").args(["-c", &text]).stdin(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(sent).unwrap();
        shell.wait().unwrap().success()
    }

    fn binary(content: &[u8]) -> Binary {
        Binary { content: Arc::new(content.to_vec()), digest: Digest::of(content) }
    }

    #[test]
    fn only_what_arrived_whole_gets_its_name() {
        let root = tempfile::tempdir().unwrap();
        assert!(!run(root.path(), &binary(b"version 1"), b"versi"));
        assert_eq!(std::fs::read_dir(root.path().join("bin")).unwrap().count(), 0);
        for version in [b"version 1", b"version 2", b"version 3", b"version 4"] {
            assert!(run(root.path(), &binary(version), version));
            std::thread::sleep(Duration::from_millis(20));
        }
        let used = std::fs::read(root.path().join("sbin/slurmha")).unwrap();
        assert_eq!(used, b"version 1", "an upload alone changes nothing for the agents");
        let kept = std::fs::read_dir(root.path().join("bin")).unwrap().count();
        assert_eq!(kept, 3, "the one in use, the newest and the one before it");
    }
}
