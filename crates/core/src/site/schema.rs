// SPDX-License-Identifier: Apache-2.0
//! The JSON schema of the site file, for editors that understand it.

use serde_json::{Map, Value as Json, json};

use super::fragment::{Fragment, Need};
use super::fragments::SiteFile;

/// The JSON schema (draft 7, which taplo and Even Better TOML read).
///
/// It is generated from the declarations that the reader uses, so the two
/// cannot disagree about keys. Rules between values are `slurmha check`'s.
pub fn schema() -> Json {
    let mut schema = table_schema::<SiteFile>();
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        object.insert("title".to_owned(), json!("slurmha site file"));
    }
    schema
}

/// The schema of one declared table.
pub(super) fn table_schema<F: Fragment>() -> Json {
    let mut properties = Map::new();
    for field in F::FIELDS {
        let mut schema = (field.schema)();
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(flow(field.doc)));
        }
        properties.insert(field.key.to_owned(), schema);
    }
    let required = F::FIELDS.iter().filter(|f| f.need == Need::Required).map(|f| f.key);
    json!({
        "type": "object",
        "description": flow(F::DOC),
        "properties": properties,
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

/// A doc comment as running text.
fn flow(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}
