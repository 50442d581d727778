// SPDX-License-Identifier: Apache-2.0
//! The documentation leads to what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use slurmha_core::drill::Fault;
use slurmha_core::site;

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

const SITE_FILE: &str = include_str!("../../../docs/guide/site-file.md");

/// A key of the site file, as in `[cluster] vip required`.
fn key(table: &str, key: &str, is_required: bool) -> String {
    format!("{table} {key} {}", if is_required { "required" } else { "optional" })
}

/// The keys of a table, and of those below it, that the JSON schema has; `path` is the
/// table's name without brackets.
fn keys_of_schema(path: &str, schema: &Json, found: &mut BTreeSet<String>) {
    let is_repeated = schema["type"] == "array";
    let header = if is_repeated { format!("[[{path}]]") } else { format!("[{path}]") };
    let schema = if is_repeated { &schema["items"] } else { schema };
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.contains(&name.into()));
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(key(&header, name, required(name)));
        keys_of_schema(&format!("{path}.{name}"), below, found);
    }
}

/// The keys that a page has: each at the beginning of a row, with its default in the third
/// column, below a heading that is the name of the table.
fn keys_of_page(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut table = None;
    for line in page.lines() {
        if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().trim_matches('`');
            table = title.starts_with('[').then_some(title);
        }
        let name = line.strip_prefix("| `").and_then(|row| row.split('`').next());
        if let (Some(table), Some(name)) = (table, name) {
            let default = line.split('|').nth(3).map(str::trim);
            found.insert(key(table, name, default == Some("required")));
        }
    }
    found
}

/// The page is what people look a key up in: one that it lacks does not exist for them.
#[test]
fn every_key_of_the_site_file_is_in_its_guide() {
    let mut keys = BTreeSet::new();
    for (name, table) in site::schema()["properties"].as_object().into_iter().flatten() {
        keys_of_schema(name, table, &mut keys);
    }
    assert!(keys.len() > 100, "{keys:?}");
    let page = keys_of_page(SITE_FILE);
    let lacks: Vec<_> = keys.difference(&page).collect();
    let invents: Vec<_> = page.difference(&keys).collect();
    assert!(
        lacks.is_empty() && invents.is_empty(),
        "docs/guide/site-file.md lacks {lacks:#?} and has, in vain, {invents:#?}"
    );
}

#[test]
fn keys_are_read_below_the_name_of_their_table() {
    let page = "| `a` | b | required |\n## `[[t.u]]`\n| key | value |\n| `k` | b | required | c |\n\
                | `l` | b | none | |\n| no key |\n### Of `k`\n| `m` | b | required |\n";
    let keys = ["[[t.u]] k required", "[[t.u]] l optional"].map(str::to_owned);
    assert_eq!(keys_of_page(page), keys.into());
}

#[test]
fn the_file_that_the_guide_shows_is_accepted_without_a_word() {
    let (_, shown) = SITE_FILE.split_once("\n## A small file\n").expect("its heading");
    let lines: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let text = lines.join("\n");
    let (Ok((_, told)) | Err(told)) = site::parse("site.toml", &text);
    assert_eq!(site::render("site.toml", &text, &told), "");
}
