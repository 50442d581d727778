// SPDX-License-Identifier: Apache-2.0
//! What sshd reads of people on a login node.

use crate::config_file::ConfigFile;
use crate::plan::keys_of;
use crate::site::LocalUser;

/// A person's keys, in the form of `authorized_keys`. The file belongs to
/// root, so that nobody but the site file changes it; sshd reads it as the
/// person, so that it is readable.
pub fn keys(user: &LocalUser) -> ConfigFile {
    let mut text = super::header("#");
    for key in &user.ssh_keys {
        text.push_str(key);
        text.push('\n');
    }
    ConfigFile::new(keys_of(&user.name), text)
}
