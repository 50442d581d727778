// SPDX-License-Identifier: Apache-2.0
//! Other machines: one ssh exchange per machine and phase.
//!
//! The binary travels once to each machine, under a name that holds its
//! checksum; after that an exchange is one ssh command that feeds JSON to
//! `slurmha node ...` there and reads its answer.

mod conversation;
pub(crate) mod error;
mod exchange;
mod parallel;
mod printed;
mod upload;

pub use conversation::Conversation;
pub use error::RemoteError;
pub use parallel::for_each_host;
pub use printed::Printed;
pub use upload::{DIRECTORY, STABLE_NAME};

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use slurmha_core::secret::Digest;

use crate::ssh::Ssh;

/// Machines that are reached through ssh.
#[derive(Debug)]
pub struct Remote {
    ssh: Ssh,
    executable: PathBuf,
    binary: OnceLock<Result<Binary, String>>,
}

/// The executable that runs on the machines.
#[derive(Clone, Debug)]
struct Binary {
    content: Arc<Vec<u8>>,
    digest: Digest,
}

impl Binary {
    /// Where it lies on a machine. Sixteen digits tell versions apart; the
    /// whole checksum is verified as it arrives.
    fn remote_path(&self) -> String {
        let short: String = self.digest.0.chars().take(16).collect();
        format!("{}/slurmha-{short}", upload::DIRECTORY)
    }
}

impl Remote {
    /// Runs the executable of this process on the machines.
    pub fn new(ssh: Ssh) -> Self {
        // Not the path: the file may have been replaced since it was started.
        Self::with_executable(ssh, "/proc/self/exe".into())
    }

    /// Runs another executable on the machines.
    pub fn with_executable(ssh: Ssh, executable: PathBuf) -> Self {
        Self { ssh, executable, binary: OnceLock::new() }
    }

    /// The ssh settings, for [`Ssh::run_command`].
    pub fn ssh(&self) -> &Ssh {
        &self.ssh
    }

    fn binary(&self) -> Result<&Binary, RemoteError> {
        let read = || {
            let content = std::fs::read(&self.executable).map_err(|error| error.to_string())?;
            Ok(Binary { digest: Digest::of(&content), content: Arc::new(content) })
        };
        self.binary.get_or_init(read).as_ref().map_err(|why| RemoteError::NoExecutable {
            path: self.executable.clone(),
            why: why.clone(),
        })
    }

    /// Shell text as root on the machine.
    fn as_root(&self, script: &str) -> String {
        let script = crate::command::quote(script);
        let sudo = if self.ssh.needs_sudo() { "sudo -n " } else { "" };
        format!("{sudo}sh -c {script}")
    }
}
