// SPDX-License-Identifier: Apache-2.0
//! `/etc/hosts` of every machine.

use std::path::Path;

use super::build::PlannedStep;
use super::machine::write;
use crate::config_file::{Access, ConfigFile};
use crate::observe::{FileState, Observation};
use crate::render::hosts::{Block, FILE};
use crate::site::Site;

/// What the file shall be, and what came of the last one that was looked at.
///
/// It has a line for each machine, and is mostly the same on all: of a site of
/// thousands the difference to it is worth keeping for the next machine.
pub(super) struct Hosts {
    block: Block,
    last: Option<(Option<FileState>, Option<PlannedStep>)>,
}

impl Hosts {
    pub(super) fn of(site: &Site) -> Self {
        Self { block: Block::of(site), last: None }
    }

    /// A step when the file differs.
    pub(super) fn step(&mut self, observed: &Observation) -> Option<PlannedStep> {
        let present = observed.files.get(Path::new(FILE));
        if let Some((last, step)) = &self.last
            && last.as_ref().map(content) == present.map(content)
        {
            return step.clone();
        }
        let text = present.and_then(|file| file.text.as_deref()).unwrap_or_default();
        let step = write(&ConfigFile::new(FILE, self.block.merge(text)), observed);
        self.last = Some((present.cloned(), step.clone()));
        step
    }
}

fn content(file: &FileState) -> (&Access, Option<&str>) {
    (&file.access, file.text.as_deref())
}
