// SPDX-License-Identifier: Apache-2.0
//! Why an exchange with a machine did not come to its end.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::command::{CommandError, Exit};

/// An exchange that failed. All name the host.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// No connection could be made.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// A command to try it by hand.
        ssh: String,
        /// ssh's own words.
        reason: String,
    },
    /// The login was denied.
    #[error("{host} denies the login: {reason}")]
    Denied {
        /// The host.
        host: String,
        /// A command to try it by hand.
        ssh: String,
        /// ssh's own words.
        reason: String,
    },
    /// The host's key is not the known one.
    #[error("{host} shows another host key than the known one")]
    HostKeyChanged {
        /// The host.
        host: String,
        /// A command to try it by hand.
        ssh: String,
    },
    /// The host's key is not known.
    #[error("the host key of {host} is not known yet")]
    HostKeyUnknown {
        /// The host.
        host: String,
        /// A command to try it by hand.
        ssh: String,
    },
    /// sudo asks for a password, or does not allow it.
    #[error("{host}: sudo does not let us become root: {reason}")]
    NoSudo {
        /// The host.
        host: String,
        /// sudo's own words.
        reason: String,
    },
    /// It took too long.
    #[error("{host} gave no answer within {} s", .after.as_secs())]
    TimedOut {
        /// The host.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The connection broke while the machine worked.
    #[error("the connection to {host} was lost: {reason}")]
    Lost {
        /// The host.
        host: String,
        /// ssh's own words.
        reason: String,
    },
    /// The connection, or the program there, ended while a step was at work.
    #[error("{source} (while `{step}` was at work on {host})")]
    DuringStep {
        /// The host.
        host: String,
        /// The step in words.
        step: String,
        /// What happened.
        source: Box<RemoteError>,
    },
    /// A step failed on the machine.
    #[error("{host}: {message}")]
    StepFailed {
        /// The host.
        host: String,
        /// The step in words.
        step: String,
        /// What failed.
        message: String,
        /// What to type next.
        hint: Option<String>,
        /// True when it was refused for safety.
        refused: bool,
    },
    /// slurmha ended with an error on the machine.
    #[error("{host}: slurmha ended there with {exit}: {reason}")]
    Crashed {
        /// The host.
        host: String,
        /// How.
        exit: Exit,
        /// The end of its stderr.
        reason: String,
    },
    /// The answer is not what it should be.
    #[error("{host}: the answer of slurmha cannot be understood: {why}")]
    Garbled {
        /// The host.
        host: String,
        /// The parser's words.
        why: String,
    },
    /// The binary could not be placed.
    #[error("{host}: slurmha cannot be placed there: {reason}")]
    NotPlaced {
        /// The host.
        host: String,
        /// The remote shell's words.
        reason: String,
    },
    /// The executable to place cannot be read here.
    #[error("cannot read the executable {}: {why}", .path.display())]
    NoExecutable {
        /// Where it should be.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// ssh itself could not be run here.
    #[error("cannot run ssh for {host}: {source}")]
    NoSsh {
        /// The host.
        host: String,
        /// The reason.
        source: CommandError,
    },
}

impl RemoteError {
    /// What to type next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { ssh, .. } | Self::Denied { ssh, .. } => Some(ssh.clone()),
            Self::HostKeyUnknown { ssh, .. } => {
                Some(format!("compare the key and accept it: {ssh}"))
            }
            Self::HostKeyChanged { host, ssh } => {
                Some(format!("if the machine was installed anew: ssh-keygen -R {host}; then {ssh}"))
            }
            Self::NoSudo { host, .. } => {
                Some(format!("let the user run `sudo -n true` on {host} without a password"))
            }
            Self::Lost { .. } | Self::DuringStep { .. } => {
                Some("run the same command again: it completes what is left".to_owned())
            }
            Self::StepFailed { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// Whether a step was refused for safety.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::StepFailed { refused: true, .. })
    }

    /// Whether the machine took the connection and sshd did not say who it
    /// is: a machine that is gone does not get as far. In the words of OpenSSH
    /// 9.2 ("Connection timed out during banner exchange",
    /// "kex_exchange_identification: Connection closed by remote host").
    pub fn is_without_greeting(&self) -> bool {
        let of_greeting = |reason: &str| {
            reason.contains("banner exchange") || reason.contains("kex_exchange_identification")
        };
        matches!(self, Self::Unreachable { reason, .. } if of_greeting(reason))
    }

    /// Whether nothing can be said about the machine, as opposed to it having
    /// answered that something is wrong.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Lost { .. })
    }
}
