// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker hands to an agent.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{Answer, Status};

/// Pacemaker puts each parameter of the resource into the environment under
/// its name behind this (Resource Agent API, OCF 1.1).
const PREFIX: &str = "OCF_RESKEY_";

/// The resource's parameters.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Those of this process.
    pub fn from_environment() -> Self {
        let named =
            |(key, value): (String, String)| Some((key.strip_prefix(PREFIX)?.to_owned(), value));
        // What is no text cannot be one of ours.
        let texts = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self(texts.filter_map(named).collect())
    }

    /// One of them, in its type.
    ///
    /// # Errors
    /// When it is missing or cannot be read: not worth a try on this node.
    pub fn get<T: FromStr>(&self, name: &str) -> Result<T, Answer> {
        let missing = || format!("the parameter {name} is missing");
        let text = self.0.get(name).ok_or_else(missing);
        let value = text.and_then(|text| {
            text.parse().map_err(|_| format!("the parameter {name} is {text:?}, which is none"))
        });
        value.map_err(|why| Answer::because(Status::BadParameter, why))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Parameters {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }
}
