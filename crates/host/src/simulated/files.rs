// SPDX-License-Identifier: Apache-2.0
//! The file tree.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::state::State;
use crate::system::{FileError, FileKind, Ids, Metadata};

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) ids: Ids,
    pub(super) modified: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    File(Vec<u8>),
    Directory,
    Block { major: u32, minor: u32 },
}

impl State {
    pub(super) fn put_file(&mut self, path: &str, content: &[u8], ids: Ids) {
        let path = Path::new(path);
        if let Some(parent) = path.parent() {
            self.put_directory(parent);
        }
        self.insert(path, Content::File(content.to_vec()), ids);
    }

    pub(super) fn put_directory(&mut self, path: &Path) {
        for ancestor in path.ancestors() {
            if !self.files.contains_key(ancestor) {
                self.insert(ancestor, Content::Directory, Ids::root(0o755));
            }
        }
    }

    pub(super) fn insert(&mut self, path: &Path, content: Content, ids: Ids) {
        let modified = self.now();
        self.files.insert(path.to_owned(), Node { content, ids, modified });
    }

    pub(super) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        if let Some(text) = self.kernel_file(path) {
            return Ok(Some(text.into_bytes()));
        }
        match self.files.get(path).map(|node| &node.content) {
            None => Ok(None),
            Some(Content::File(bytes)) => Ok(Some(bytes.clone())),
            Some(_) => Err(FileError::new("read", path, io::ErrorKind::IsADirectory)),
        }
    }

    /// Text of a file, empty when there is none.
    pub(super) fn text(&self, path: &str) -> String {
        let bytes = self.read(Path::new(path)).ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(super) fn append(&mut self, path: &str, line: &str) {
        let text = self.text(path) + line;
        self.put_file(path, text.as_bytes(), Ids::root(0o644));
    }

    pub(super) fn metadata(&self, path: &Path) -> Option<Metadata> {
        let node = self.files.get(path)?;
        let (kind, size, device) = match &node.content {
            Content::File(bytes) => (FileKind::File, bytes.len() as u64, (0, 0)),
            Content::Directory => (FileKind::Directory, 0, (0, 0)),
            Content::Block { major, minor } => (FileKind::BlockDevice, 0, (*major, *minor)),
        };
        Some(Metadata { kind, ids: node.ids, size, modified: node.modified, device })
    }

    pub(super) fn resolve(&self, path: &Path) -> Option<PathBuf> {
        self.files.contains_key(path).then(|| path.to_owned())
    }

    pub(super) fn list(&self, path: &Path) -> Vec<String> {
        let entries = self.files.keys().filter(|entry| entry.parent() == Some(path));
        let names = entries.filter_map(|entry| entry.file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    pub(super) fn write(&mut self, path: &Path, content: &[u8], ids: Ids) -> Result<(), FileError> {
        self.needs_parent("write", path)?;
        self.insert(path, Content::File(content.to_vec()), ids);
        self.unit_file_changed(path);
        Ok(())
    }

    pub(super) fn make_directory(&mut self, path: &Path, ids: Ids) -> Result<(), FileError> {
        self.needs_parent("make directory", path)?;
        if self.files.contains_key(path) {
            return Err(FileError::new("make directory", path, io::ErrorKind::AlreadyExists));
        }
        self.insert(path, Content::Directory, ids);
        Ok(())
    }

    pub(super) fn set_access(&mut self, path: &Path, ids: Ids) -> Result<(), FileError> {
        let absent = || FileError::new("set the access of", path, io::ErrorKind::NotFound);
        self.files.get_mut(path).ok_or_else(absent)?.ids = ids;
        Ok(())
    }

    /// Moves an entry with everything below it.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.needs_parent("replace", to)?;
        if !self.files.contains_key(from) {
            return Err(FileError::new("replace", to, io::ErrorKind::NotFound));
        }
        self.files.retain(|entry, _| !entry.starts_with(to));
        let moved: Vec<PathBuf> =
            self.files.keys().filter(|entry| entry.starts_with(from)).cloned().collect();
        for old in moved {
            let below = old.strip_prefix(from).unwrap_or(Path::new(""));
            // Joining an empty path would add a slash at the end.
            let new = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
            if let Some(node) = self.files.remove(&old) {
                self.files.insert(new, node);
            }
        }
        self.unit_file_changed(to);
        Ok(())
    }

    fn needs_parent(&self, action: &'static str, path: &Path) -> Result<(), FileError> {
        let parent = path.parent().unwrap_or(Path::new("/"));
        match self.files.get(parent).map(|node| &node.content) {
            Some(Content::Directory) => Ok(()),
            Some(_) => Err(FileError::new(action, path, io::ErrorKind::NotADirectory)),
            None => Err(FileError::new(action, path, io::ErrorKind::NotFound)),
        }
    }
}
