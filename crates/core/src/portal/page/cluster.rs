// SPDX-License-Identifier: Apache-2.0
//! Partitions and nodes.

use maud::{Markup, html};

use super::frame::{Frame, Here, mark, page};
use crate::portal::cluster::{Cluster, Partition, is_in_service, plain};
use crate::portal::text::{span, visible};

/// Nodes on the page.
const ROWS: usize = 500;

/// The page; `age_s` says how old it is, where that is long.
pub fn cluster_page(frame: Frame<'_>, cluster: Option<&Cluster>, age_s: Option<u64>) -> String {
    let body = html! {
        div #live data-live {
            @if let Some(age) = age_s { p.note { "As of " (span(age)) " ago." } }
            @match cluster {
                None => section.wide { h2 { "Partitions" } p.empty { "Not known yet." } },
                Some(cluster) => {
                    section.wide aria-labelledby="partitions-title" {
                        h2 #partitions-title { "Partitions" }
                        @for partition in &cluster.partitions { (partition_card(partition)) }
                    }
                    (out_of_service(cluster))
                },
            }
        }
    };
    page(frame, Here::Nodes, "Nodes", &body)
}

fn partition_card(it: &Partition) -> Markup {
    html! {
        div.partition {
            h3 {
                (mark(if it.availability == "up" { "good" } else { "warning" }))
                (it.name)
                small { (it.availability) @if it.is_default { ", the usual one" } ", jobs up to " (it.limit) ", nodes of up to " (it.cpus) " processors and " (it.memory_mb) " MiB" }
            }
            p.legend {
                span { (it.nodes()) " nodes:" }
                @for (state, count) in &it.states { span { (mark(tone(state))) (count) " " (state) } }
            }
        }
    }
}

fn tone(state: &str) -> &'static str {
    match plain(state) {
        "idle" => "good",
        "down" | "fail" | "failing" | "error" => "bad",
        _ if is_in_service(state) => "notice",
        "unknown" => "unknown",
        _ => "warning",
    }
}

fn out_of_service(cluster: &Cluster) -> Markup {
    let nodes: Vec<_> = cluster.out_of_service().collect();
    html! {
        section.wide aria-labelledby="nodes-title" {
            h2 #nodes-title { "Nodes that take no jobs" }
            @if nodes.is_empty() { p.empty { "None: all " (cluster.nodes.len()) " take jobs." } }
            @else {
                div.scroll { table {
                    thead { tr { th { "Node" } th { "State" } th { "Why" } } }
                    tbody {
                        @for (name, node) in nodes.iter().take(ROWS) {
                            tr { td { (name) } td { span.state { (mark(tone(&node.state))) (node.state) } } td { (visible(node.reason.as_deref().unwrap_or("nobody said"))) } }
                        }
                    }
                } }
                @if nodes.len() > ROWS { p.note { "The first " (ROWS) " of " (nodes.len()) "." } }
            }
        }
    }
}
