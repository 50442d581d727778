// SPDX-License-Identifier: Apache-2.0
//! All samples, as JSON and as a table.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::{Event, Seen};
use crate::lab::{Result, Way};

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// The outage; absent when it could not be measured.
    pub seconds: Option<f64>,
    /// Whether it ended while somebody watched.
    pub ended: bool,
    /// The longest time without an answer before the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_s: Option<f64>,
    /// What else was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it could not be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All samples of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// By way.
    pub ways: BTreeMap<Way, Vec<Sample>>,
    /// By hand, without a cluster manager.
    pub floor: Vec<Sample>,
}

/// A line of the table, and its samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    event: &'static str,
    measure: &'static str,
    recipe_s: Option<f64>,
    /// Whether the median of the recipe is only how long somebody watched.
    recipe_ended: bool,
    slurmha_s: Option<f64>,
    slurmha_ended: bool,
    floor_s: Option<f64>,
    /// slurmha's outage in parts of the recipe's.
    ratio: Option<f64>,
    /// slurmha's outage in multiples of the floor.
    over_floor: Option<f64>,
    recipe: Vec<Sample>,
    slurmha: Vec<Sample>,
    floor: Vec<Sample>,
}

impl Sample {
    /// From what a client saw.
    pub fn seen(seen: Result<Seen>) -> Self {
        match seen {
            Ok(Seen { gap, usual_s, notes }) => Self {
                seconds: Some(rounded(gap.seconds)),
                ended: gap.ended,
                usual_s: usual_s.map(rounded),
                notes,
                error: None,
            },
            Err(error) => Self::failed(error),
        }
    }

    /// From what somebody did by hand.
    pub fn by_hand(seconds: Result<f64>) -> Self {
        match seconds {
            Ok(seconds) => Self {
                seconds: Some(rounded(seconds)),
                ended: true,
                usual_s: None,
                notes: Vec::new(),
                error: None,
            },
            Err(error) => Self::failed(error),
        }
    }

    /// In words.
    pub fn text(&self) -> String {
        let seconds = shown(self.seconds, self.ended);
        let usual = self.usual_s.map(|usual| format!("usual {usual:.1} s"));
        let error = self.error.as_ref().map(|error| format!("failed: {error}"));
        let more: Vec<String> =
            usual.into_iter().chain(self.notes.iter().cloned()).chain(error).collect();
        format!("{seconds:>7} s  {}", more.join(", "))
    }

    fn failed(error: String) -> Self {
        Self { seconds: None, ended: false, usual_s: None, notes: Vec::new(), error: Some(error) }
    }
}

impl Line {
    /// The line of an event.
    pub fn new(event: Event, samples: &Samples) -> Self {
        let of = |way| samples.ways.get(&way).cloned().unwrap_or_default();
        let (recipe, slurmha) = (of(Way::Recipe), of(Way::Slurmha));
        let ratio = |a: &[Sample], b: &[Sample]| Some(rounded(median(a)?.0 / median(b)?.0));
        let seconds = |samples: &[Sample]| median(samples).map(|(seconds, _)| seconds);
        let ended = |samples: &[Sample]| median(samples).is_some_and(|(_, ended)| ended);
        Self {
            event: event.name(),
            measure: event.measure(),
            recipe_s: seconds(&recipe),
            recipe_ended: ended(&recipe),
            slurmha_s: seconds(&slurmha),
            slurmha_ended: ended(&slurmha),
            floor_s: seconds(&samples.floor),
            ratio: ratio(&slurmha, &recipe),
            over_floor: ratio(&slurmha, &samples.floor),
            recipe,
            slurmha,
            floor: samples.floor.clone(),
        }
    }
}

/// The table: medians in seconds.
pub fn render(lines: &[Line]) -> String {
    let mut text = format!(
        "{:<20}{:>9}{:>9}{:>9}{:>16}{:>15}\n",
        "event", "recipe", "slurmha", "by hand", "slurmha/recipe", "slurmha/hand"
    );
    for line in lines {
        let ratio =
            |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        text.push_str(&format!(
            "{:<20}{:>9}{:>9}{:>9}{:>16}{:>15}\n",
            line.event,
            shown(line.recipe_s, line.recipe_ended),
            shown(line.slurmha_s, line.slurmha_ended),
            shown(line.floor_s, true),
            ratio(line.ratio),
            ratio(line.over_floor),
        ));
    }
    text
}

/// The middle one of the samples that could be measured, the longer of two
/// in the middle, and whether it ended.
fn median(samples: &[Sample]) -> Option<(f64, bool)> {
    let mut known: Vec<(f64, bool)> =
        samples.iter().filter_map(|sample| Some((sample.seconds?, sample.ended))).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    known.get(known.len() / 2).copied()
}

/// What did not end while somebody watched is longer than that.
fn shown(seconds: Option<f64>, ended: bool) -> String {
    match seconds {
        Some(seconds) if ended => format!("{seconds:.1}"),
        Some(seconds) => format!("> {seconds:.0}"),
        None => "-".to_owned(),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outage::Gap;

    fn sample(seconds: f64, ended: bool) -> Sample {
        Sample::seen(Ok(Seen {
            gap: Gap { seconds, ended },
            usual_s: Some(0.31),
            notes: Vec::new(),
        }))
    }

    fn failed() -> Sample {
        Sample::seen(Err("no answer".to_owned()))
    }

    #[test]
    fn a_failed_sample_has_no_part_in_the_median() {
        assert_eq!(
            median(&[sample(9.0, true), failed(), sample(7.0, true), sample(8.0, true)]),
            Some((8.0, true))
        );
        assert_eq!(median(&[failed()]), None);
    }

    #[test]
    fn a_median_that_did_not_end_says_so() {
        let samples = [sample(240.0, false), sample(30.0, true), sample(241.0, false)];
        assert_eq!(median(&samples), Some((240.0, false)));
    }

    #[test]
    fn the_table_has_ratios_where_both_sides_are_known() {
        let mut samples = Samples::default();
        samples.ways.insert(Way::Recipe, vec![sample(240.4, false)]);
        samples.ways.insert(Way::Slurmha, vec![sample(6.0, true), sample(5.0, true), failed()]);
        let killed = Line::new(Event::SlurmctldFrozen, &samples);
        samples.floor.push(Sample::by_hand(Ok(4.0)));
        samples.ways.remove(&Way::Recipe);
        let lines = [killed, Line::new(Event::PowerLoss, &samples)];
        assert_eq!(
            render(&lines),
            "event                  recipe  slurmha  by hand  slurmha/recipe   slurmha/hand
slurmctld-frozen        > 240      6.0        -            0.03              -
power-loss                  -      6.0      4.0               -           1.50
"
        );
    }

    #[test]
    fn a_sample_in_words() {
        assert_eq!(sample(12.34, true).text(), "   12.3 s  usual 0.3 s");
        assert_eq!(failed().text(), "      - s  failed: no answer");
    }
}
