// SPDX-License-Identifier: Apache-2.0
//! Somebody at a login node types `srun`, `salloc`, `squeue` and `sinfo` while the active
//! controller loses its power: what is typed while nobody answers takes longer, and ends well.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{LabSite, wait_until};

const PERSON: &str = include_str!("interactive.py");
const PERSON_FILE: &str = "/run/lab_interactive.py";
const PATH: &str = "/run/lab-interactive";
const UNIT: &str = "lab-interactive";

/// slurmctld saves its jobs every five seconds: one that was typed so long before the cut may
/// have lost its job with it, and says so.
const UNSAVED_S: f64 = 5.0;

/// Plays it, and prints what took longest.
pub fn commands_wait(lab: &LabSite) {
    lab.until_healthy();
    begins(lab);
    wait_until("each command has ended well before the cut", || kinds(&ledger(lab)).len() == 4);
    let (active, passive) = lab.active_and_passive();
    let cut = now(lab);
    lab.slurmha(&["lab", "power", "off", &active]).succeeds();
    lab.until_served_by(&passive);
    let served = now(lab);
    wait_until("each command was typed again since", || {
        kinds(&later_than(&ledger(lab), served)).len() == 4
    });
    lab.on("login1", &format!("touch {PATH}.stop"));
    wait_until("the last command has ended", || {
        lab.try_on("login1", &format!("! systemctl is-active --quiet {UNIT}")).is_some()
    });
    let ledger = ledger(lab);
    eprint!("{}", summary(&ledger, cut, served));
    let meanwhile: Vec<Value> =
        later_than(&ledger, cut).into_iter().filter(|line| number(line, "at") < served).collect();
    assert_eq!(kinds(&meanwhile).len(), 4, "not every command was typed meanwhile: {meanwhile:#?}");
    let is_owed = |line: &Value| !(cut - UNSAVED_S..cut).contains(&number(line, "at"));
    let wrong: Vec<&Value> =
        ledger.iter().filter(|line| line["status"] != 0 && is_owed(line)).collect();
    assert!(wrong.is_empty(), "errors were shown: {wrong:#?}");
    // An allocation whose end was not saved would hold its node until its time limit.
    lab.on("login1", "scancel --user=nobody");
    lab.until_healthy();
}

fn begins(lab: &LabSite) {
    lab.on("login1", &format!("cat >{PERSON_FILE} <<'LAB'\n{PERSON}\nLAB"));
    lab.on(
        "login1",
        &format!(
            "rm -f {PATH}.*; systemctl reset-failed {UNIT} 2>/dev/null; \
             systemd-run --quiet --unit={UNIT} --property=StandardError=append:{PATH}.log \
             python3 {PERSON_FILE} {PATH}"
        ),
    );
}

fn ledger(lab: &LabSite) -> Vec<Value> {
    let text = lab.try_on("login1", &format!("cat {PATH}.ledger")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn later_than(ledger: &[Value], moment: f64) -> Vec<Value> {
    ledger.iter().filter(|line| number(line, "at") > moment).cloned().collect()
}

/// Which commands have ended well.
fn kinds(ledger: &[Value]) -> BTreeSet<&str> {
    let well = ledger.iter().filter(|line| line["status"] == 0);
    well.filter_map(|line| line["command"].as_str()).collect()
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_default()
}

/// Seconds since the epoch by the clock of the one who types.
fn now(lab: &LabSite) -> f64 {
    lab.on("login1", "date +%s.%N").trim().parse().expect("seconds")
}

/// A line for each command: the longest wait before the cut, and of those typed while nobody
/// answered; and what those say that did not end well.
fn summary(ledger: &[Value], cut: f64, served: f64) -> String {
    let mut text = format!("nobody answered for {:.1} s\n", served - cut);
    for command in ["srun", "salloc", "squeue", "sinfo"] {
        let longest = |from: f64, to: f64| {
            let of_it = ledger.iter().filter(|line| line["command"] == command);
            let took = of_it
                .filter(|line| (from..to).contains(&number(line, "at")))
                .map(|line| number(line, "took"));
            took.fold((0, 0.0), |(count, longest), took| (count + 1, f64::max(longest, took)))
        };
        let (before, usual) = longest(0.0, cut - 2.0 * UNSAVED_S);
        let (meanwhile, waited) = longest(cut, served);
        text += &format!(
            "{command}: {before} before, the longest {usual:.1} s; {meanwhile} meanwhile, the \
             longest {waited:.1} s\n"
        );
    }
    for line in ledger.iter().filter(|line| line["status"] != 0) {
        text += &format!("{:.1} s after the cut: {line}\n", number(line, "at") - cut);
    }
    text
}
