// SPDX-License-Identifier: Apache-2.0
//! The documentation leads to what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slurmha_core::drill::Fault;

/// `](FILE#HEADING)` of every link in a page, either part possibly empty; links to the
/// web are left out.
fn links(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let places = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let places = places.filter(|place| !place.contains("://"));
    places.map(|place| place.split_once('#').unwrap_or((place, "")))
}

/// What the headings of a page are called in links, as GitHub makes it of them.
fn headings(page: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_code = false;
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        let title = line.trim_start_matches('#');
        if in_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().chars().filter_map(|sign| match sign {
            ' ' => Some('-'),
            '-' | '_' => Some(sign),
            _ => sign.is_alphanumeric().then_some(sign),
        });
        let name = kept.collect::<String>().to_lowercase();
        let again = (1..).map(|count| format!("{name}-{count}"));
        let free = std::iter::once(name.clone()).chain(again).find(|it| !names.contains(it));
        names.extend(free);
    }
    names
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
        for (file, heading) in links(&text) {
            let target = if file.is_empty() { page.clone() } else { directory.join(file) };
            let leads = target.exists()
                && (heading.is_empty()
                    || std::fs::read_to_string(&target)
                        .is_ok_and(|text| headings(&text).contains(heading)));
            if !leads {
                broken.push(format!("{}: {file}#{heading}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn headings_are_called_as_in_links() {
    let page = "# `a_b` and C: d!\n```\n# no heading\n```\n## More\n## More\n";
    let names = ["a_b-and-c-d", "more", "more-1"].map(str::to_owned);
    assert_eq!(headings(page), names.into());
}

/// The first thing that an administrator asks of a fault is whether anybody has tried it.
#[test]
fn every_fault_has_a_result() {
    let results = include_str!("../../../docs/survival.md");
    let has_none = |fault: &Fault| !results.contains(&format!("\n| {} | ", fault.name()));
    let without: Vec<_> = Fault::all().into_iter().filter(has_none).map(Fault::name).collect();
    assert!(without.is_empty(), "docs/survival.md has no row for {without:?}");
}
