// SPDX-License-Identifier: Apache-2.0
//! The JSON schema that editors use.
//!
//! `UPDATE_EXPECTED=1 cargo test -p slurmha-core --test site_schema` writes
//! `examples/site.schema.json` anew.

use std::path::Path;

use serde_json::Value as Json;
use slurmha_core::site;

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn toml_as_json(text: &str) -> Json {
    let table: toml::Table = toml::from_str(text).expect("valid TOML");
    serde_json::to_value(table).expect("TOML without dates is JSON")
}

#[test]
fn the_checked_in_schema_is_current() {
    let current = serde_json::to_string_pretty(&site::schema()).expect("JSON") + "\n";
    let path = example("site.schema.json");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &current).expect("write the schema");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == current, "examples/site.schema.json is stale: see the head of this file");
}

#[test]
fn the_schema_accepts_what_the_parser_accepts() {
    let init = site::init(&site::InitAnswers::default());
    let read = |name| std::fs::read_to_string(example(name)).expect(name);
    for text in [read("site.toml"), read("lab/site.toml"), init] {
        assert_eq!(violations(&site::schema(), &toml_as_json(&text), "site"), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_unknown_missing_and_mistyped_keys() {
    let bad = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/site/bad").join(name);
        let text = std::fs::read_to_string(path).expect(name);
        violations(&site::schema(), &toml_as_json(&text), "site")
    };
    assert_eq!(bad("unknown-key.toml").len(), 3);
    assert_eq!(bad("missing-key.toml").len(), 2);
    assert_eq!(bad("unknown-word.toml").len(), 3);
    assert!(bad("wrong-type.toml").len() >= 6);
}

#[test]
fn every_key_is_described() {
    fn walk(schema: &Json, path: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "{path}.{key} has no description");
            walk(property, key);
            walk(&property["items"], key);
        }
    }
    walk(&site::schema(), "site");
}

/// The part of JSON schema that the generator uses, and nothing else: a new
/// keyword has to be taught here before it can be relied on. Patterns are
/// left to the editor.
fn violations(schema: &Json, value: &Json, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "pattern" => {}
            "type" if is_of_type(rule, value) => {}
            "type" => found.push(format!("{path}: is no {rule}")),
            "enum" if rule.as_array().is_some_and(|words| words.contains(value)) => {}
            "enum" => found.push(format!("{path}: is none of {rule}")),
            "minimum" if value.as_i64() >= rule.as_i64() => {}
            "minimum" => found.push(format!("{path}: is below {rule}")),
            "items" => {
                let items = value.as_array().into_iter().flatten();
                found.extend(items.flat_map(|item| violations(rule, item, path)));
            }
            "required" => {
                let keys = rule.as_array().into_iter().flatten().filter_map(Json::as_str);
                let missing = keys.filter(|key| value.get(key).is_none());
                found.extend(missing.map(|key| format!("{path}.{key}: is missing")));
            }
            "properties" => {
                for (key, schema) in rule.as_object().into_iter().flatten() {
                    let inner = value.get(key).into_iter();
                    found.extend(inner.flat_map(|value| violations(schema, value, key)));
                }
            }
            "additionalProperties" => {
                let known = |key: &String| schema["properties"].get(key).is_some();
                let object = value.as_object().into_iter().flatten();
                for (key, value) in object.filter(|(key, _)| !known(key)) {
                    match rule {
                        Json::Bool(false) => found.push(format!("{path}.{key}: is unknown")),
                        schema => found.extend(violations(schema, value, key)),
                    }
                }
            }
            other => panic!("the schema uses {other}, which this test does not know"),
        }
    }
    found
}

fn is_of_type(rule: &Json, value: &Json) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema has the type {other}, which this test does not know"),
    };
    match rule {
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(is),
        name => name.as_str().is_some_and(is),
    }
}
