// SPDX-License-Identifier: Apache-2.0
//! One bad site file per rule, named for the rule, with what is said about it.
//!
//! `UPDATE_EXPECTED=1 cargo test -p slurmha-core --test site_rules` writes the
//! `.expected` files anew; read the difference before committing it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slurmha_core::site::{self, Diagnostic, Severity, rule};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/site")
}

/// All diagnostics of a file, whether it is accepted or not.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    match site::parse("site.toml", text) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    }
}

#[test]
fn the_file_that_the_bad_ones_are_made_from_is_good() {
    let text = std::fs::read_to_string(folder().join("good.toml")).expect("good.toml");
    let rendered = site::render("good.toml", &text, &diagnostics(&text));
    assert_eq!(rendered, "");
}

#[test]
fn each_rule_has_a_bad_file_and_says_what_is_expected() {
    let mut wrong = Vec::new();
    for rule in rule::ALL {
        let path = folder().join("bad").join(rule.code).with_extension("toml");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let found = diagnostics(&text);
        assert!(found.iter().any(|d| d.code == rule.code), "{} is not reported", rule.code);
        let refused = site::parse("site.toml", &text).is_err();
        assert_eq!(refused, found.iter().any(Diagnostic::is_error), "{}", rule.code);
        let name = format!("{}.toml", rule.code);
        if !is_expected(&path.with_extension("expected"), &site::render(&name, &text, &found)) {
            wrong.push(rule.code);
        }
    }
    assert!(wrong.is_empty(), "not as expected: {wrong:?}");
}

fn is_expected(path: &Path, rendered: &str) -> bool {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(path, rendered).expect("write the expected file");
        return true;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected != rendered {
        eprintln!("--- {}\n{expected}\n+++ found\n{rendered}", path.display());
    }
    expected == rendered
}

#[test]
fn no_bad_file_is_left_without_a_rule() {
    let codes: BTreeSet<&str> = rule::ALL.iter().map(|rule| rule.code).collect();
    for entry in std::fs::read_dir(folder().join("bad")).expect("the folder of bad files") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(codes.contains(stem), "{} belongs to no rule", path.display());
    }
}

#[test]
fn rules_have_distinct_names_and_a_sentence() {
    let codes: BTreeSet<&str> = rule::ALL.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), rule::ALL.len());
    for rule in rule::ALL {
        assert!(rule.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.code);
        assert!(rule.summary().ends_with('.') && !rule.summary().contains('\n'), "{}", rule.code);
    }
}

#[test]
fn diagnostics_point_into_the_file_and_name_a_cure() {
    for rule in rule::ALL {
        let path = folder().join("bad").join(rule.code).with_extension("toml");
        let text = std::fs::read_to_string(path).expect("the bad file");
        for diagnostic in diagnostics(&text) {
            assert!(text.get(diagnostic.span.clone()).is_some(), "{}", rule.code);
            assert!(!diagnostic.message.is_empty() && !diagnostic.help.is_empty(), "{}", rule.code);
            let known = rule::ALL.iter().find(|known| known.code == diagnostic.code);
            assert_eq!(known.map(|known| known.severity), Some(diagnostic.severity));
            assert!(matches!(diagnostic.severity, Severity::Error | Severity::Warning));
        }
    }
}
