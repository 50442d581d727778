// SPDX-License-Identifier: Apache-2.0
//! What a dashboard consists of.

use super::Tone;

/// A page of panels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dashboard {
    /// Its name in file names and in Grafana's address, after `slurmha-`.
    pub name: &'static str,
    /// Its title, after "Slurm HA: ".
    pub title: &'static str,
    /// Which question it answers, as a sentence.
    pub about: &'static str,
    /// Its rows from top to bottom.
    pub rows: &'static [Row],
    /// Whether machines can be chosen, as `$role` and `$machine` in its queries.
    pub chooses_machines: bool,
}

/// Panels under one heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// They stand side by side as far as there is room.
    pub panels: &'static [Panel],
}

/// One thing that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Panel {
    /// What it is.
    pub title: &'static str,
    /// What it means and what to make of it, as sentences.
    pub about: &'static str,
    /// How it is shown.
    pub view: View,
    /// Columns of 24.
    pub width: u8,
    /// Lines of Grafana's grid, 30 pixels each.
    pub height: u8,
    /// What its numbers count.
    pub unit: Unit,
    /// What single numbers mean.
    pub words: &'static [Word],
    /// From which number on a value is how good or bad, smallest first. Empty
    /// where no value is worse than another.
    pub levels: &'static [Level],
    /// What it asks.
    pub queries: &'static [Query],
    /// What it means that there is nothing to show.
    pub empty: &'static str,
}

impl Panel {
    /// What most panels have in common.
    pub(super) const COMMON: Self = Self {
        title: "",
        about: "",
        view: View::Trend,
        width: 12,
        height: 8,
        unit: Unit::Number,
        words: &[],
        levels: &[],
        queries: &[],
        empty: "unknown",
    };
    /// A word or a number, six to a line.
    pub(super) const STAT: Self = Self { view: View::Stat, width: 4, height: 4, ..Self::COMMON };
    /// States over time, over the whole width.
    pub(super) const TIMELINE: Self =
        Self { view: View::Timeline, width: 24, height: 5, ..Self::COMMON };
}

/// How a panel shows its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The present value in large letters.
    Stat,
    /// A line for each series.
    Trend,
    /// Areas on top of each other, for parts of a whole.
    Stack,
    /// A bar for each series with a stretch for each state: what changed when.
    Timeline,
    /// The alerts that fire, as a table.
    Alerts,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Number,
    /// Seconds.
    Seconds,
    /// Bytes, shown in powers of 1024.
    Bytes,
    /// Bytes in each second.
    BytesPerSecond,
    /// Parts of 1, shown in per cent.
    Ratio,
    /// Milliseconds since 1970, shown as how long ago that is.
    Moment,
}

/// What one number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The number.
    pub value: u8,
    /// The word that is shown.
    pub text: &'static str,
    /// What its colour says.
    pub tone: Tone,
    /// The value of the label that [`Expression::State`] counts as this number.
    pub label: &'static str,
}

impl Word {
    /// A word that is its label's value, too.
    pub(super) const fn new(value: u8, text: &'static str, tone: Tone) -> Self {
        Self { value, text, tone, label: text }
    }

    /// A word for a label's value that would not say it well.
    pub(super) const fn instead_of(self, label: &'static str) -> Self {
        Self { label, ..self }
    }
}

/// From here on a value is so good or bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The smallest such value; `f64::NEG_INFINITY` for the first level.
    pub from: f64,
    /// What its colour says.
    pub tone: Tone,
}

/// Two levels: `tone` from a number on, and good below it.
pub(super) const fn good_below(from: f64, tone: Tone) -> [Level; 2] {
    [Level { from: f64::NEG_INFINITY, tone: Tone::Good }, Level { from, tone }]
}

/// Two levels: `tone` below a number, and good from it on.
pub(super) const fn good_from(from: f64, tone: Tone) -> [Level; 2] {
    [Level { from: f64::NEG_INFINITY, tone }, Level { from, tone: Tone::Good }]
}

/// One question to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is asked.
    pub expression: Expression,
    /// What a series is called, in Grafana's templates: `{{instance}}`.
    pub legend: &'static str,
    /// Why a healthy cluster may answer nothing; `None` where it has to answer.
    pub may_be_empty: Option<&'static str>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expression {
    /// PromQL, with Grafana's variables.
    Text(&'static str),
    /// A metric that has one series for each state of `label` (1 for the one that
    /// is) as one series, whose value is the number of the state among the panel's
    /// words. NaN where the state is not known.
    State {
        /// Name of the metric.
        metric: &'static str,
        /// Its label that tells the states apart.
        label: &'static str,
        /// PromQL in which `#` stands for that series.
        within: &'static str,
    },
}

impl Query {
    /// A question that a healthy cluster answers.
    pub(super) const fn new(expression: &'static str, legend: &'static str) -> Self {
        Self { expression: Expression::Text(expression), legend, may_be_empty: None }
    }

    /// The same about a metric with states.
    pub(super) const fn state(
        metric: &'static str,
        label: &'static str,
        legend: &'static str,
    ) -> Self {
        let expression = Expression::State { metric, label, within: "#" };
        Self { expression, legend, may_be_empty: None }
    }

    /// The same, which a healthy cluster may leave without an answer.
    pub(super) const fn or_nothing(self, why: &'static str) -> Self {
        Self { may_be_empty: Some(why), ..self }
    }

    /// The question in PromQL; `words` are those of its panel.
    pub fn text(&self, words: &[Word]) -> String {
        match self.expression {
            Expression::Text(text) => text.to_owned(),
            Expression::State { metric, label, within } => {
                within.replace('#', &number_of_the_state(metric, label, words))
            }
        }
    }
}

fn number_of_the_state(metric: &str, label: &str, words: &[Word]) -> String {
    let terms: Vec<String> = words
        .iter()
        .map(|word| format!("{} * {metric}{{{label}=\"{}\"}}", word.value, word.label))
        .collect();
    terms.join(&format!(" + ignoring ({label}) "))
}

/// Something that is marked in the panels at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What such marks are called together.
    pub name: &'static str,
    /// PromQL; a mark where it gives a value above 0.
    pub expression: &'static str,
    /// What has happened, in Grafana's templates.
    pub text: &'static str,
    /// Whether the value is when it happened, in milliseconds since 1970.
    pub value_is_time: bool,
    /// What its colour says.
    pub tone: Tone,
}
