// SPDX-License-Identifier: Apache-2.0
//! How far the clocks of the machines are apart, so that one timeline results.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::time::{rounded, seconds, shifted};

/// One question for the time and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// When it was asked, on the asking machine's clock.
    pub asked: Timestamp,
    /// What the asked machine's clock said.
    pub there: Timestamp,
    /// When the answer had arrived, on the asking machine's clock.
    pub answered: Timestamp,
}

impl ClockReading {
    /// Seconds that the question and its answer travelled.
    fn round_trip_s(&self) -> f64 {
        seconds(self.asked, self.answered)
    }
}

/// How far a machine's clock is from that of the machine that runs the drill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Seconds to add to the machine's time.
    pub add_s: f64,
    /// How wrong that can be: half of the quickest round trip.
    pub error_s: f64,
}

impl ClockOffset {
    /// The offset from the quickest of several readings: the answer was
    /// somewhere between question and arrival, taken to be in the middle.
    /// `None` without any reading.
    pub fn measure(readings: &[ClockReading]) -> Option<Self> {
        let best = readings
            .iter()
            .filter(|r| r.round_trip_s() >= 0.0)
            .min_by(|a, b| a.round_trip_s().total_cmp(&b.round_trip_s()))?;
        let half = best.round_trip_s() / 2.0;
        let middle = shifted(best.asked, half);
        Some(Self { add_s: rounded(seconds(best.there, middle)), error_s: rounded(half) })
    }

    /// A moment of that machine's clock on the drill's own clock.
    pub fn apply(&self, there: Timestamp) -> Timestamp {
        shifted(there, self.add_s)
    }

    /// A moment of the drill's own clock on that machine's.
    pub fn there(&self, here: Timestamp) -> Timestamp {
        shifted(here, -self.add_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn the_quickest_round_trip_decides() {
        let slow = ClockReading { asked: at(0), there: at(5900), answered: at(1000) };
        let quick = ClockReading { asked: at(2000), there: at(7010), answered: at(2020) };
        let offset = ClockOffset::measure(&[slow, quick]).unwrap();
        assert_eq!(offset, ClockOffset { add_s: -5.0, error_s: 0.01 });
        assert_eq!(offset.apply(at(7010)), at(2010));
        assert_eq!(offset.there(at(2010)), at(7010));
    }

    #[test]
    fn no_reading_is_no_offset() {
        assert_eq!(ClockOffset::measure(&[]), None);
        let backwards = ClockReading { asked: at(10), there: at(0), answered: at(0) };
        assert_eq!(ClockOffset::measure(&[backwards]), None);
    }
}
