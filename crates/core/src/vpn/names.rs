// SPDX-License-Identifier: Apache-2.0
//! Whose key is whose, on the gateway itself, which has no site file.

use std::collections::BTreeMap;

use crate::wireguard::PublicKey;

/// Names by key, from the text of [`crate::render::vpn::peers`]: a comment with the
/// name stands on top of each key.
pub fn names(peers_file: &str) -> BTreeMap<PublicKey, String> {
    let mut names = BTreeMap::new();
    let mut last_comment = "";
    for line in peers_file.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            last_comment = comment;
        } else if let Some(key) = line.strip_prefix("PublicKey = ")
            && let Ok(key) = PublicKey::parse(key)
        {
            names.insert(key, last_comment.to_owned());
        }
    }
    names
}
