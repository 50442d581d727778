// SPDX-License-Identifier: Apache-2.0
//! The documentation leads to what is there.

use std::path::{Path, PathBuf};

/// `](PLACE` of every link in a page; places inside the page and on the web
/// are left out.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let places = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    places.filter(|place| !place.is_empty() && !place.contains("://"))
}

fn pages(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|page| root.join(page))
        .into();
    pages(&root.join("docs"), &mut all);
    assert!(all.len() > 20, "{all:?}");
    let mut broken = Vec::new();
    for page in all {
        let text = std::fs::read_to_string(&page).expect("a page");
        let directory = page.parent().expect("a directory");
        for link in links(&text).filter(|link| !directory.join(link).exists()) {
            broken.push(format!("{}: {link}", page.display()));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
