// SPDX-License-Identifier: Apache-2.0
//! A scenario as a file that an administrator writes (`slurmha drill run`).

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::{Budget, Scenario, USER_RATES};
use crate::drill::fault::Fault;

/// Why a file is no scenario.
#[derive(Debug, Error, PartialEq)]
pub enum ScenarioError {
    /// It cannot be read as one; the text shows the place.
    #[error("{}", .0.trim_end())]
    Syntax(String),
    /// There is no such fault.
    #[error("there is no fault `{0}`")]
    Fault(String),
    /// A number that makes no sense.
    #[error("{key} = {value} is not {} to {}", .range.start(), .range.end())]
    OutOfRange {
        /// Its key, with the table.
        key: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: RangeInclusive<f64>,
    },
}

/// The file. What is not said is as in the drill of that fault.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    fault: String,
    #[serde(default)]
    load: LoadTable,
    #[serde(default)]
    seconds: SecondsTable,
    #[serde(default)]
    budget: BudgetTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadTable {
    rate: Option<f64>,
    user: Option<String>,
    durable: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondsTable {
    warm_up: Option<f64>,
    fault: Option<f64>,
    watch: Option<f64>,
    recovery: Option<f64>,
    cool_down: Option<f64>,
    drain: Option<f64>,
    rejoin: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetTable {
    submissions: Option<f64>,
    requests: Option<f64>,
    job_starts: Option<f64>,
    notice: Option<f64>,
}

/// Seconds that a part of a drill may be given.
const SECONDS: RangeInclusive<f64> = 0.0..=7200.0;
/// Less before the fault would not show what is usual.
const LOAD_SECONDS: RangeInclusive<f64> = 3.0..=3600.0;

/// Reads a scenario.
///
/// # Errors
/// The first mistake in it.
pub fn parse_scenario(text: &str) -> Result<Scenario, ScenarioError> {
    let file: File =
        toml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
    let fault: Fault = file.fault.parse().map_err(|_| ScenarioError::Fault(file.fault.clone()))?;
    let mut scenario = Scenario::new(fault);
    scenario.name = file.name;

    let load = &mut scenario.load;
    set(&mut load.rate, checked("load.rate", file.load.rate, USER_RATES)?);
    set(&mut load.user, file.load.user);
    set(&mut load.durable, file.load.durable);

    let bounds = &mut scenario.bounds;
    let seconds = file.seconds;
    for (key, place, value, range) in [
        ("seconds.warm_up", &mut bounds.warm_up, seconds.warm_up, LOAD_SECONDS),
        ("seconds.fault", &mut bounds.fault, seconds.fault, SECONDS),
        ("seconds.watch", &mut bounds.watch, seconds.watch, SECONDS),
        ("seconds.recovery", &mut bounds.recovery, seconds.recovery, SECONDS),
        ("seconds.cool_down", &mut bounds.cool_down, seconds.cool_down, LOAD_SECONDS),
        ("seconds.drain", &mut bounds.drain, seconds.drain, SECONDS),
        ("seconds.rejoin", &mut bounds.rejoin, seconds.rejoin, SECONDS),
    ] {
        set(place, checked(key, value, range)?.map(Duration::from_secs_f64));
    }

    let budget = file.budget;
    scenario.budget = Budget {
        submit_s: checked("budget.submissions", budget.submissions, SECONDS)?,
        rpc_s: checked("budget.requests", budget.requests, SECONDS)?,
        start_s: checked("budget.job_starts", budget.job_starts, SECONDS)?,
        notice_s: checked("budget.notice", budget.notice, SECONDS)?,
    };
    Ok(scenario)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn checked(
    key: &'static str,
    value: Option<f64>,
    range: RangeInclusive<f64>,
) -> Result<Option<f64>, ScenarioError> {
    match value {
        // NaN is in no range.
        Some(value) if !range.contains(&value) => {
            Err(ScenarioError::OutOfRange { key, value, range })
        }
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Side;

    #[test]
    fn what_is_not_said_is_as_in_the_drill_of_the_fault() {
        let scenario = parse_scenario("fault = \"passive-power-loss\"").unwrap();
        assert_eq!(scenario, Scenario::new(Fault::PowerLoss(Side::Passive)));
    }

    #[test]
    fn everything_can_be_said() {
        let text = r#"
            name = "friday"
            fault = "kill-slurmctld"
            [load]
            rate = 2.5
            user = "alice"
            durable = true
            [seconds]
            warm_up = 5
            recovery = 60.5
            [budget]
            requests = 10
            notice = 8.1
        "#;
        let scenario = parse_scenario(text).unwrap();
        assert_eq!(scenario.name.as_deref(), Some("friday"));
        assert_eq!((scenario.load.rate, scenario.load.user.as_str()), (2.5, "alice"));
        assert!(scenario.load.durable);
        assert_eq!(scenario.bounds.warm_up, Duration::from_secs(5));
        assert_eq!(scenario.bounds.recovery, Duration::from_millis(60_500));
        let budget = Budget { rpc_s: Some(10.0), notice_s: Some(8.1), ..Budget::default() };
        assert_eq!(scenario.budget, budget);
    }

    #[test]
    fn the_examples_are_scenarios() {
        let text = include_str!("../../../../../examples/drills/quiet-afternoon.toml");
        assert!(parse_scenario(text).unwrap().budget.rpc_s.is_some());
        let text = include_str!("../../../../../examples/drills/unplugged.toml");
        assert_eq!(parse_scenario(text).unwrap().bounds.fault, Duration::from_secs(60));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = |text: &str| parse_scenario(text).unwrap_err().to_string();
        assert_eq!(error("fault = \"power-los\""), "there is no fault `power-los`");
        let unknown = error("fault = \"power-loss\"\n[load]\nrates = 3\n");
        assert!(unknown.contains("rates") && unknown.contains("line 3"), "{unknown}");
        assert!(error("[load]\n").contains("fault"));
        assert_eq!(
            error("fault = \"power-loss\"\n[load]\nrate = 1000.0\n"),
            "load.rate = 1000 is not 0.05 to 50"
        );
        for number in ["-1", "nan", "inf", "1e99"] {
            let text = format!("fault = \"power-loss\"\n[seconds]\nrecovery = {number}\n");
            assert!(error(&text).contains("seconds.recovery"), "{number}");
        }
    }
}
