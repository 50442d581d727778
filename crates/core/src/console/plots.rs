// SPDX-License-Identifier: Apache-2.0
//! What is plotted, and what Prometheus answers.

use serde::Serialize;
use serde_json::Value;

/// One picture of a few lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Its own among the plots.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// In what it is counted; empty for a mere number.
    pub unit: &'static str,
    /// The query, whose series become lines.
    pub query: &'static str,
    /// The label that tells the lines apart; empty when there is one line.
    pub label: &'static str,
}

/// What is plotted. Of what only the active controller tells there is one
/// series for each controller that was active: the larger value is taken.
pub const PLOTS: [Plot; 6] = [
    Plot {
        id: "jobs",
        title: "Jobs",
        unit: "",
        query: "max by (state) (slurmha_slurm_jobs)",
        label: "state",
    },
    Plot {
        id: "nodes",
        title: "Nodes",
        unit: "",
        query: "max by (state) (slurmha_slurm_nodes) > 0",
        label: "state",
    },
    Plot {
        id: "threads",
        title: "Server threads",
        unit: "",
        query: "max(slurmha_slurmctld_server_threads)",
        label: "",
    },
    Plot {
        id: "saved",
        title: "Jobs saved",
        unit: "s ago",
        query: "max(slurmha_slurmctld_saved_state_age_seconds)",
        label: "",
    },
    Plot {
        id: "sync",
        title: "Out of sync",
        unit: "MiB",
        query: "max by (volume) (slurmha_drbd_out_of_sync_bytes) / 1048576",
        label: "volume",
    },
    Plot {
        id: "latency",
        title: "Link latency",
        unit: "ms",
        query: "max by (link) (slurmha_corosync_link_latency_seconds) * 1000",
        label: "link",
    },
];

/// One line of a plot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Points {
    /// What it is called; empty when it is alone.
    pub name: String,
    /// Its points in order of time.
    pub points: Vec<Point>,
}

/// Seconds since 1970, and the value, which may be unknown.
pub type Point = (f64, Option<f64>);

/// Reads what Prometheus answers to `/api/v1/query_range`: a matrix, each
/// value a text so that it can be `NaN` (its HTTP API, 2.42).
///
/// # Errors
/// When it says that it failed, or the text has another form; in a sentence.
pub fn parse_matrix(text: &str, label: &str) -> Result<Vec<Points>, String> {
    let answer: Value =
        serde_json::from_str(text).map_err(|error| format!("Prometheus' answer: {error}"))?;
    if answer["status"] != "success" {
        return Err(format!("Prometheus: {}", answer["error"].as_str().unwrap_or("no reason")));
    }
    let series = answer["data"]["result"].as_array();
    let series = series.ok_or_else(|| "Prometheus' answer has no result".to_owned())?;
    let line = |series: &Value| Points {
        name: series["metric"][label].as_str().unwrap_or_default().to_owned(),
        points: series["values"]
            .as_array()
            .map(|values| values.iter().filter_map(point).collect())
            .unwrap_or_default(),
    };
    Ok(series.iter().map(line).collect())
}

fn point(pair: &Value) -> Option<Point> {
    let value: f64 = pair[1].as_str()?.parse().ok()?;
    Some((pair[0].as_f64()?, value.is_finite().then_some(value)))
}
