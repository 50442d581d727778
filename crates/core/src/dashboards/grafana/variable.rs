// SPDX-License-Identifier: Apache-2.0
//! What can be chosen at the top of a dashboard.

use serde::Serialize;

use super::{DataSource, PROMETHEUS};
use crate::dashboards::Dashboard;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variable {
    name: &'static str,
    label: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    query: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<DataSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Chosen>,
    multi: bool,
    include_all: bool,
    /// 1: the choices are looked up as the dashboard is loaded.
    refresh: u8,
    /// 1: by the alphabet.
    sort: u8,
    hide: u8,
}

/// What is chosen at first.
#[derive(Serialize)]
struct Chosen {
    text: [&'static str; 1],
    value: [&'static str; 1],
}

impl Chosen {
    fn new(text: &'static str, value: &'static str) -> Option<Self> {
        Some(Self { text: [text], value: [value] })
    }
}

/// Which Prometheus and, where a dashboard is about machines, which of them.
///
/// The controllers first: a cluster may have thousands of compute nodes.
pub(super) fn of(dashboard: &Dashboard) -> Vec<Variable> {
    let prometheus = Variable {
        name: "datasource",
        label: "Prometheus",
        kind: "datasource",
        query: "prometheus",
        datasource: None,
        current: None,
        multi: false,
        include_all: false,
        refresh: 1,
        sort: 0,
        hide: 0,
    };
    let mut all = vec![prometheus];
    if dashboard.chooses_machines {
        all.push(choice("role", "Role", ROLES, Chosen::new("controller", "controller")));
        all.push(choice("machine", "Machine", MACHINES, Chosen::new("All", "$__all")));
    }
    all
}

const ROLES: &str = "label_values(up{job=\"node\"}, role)";
const MACHINES: &str = "label_values(up{job=\"node\",role=~\"$role\"}, instance)";

fn choice(
    name: &'static str,
    label: &'static str,
    query: &'static str,
    current: Option<Chosen>,
) -> Variable {
    Variable {
        name,
        label,
        kind: "query",
        query,
        datasource: Some(PROMETHEUS),
        current,
        multi: true,
        include_all: true,
        refresh: 1,
        sort: 1,
        hide: 0,
    }
}
