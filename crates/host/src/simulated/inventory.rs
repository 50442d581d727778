// SPDX-License-Identifier: Apache-2.0
//! What is on the simulated machine, in a form that can be compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{Content, Node};
use super::state::State;

impl State {
    pub(super) fn inventory(&self) -> Vec<String> {
        let mut lines = list(Path::new("/"), &self.files);
        for (path, device) in &self.devices {
            let path = path.to_string_lossy();
            lines.push(format!("{path}: {}", self.describe_device(&path)));
            if let Some(tree) = device.tree() {
                lines.extend(list(Path::new(&format!("{path}:")), tree));
            }
        }
        lines.extend(self.units.iter().map(|(name, unit)| format!("{name}: {}", unit.describe())));
        lines.extend(self.registered.iter().map(|name| format!("cluster {name}")));
        lines.extend(self.mounts.iter().map(|(device, place)| format!("{device:?} on {place:?}")));
        lines.extend(self.resource_roles().iter().map(|(id, role)| format!("{id} {role}")));
        lines
    }
}

fn list(root: &Path, tree: &BTreeMap<PathBuf, Node>) -> Vec<String> {
    let line = |(path, node): (&PathBuf, &Node)| {
        let what = match &node.content {
            Content::File(bytes) => format!("{} bytes", bytes.len()),
            Content::Directory => "directory".to_owned(),
            Content::Block { major, minor } => format!("device {major}:{minor}"),
        };
        let ids = node.ids;
        format!("{} {}:{} {:o} {what}", root.join(path).display(), ids.uid, ids.gid, ids.mode)
    };
    tree.iter().map(line).collect()
}
