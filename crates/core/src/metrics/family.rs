// SPDX-License-Identifier: Apache-2.0
//! A metric with all of its series.

use std::time::Duration;

use jiff::Timestamp;

/// A metric with all of its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Name, with the unit at its end.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// Its series; none when nothing of it is on this machine.
    pub samples: Vec<Sample>,
}

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Up and down.
    Gauge,
    /// Up, or back to 0.
    Counter,
}

/// A series at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, String)>,
    /// Its value; NaN when it is not known.
    pub value: f64,
}

impl Family {
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Gauge, samples: Vec::new() }
    }

    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Counter, samples: Vec::new() }
    }

    /// The same with one more series.
    pub(super) fn with(mut self, labels: &[(&'static str, &str)], value: impl Value) -> Self {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value: value.number() });
        self
    }

    /// The same with a series that has no label.
    pub(super) fn of(self, value: impl Value) -> Self {
        self.with(&[], value)
    }

    /// The same with a series for each value of a label.
    pub(super) fn each<'a, V: Value>(
        self,
        label: &'static str,
        values: impl IntoIterator<Item = &'a str>,
        number: impl Fn(&str) -> V,
    ) -> Self {
        values.into_iter().fold(self, |family, value| family.with(&[(label, value)], number(value)))
    }

    /// The same with a series for each possible state: 1 for the one that
    /// is, 0 for the others, NaN for all when it is not known.
    pub(super) fn states(
        self,
        labels: &[(&'static str, &str)],
        label: &'static str,
        possible: &[&str],
        is: Option<&str>,
    ) -> Self {
        possible.iter().fold(self, |family, state| {
            let labels = [labels, &[(label, *state)]].concat();
            family.with(&labels, is.map(|is| is == *state))
        })
    }
}

/// What becomes a series' number: seconds for times, NaN for what is not known.
pub(super) trait Value {
    fn number(self) -> f64;
}

impl Value for f64 {
    fn number(self) -> f64 {
        self
    }
}

impl Value for bool {
    fn number(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl Value for u32 {
    fn number(self) -> f64 {
        f64::from(self)
    }
}

impl Value for u64 {
    /// Exact up to 2^53, which is 8 PiB.
    fn number(self) -> f64 {
        self as f64
    }
}

impl Value for usize {
    fn number(self) -> f64 {
        self as f64
    }
}

impl Value for Duration {
    fn number(self) -> f64 {
        self.as_secs_f64()
    }
}

impl Value for Timestamp {
    fn number(self) -> f64 {
        self.as_millisecond() as f64 / 1000.0
    }
}

impl<V: Value> Value for Option<V> {
    fn number(self) -> f64 {
        self.map_or(f64::NAN, Value::number)
    }
}
