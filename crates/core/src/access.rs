// SPDX-License-Identifier: Apache-2.0
//! Who may do what with a file.

use serde::{Deserialize, Serialize};

/// Owner and permissions of a file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// User name.
    pub owner: String,
    /// Group name.
    pub group: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
}

impl Access {
    /// Owned by root with the given permission bits.
    pub fn root(mode: u32) -> Self {
        Self::new("root", "root", mode)
    }

    /// Owned by the given user and group.
    pub fn new(owner: &str, group: &str, mode: u32) -> Self {
        Self { owner: owner.to_owned(), group: group.to_owned(), mode }
    }
}
