// SPDX-License-Identifier: Apache-2.0

use std::path::Path;

use super::*;
use crate::qemu::tests::description;

/// A lab in that directory of which nothing runs.
pub(crate) fn unbooted(directory: &Path) -> Lab {
    let paths = Paths::at(directory).unwrap();
    Lab { paths, description: description(Accelerator::Tcg) }
}

#[test]
fn a_site_file_is_left_where_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let lab = unbooted(directory.path());
    let read = || fs::read_to_string(lab.site_path()).unwrap();
    lab.leave_site("as it was made").unwrap();
    assert_eq!(read(), "as it was made");
    fs::write(lab.site_path(), "as somebody changed it").unwrap();
    lab.leave_site("as it was made").unwrap();
    assert_eq!(read(), "as somebody changed it");
}
