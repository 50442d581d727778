// SPDX-License-Identifier: Apache-2.0
//! Files that nobody would write: the parser answers, and never panics.

use proptest::prelude::*;
use slurmha_core::site::{self, hostlist};

const LAB: &str = include_str!("../../../examples/lab/site.toml");
const PRODUCTION: &str = include_str!("../../../examples/site.toml");

/// Parses and renders; every span has to fit the text.
fn survives(text: &str) {
    let diagnostics = match site::parse("site.toml", text) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(site::Diagnostic::is_error));
            diagnostics
        }
    };
    let rendered = site::render("site.toml", text, &diagnostics);
    assert_eq!(rendered.is_empty(), diagnostics.is_empty());
    assert_eq!(site::mask_secrets(text).len(), text.len());
}

#[derive(Clone, Debug)]
enum Edit {
    Put(u8),
    Insert(u8),
    Remove(u8),
    /// Copies some bytes from elsewhere, as a careless paste does.
    Copy(prop::sample::Index, u8),
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Put),
        prop::sample::select(b"[]{}=\"'\\\n,.-#0123456789".to_vec()).prop_map(Edit::Insert),
        (1_u8..40).prop_map(Edit::Remove),
        (any::<prop::sample::Index>(), 1_u8..60).prop_map(|(from, n)| Edit::Copy(from, n)),
    ];
    (any::<prop::sample::Index>(), edit)
}

fn apply(bytes: &mut Vec<u8>, at: prop::sample::Index, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    let at = at.index(bytes.len());
    let end = |from: usize, n: u8| (from + usize::from(n)).min(bytes.len());
    match edit {
        Edit::Put(byte) => bytes[at] = *byte,
        Edit::Insert(byte) => bytes.insert(at, *byte),
        Edit::Remove(n) => drop(bytes.drain(at..end(at, *n))),
        Edit::Copy(from, n) => {
            let from = from.index(bytes.len());
            let copied = bytes[from..end(from, *n)].to_vec();
            bytes.splice(at..at, copied);
        }
    }
}

/// A name with a number somewhere, drawn from few enough that they repeat.
fn name() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(vec!["cn", "a", "r1n", "", "x-", "10.77.0."]);
    (prefix, prop_oneof![0_u64..30, 95_u64..105, any::<u64>()], 0_usize..5)
        .prop_map(|(prefix, number, width)| format!("{prefix}{number:0width$}"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 400,
        ..ProptestConfig::default()
    })]

    #[test]
    fn edited_examples_are_answered(
        production in any::<bool>(),
        edits in prop::collection::vec(edit(), 1..12),
    ) {
        let mut bytes = if production { PRODUCTION } else { LAB }.as_bytes().to_vec();
        for (at, edit) in &edits {
            apply(&mut bytes, *at, edit);
        }
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_value_is_answered(value in any::<String>(), which in any::<prop::sample::Index>()) {
        let table: toml::Table = toml::from_str(LAB).expect("the lab's file");
        let texts: Vec<&str> = LAB.split('"').skip(1).step_by(2).collect();
        prop_assert!(table.contains_key("cluster"));
        let old = format!("\"{}\"", texts[which.index(texts.len())]);
        let new = toml::Value::String(value).to_string();
        survives(&LAB.replacen(&old, &new, 1));
    }

    #[test]
    fn compressing_loses_nothing(names in prop::collection::vec(name(), 1..60)) {
        let compressed = hostlist::compress(&names);
        prop_assert_eq!(hostlist::expand(&compressed), Ok(names), "{}", compressed);
    }

    #[test]
    fn compressed_lists_stay_compressed(names in prop::collection::vec(name(), 1..60)) {
        let once = hostlist::compress(&names);
        let again = hostlist::expand(&once).map(|names| hostlist::compress(&names));
        prop_assert_eq!(again, Ok(once));
    }

    #[test]
    fn any_hostlist_is_answered(text in "[a-c0-9,\\[\\]-]{0,30}") {
        if let Ok(names) = hostlist::expand(&text) {
            prop_assert!(!names.is_empty() && names.len() <= hostlist::MAX_NAMES);
            prop_assert_eq!(hostlist::expand(&hostlist::compress(&names)), Ok(names));
        }
    }
}
