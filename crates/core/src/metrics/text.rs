// SPDX-License-Identifier: Apache-2.0
//! Prometheus' text exposition format 0.0.4.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::family::{Family, Kind};

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics as text. One without a series is left out.
pub(super) fn encode(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Round(families)));
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = encode_registry(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Round(Vec<Family>);

impl Collector for Round {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0
            .iter()
            .filter(|family| !family.samples.is_empty())
            .try_for_each(|family| encode_family(family, &mut encoder))
    }
}

/// A counter is written as the format 0.0.4 has it, under the name that it
/// was given: the encoder's own counters are OpenMetrics', whose HELP and TYPE
/// lines leave `_total` out, which Prometheus' own checker then finds missing.
fn encode_family(family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let kind = match family.kind {
        Kind::Gauge => MetricType::Gauge,
        Kind::Counter => MetricType::Counter,
    };
    let mut metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
    for sample in &family.samples {
        if sample.labels.is_empty() {
            metric.encode_gauge(&sample.value)?;
        } else {
            metric.encode_family(&sample.labels)?.encode_gauge(&sample.value)?;
        }
    }
    Ok(())
}
