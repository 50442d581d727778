// SPDX-License-Identifier: Apache-2.0
//! Faults and their times as a text that can be typed again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Combination, Planned};
use crate::drill::as_text::as_text;
use crate::drill::fault::Fault;

/// Between the names of two faults.
const AND: char = '+';
/// Before the seconds after the first fault.
const AFTER: char = '@';
/// Before the seconds for which it lasts.
const LASTS: char = ':';
/// The longest time that can be said, in seconds.
const LONGEST_S: u64 = 7200;

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, planned) in self.faults().iter().enumerate() {
            let usual = Planned::new(planned.fault, planned.after);
            if index > 0 {
                write!(f, "{AND}")?;
            }
            write!(f, "{}", planned.fault.name())?;
            if index > 0 {
                write!(f, "{AFTER}{}", planned.after.as_secs_f64())?;
            }
            if planned.lasts != usual.lasts {
                write!(f, "{LASTS}{}", planned.lasts.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

as_text!(Combination, |combination| combination.to_string());

impl FromStr for Combination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let faults = text.split(AND).map(planned).collect::<Result<Vec<_>, _>>()?;
        Self::new(faults).map_err(|objection| format!("{text}: {objection}"))
    }
}

/// `NAME[@SECONDS][:SECONDS]`.
fn planned(text: &str) -> Result<Planned, String> {
    let (text, lasts) = split(text, LASTS)?;
    let (name, after) = split(text, AFTER)?;
    let fault: Fault = name.parse()?;
    let planned = Planned::new(fault, after.unwrap_or_default());
    match lasts {
        Some(_) if !fault.is_taken_back() => {
            Err(format!("{name} lasts until the cluster has mended it: no {LASTS} behind it"))
        }
        lasts => Ok(Planned { lasts: lasts.unwrap_or(planned.lasts), ..planned }),
    }
}

fn split(text: &str, before: char) -> Result<(&str, Option<Duration>), String> {
    let Some((text, seconds)) = text.split_once(before) else { return Ok((text, None)) };
    let wrong = || format!("`{seconds}` behind {before} is no time of 0 to {LONGEST_S} seconds");
    let seconds: f64 = seconds.parse().map_err(|_| wrong())?;
    // NaN is in no range.
    if !(0.0..=LONGEST_S as f64).contains(&seconds) {
        return Err(wrong());
    }
    Ok((text, Some(Duration::from_secs_f64(seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Combination, String> {
        text.parse()
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "crash",
            "cut-replication-link",
            "cut-replication-link:40+kill-slurmctld@12",
            "kill-qnetd+fill-state@2.5:30+kill-mariadb@20",
        ] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        for fault in Fault::all() {
            let alone = Combination::from(fault);
            assert_eq!(read(&fault.name()).as_ref(), Ok(&alone));
            assert_eq!(alone.to_string(), fault.name());
        }
    }

    #[test]
    fn the_order_is_that_of_the_times() {
        let combination = read("kill-mariadb@5+crash@20+kill-qnetd@8").unwrap();
        assert_eq!(combination.to_string(), "kill-mariadb+kill-qnetd@3+crash@15");
        assert_eq!(combination.names(), "kill-mariadb+kill-qnetd+crash");
    }

    #[test]
    fn a_mistake_is_told() {
        assert_eq!(read("crash+nothing@3").unwrap_err(), "there is no drill nothing");
        for (text, part) in [
            ("crash:40", "no : behind it"),
            ("fill-state:x", "`x` behind : is no time"),
            ("crash+fill-state@-1", "`-1` behind @ is no time"),
            ("crash+fill-state@nan", "`nan` behind @ is no time"),
            ("", "there is no drill"),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
