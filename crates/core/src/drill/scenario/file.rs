// SPDX-License-Identifier: Apache-2.0
//! A scenario as a file that an administrator writes (`slurmha drill run`).

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use super::{Budget, Scenario, USER_RATES};
use crate::drill::combination::{Combination, Objection, Planned};
use crate::drill::fault::Fault;
use crate::drill::work::Mix;

/// Why a file is no scenario.
#[derive(Debug, Error, PartialEq)]
pub enum ScenarioError {
    /// It cannot be read as one; the text shows the place.
    #[error("{}", .0.trim_end())]
    Syntax(String),
    /// There is no such fault.
    #[error("there is no fault `{0}`")]
    Fault(String),
    /// Its faults cannot be played together.
    #[error("its faults do not go together: {0}")]
    Together(Objection),
    /// A length for a fault that the cluster has to mend.
    #[error("{0} has no length: it lasts until the cluster has mended it")]
    Length(String),
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
    verify: Option<bool>,
    #[serde(default)]
    overlap: Vec<OverlapTable>,
    #[serde(default)]
    load: LoadTable,
    #[serde(default)]
    seconds: SecondsTable,
    #[serde(default)]
    budget: BudgetTable,
}

/// A fault that comes while the first one is being survived.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverlapTable {
    fault: String,
    after: f64,
    lasts: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadTable {
    rate: Option<f64>,
    user: Option<String>,
    durable: Option<bool>,
    mix: Option<Mix>,
    reserve: Option<bool>,
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
    let first = Planned::new(fault(&file.fault)?, Duration::ZERO);
    let overlaps = file.overlap.iter().map(overlap);
    let faults = [Ok(first)].into_iter().chain(overlaps).collect::<Result<Vec<_>, _>>()?;
    let combination = Combination::new(faults).map_err(ScenarioError::Together)?;
    let mut scenario = Scenario::of(&combination);
    scenario.name = file.name;
    set(&mut scenario.verify, file.verify);

    let load = &mut scenario.load;
    set(&mut load.rate, checked("load.rate", file.load.rate, USER_RATES)?);
    set(&mut load.user, file.load.user);
    set(&mut load.durable, file.load.durable);
    set(&mut load.mix, file.load.mix);
    set(&mut load.reserve, file.load.reserve);

    let seconds = file.seconds;
    if let Some(lasts) = checked("seconds.fault", seconds.fault, SECONDS)? {
        if !scenario.fault.is_taken_back() {
            return Err(ScenarioError::Length(file.fault));
        }
        scenario.bounds.set_fault(Duration::from_secs_f64(lasts));
    }
    let bounds = &mut scenario.bounds;
    for (key, place, value, range) in [
        ("seconds.warm_up", &mut bounds.warm_up, seconds.warm_up, LOAD_SECONDS),
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

fn fault(name: &str) -> Result<Fault, ScenarioError> {
    name.parse().map_err(|_| ScenarioError::Fault(name.to_owned()))
}

fn overlap(table: &OverlapTable) -> Result<Planned, ScenarioError> {
    let after = checked("overlap.after", Some(table.after), SECONDS)?.unwrap_or_default();
    let lasts = checked("overlap.lasts", table.lasts, SECONDS)?.map(Duration::from_secs_f64);
    let planned = Planned::new(fault(&table.fault)?, Duration::from_secs_f64(after));
    match lasts {
        Some(_) if !planned.fault.is_taken_back() => {
            Err(ScenarioError::Length(table.fault.clone()))
        }
        lasts => Ok(Planned { lasts: lasts.unwrap_or(planned.lasts), ..planned }),
    }
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

    /// What it does is watched until it has ended, or it would be cut short.
    #[test]
    fn a_fault_lasts_as_long_as_the_file_says() {
        let with = |fault, more: &str| {
            parse_scenario(&format!("fault = \"{fault}\"\n[seconds]\nfault = 300\n{more}"))
        };
        let bounds = with("cut-cluster-link", "").unwrap().bounds;
        assert_eq!(bounds.fault, Duration::from_secs(300));
        assert!(bounds.watch > bounds.fault, "{bounds:?}");
        let watch = with("cut-cluster-link", "watch = 20").unwrap().bounds.watch;
        assert_eq!(watch, Duration::from_secs(20));
        let error = with("power-loss", "").unwrap_err().to_string();
        assert!(error.starts_with("power-loss has no length"), "{error}");
    }

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
            verify = true
            [load]
            rate = 2.5
            user = "alice"
            durable = true
            mix = "plain"
            reserve = true
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
        assert!(scenario.load.durable && scenario.verify);
        assert_eq!((scenario.load.mix, scenario.load.reserve), (Mix::Plain, true));
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
        let text = include_str!("../../../../../examples/drills/busy.toml");
        assert!(parse_scenario(text).unwrap().load.reserve);
        let text = include_str!("../../../../../examples/drills/bad-friday.toml");
        let scenario = parse_scenario(text).unwrap();
        assert_eq!(scenario.fault_names(), "passive-power-loss+kill-slurmctld+fill-database");
        assert_eq!(scenario.overlaps[1].lasts, Duration::from_secs(30));
    }

    #[test]
    fn faults_overlap_as_the_file_says_and_each_has_the_time_that_it_needs() {
        let text = r#"
            fault = "fill-state"
            [[overlap]]
            fault = "power-loss"
            after = 40
            [[overlap]]
            fault = "fill-database"
            after = 2.5
            lasts = 90
        "#;
        let scenario = parse_scenario(text).unwrap();
        assert_eq!(scenario.fault_names(), "fill-state+fill-database+power-loss");
        let [second, third] = scenario.overlaps.as_slice() else { panic!("{scenario:?}") };
        assert_eq!((second.after.as_secs_f64(), second.lasts.as_secs()), (2.5, 90));
        assert_eq!((third.after.as_secs(), third.lasts.as_secs()), (40, 0));
        let bounds = &scenario.bounds;
        assert_eq!(bounds.fault, Duration::from_secs(45));
        assert!(bounds.watch > second.after + second.lasts, "{bounds:?}");
        let alone = Scenario::new(Fault::PowerLoss(Side::Active)).bounds;
        assert_eq!(bounds.recovery, alone.recovery + third.after);
        assert_eq!(scenario.gravest(), Fault::PowerLoss(Side::Active));
    }

    #[test]
    fn faults_that_do_not_go_together_are_refused() {
        let with = |overlap: &str| {
            let text = format!("fault = \"crash\"\n[[overlap]]\n{overlap}");
            parse_scenario(&text).unwrap_err().to_string()
        };
        assert_eq!(
            with("fault = \"kill-slurmctld\"\nafter = 3"),
            "its faults do not go together: after crash the machine that kill-slurmctld hits may \
             be gone"
        );
        assert!(with("fault = \"kill-qnetd\"\nafter = 3\nlasts = 5").contains("no length"));
        assert!(with("fault = \"kill-qnetd\"\nafter = -3").contains("overlap.after = -3"));
        assert!(with("fault = \"kill-qnet\"\nafter = 3").contains("no fault `kill-qnet`"));
        assert!(with("fault = \"kill-qnetd\"").contains("after"));
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
