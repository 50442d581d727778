// SPDX-License-Identifier: Apache-2.0
//! The last hours, from the site's Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use slurmha_core::console::{PLOTS, Plot, Points, parse_matrix};
use slurmha_host::System;
use tokio::sync::Mutex;

use super::client;

/// An answer is good for so long, whoever asks.
const FRESH: Duration = Duration::from_secs(15);
/// Points of a line: what a narrow picture can show.
const POINTS: u64 = 180;
/// The most that Prometheus may answer.
const LONGEST: usize = 1 << 20;
const HOUR_S: u64 = 3600;

/// The last hours, from the site's Prometheus.
pub struct Plots {
    system: Arc<dyn System + Send + Sync>,
    /// Where Prometheus answers; the first that does is asked.
    hosts: Vec<SocketAddr>,
    /// The last answer, and when it came. Whoever asks waits for the one who
    /// asked before him.
    kept: Mutex<Option<(Duration, u64, Arc<str>)>>,
}

/// What the page gets.
#[derive(Serialize)]
struct Answer {
    hours: u64,
    /// Why there is nothing to see.
    why: Option<String>,
    plots: Vec<Drawn>,
}

#[derive(Serialize)]
struct Drawn {
    id: &'static str,
    title: &'static str,
    unit: &'static str,
    lines: Vec<Points>,
}

impl Plots {
    pub fn new(system: Arc<dyn System + Send + Sync>, hosts: Vec<SocketAddr>) -> Self {
        Self { system, hosts, kept: Mutex::default() }
    }

    /// The plots of that many hours, as JSON.
    pub async fn json(&self, hours: u64) -> Arc<str> {
        let mut kept = self.kept.lock().await;
        let now = self.system.elapsed();
        if let Some((at, of, text)) = &*kept
            && *of == hours
            && now.saturating_sub(*at) < FRESH
        {
            return Arc::clone(text);
        }
        let text: Arc<str> =
            serde_json::to_string(&self.ask(hours).await).unwrap_or_default().into();
        *kept = Some((now, hours, Arc::clone(&text)));
        text
    }

    async fn ask(&self, hours: u64) -> Answer {
        let mut why = "this site has no [monitoring], so nothing is kept to be plotted".to_owned();
        for host in &self.hosts {
            let drawn = join_all(PLOTS.iter().map(|plot| self.draw(*host, plot, hours))).await;
            match drawn.into_iter().collect() {
                Ok(plots) => return Answer { hours, why: None, plots },
                Err(error) => why = error,
            }
        }
        Answer { hours, why: Some(why), plots: Vec::new() }
    }

    async fn draw(&self, host: SocketAddr, plot: &Plot, hours: u64) -> Result<Drawn, String> {
        let end = self.system.now().as_second();
        let start = end - i64::try_from(hours * HOUR_S).unwrap_or(0);
        let step = hours * HOUR_S / POINTS;
        let query = encoded(plot.query);
        let path = format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}");
        let text = client::text(host, &path, LONGEST).await?;
        let lines = parse_matrix(&text, plot.label)?;
        Ok(Drawn { id: plot.id, title: plot.title, unit: plot.unit, lines })
    }
}

/// Everything but letters and digits, as a URL wants it (RFC 3986, 2.1).
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
