// SPDX-License-Identifier: Apache-2.0
//! systemd's units, and systemctl.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::programs::Answer;
use super::state::State;

#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) enabled: bool,
    pub(super) active: bool,
    pub(super) since: Option<Timestamp>,
    /// The next start fails; systemd starts it again by itself, and that succeeds.
    pub(super) stumbles: bool,
    masked: bool,
    stale: bool,
}

impl Unit {
    pub(super) fn describe(&self) -> String {
        let Self { enabled, active, masked, stale, .. } = self;
        format!("enabled {enabled}, active {active}, masked {masked}, stale {stale}")
    }
}

impl State {
    pub(super) fn install_unit(&mut self, name: &str, start: bool) {
        let since = start.then(|| self.now());
        let unit = Unit { enabled: true, active: start, since, ..Unit::default() };
        self.units.entry(name.to_owned()).or_insert(unit);
    }

    pub(super) fn is_active(&self, unit: &str) -> bool {
        self.units.get(unit).is_some_and(|unit| unit.active)
    }

    /// A drop-in that systemd has not read yet, or a unit of our own.
    pub(super) fn unit_file_changed(&mut self, path: &Path) {
        let Ok(rest) = path.strip_prefix("/etc/systemd/system") else { return };
        let rest = rest.to_string_lossy().into_owned();
        // An instance is not a unit before it is started.
        if [".service", ".timer"].iter().any(|kind| rest.ends_with(kind))
            && !rest.contains(['/', '@'])
        {
            self.units.entry(rest.clone()).or_default();
        }
        for (name, unit) in &mut self.units {
            unit.stale |= rest.starts_with(name.as_str());
        }
    }

    pub(super) fn systemctl(&mut self, arguments: &[String]) -> Answer {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["show", "--property=NeedDaemonReload", "--", "*"] => {
                let flags = self.units.values().map(|unit| yes_or_no(unit.stale));
                let lines: String =
                    flags.map(|flag| format!("NeedDaemonReload={flag}\n\n")).collect();
                Answer::says(&lines)
            }
            ["show", _, _, "--", units @ ..] => {
                let blocks: Vec<String> = units.iter().map(|unit| self.show_unit(unit)).collect();
                Answer::says(&blocks.join("\n"))
            }
            ["daemon-reload"] => {
                self.units.values_mut().for_each(|unit| unit.stale = false);
                Answer::ok()
            }
            [verb, "--", units @ ..] => self.act_on_units(verb, units),
            _ => Answer::fails(1, "Unknown command verb"),
        }
    }

    fn show_unit(&self, name: &str) -> String {
        let Some(unit) = self.units.get(name) else {
            return format!("Id={name}\nLoadState=not-found\nActiveState=inactive\n");
        };
        let load = if unit.masked { "masked" } else { "loaded" };
        let active = if unit.active { "active" } else { "inactive" };
        let enabled = match (unit.masked, unit.enabled) {
            (true, _) => "masked",
            (false, true) => "enabled",
            (false, false) => "disabled",
        };
        let mut text = format!("Id={name}\nLoadState={load}\nActiveState={active}\n");
        let since = unit.since.map(|since| since.strftime("%a %Y-%m-%d %H:%M:%S%.6f UTC"));
        let since = since.map(|since| since.to_string()).unwrap_or_default();
        let _ = writeln!(text, "UnitFileState={enabled}\nActiveEnterTimestamp={since}");
        let _ = writeln!(text, "InactiveExitTimestamp={since}");
        let _ = writeln!(text, "NeedDaemonReload={}", yes_or_no(unit.stale));
        text
    }

    /// A kill in the middle finds the first of several units changed.
    pub(super) fn systemctl_half(&mut self, arguments: &[String]) {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if let [verb, "--", unit, _, ..] = words.as_slice() {
            self.act_on_unit(verb, unit);
        }
    }

    /// One wrong name, and nothing is done to the others either.
    fn act_on_units(&mut self, verb: &str, units: &[&str]) -> Answer {
        let unknown = units.iter().find(|unit| !self.units.contains_key(**unit));
        if let Some(unit) = unknown {
            return self.act_on_unit(verb, unit);
        }
        let answers = units.iter().map(|unit| self.act_on_unit(verb, unit));
        let worst = answers.reduce(|worst, answer| if worst.is_ok() { answer } else { worst });
        worst.unwrap_or_else(|| Answer::fails(1, "Too few arguments."))
    }

    fn act_on_unit(&mut self, verb: &str, name: &str) -> Answer {
        let now = self.now();
        let Some(unit) = self.units.get_mut(name) else {
            return Answer::fails(5, &format!("Failed to {verb} {name}: Unit {name} not found."));
        };
        match verb {
            "start" | "restart" if unit.masked => {
                return Answer::fails(1, &format!("Failed to {verb} {name}: Unit is masked."));
            }
            "start" | "restart" => {
                unit.active = true;
                unit.since = Some(now);
                if std::mem::take(&mut unit.stumbles) {
                    return Answer::fails(1, &format!("Job for {name} failed."));
                }
            }
            "stop" => unit.active = false,
            "enable" => unit.enabled = true,
            "disable" => unit.enabled = false,
            "mask" => unit.masked = true,
            "unmask" => unit.masked = false,
            _ => return Answer::fails(1, "Unknown command verb"),
        }
        Answer::ok()
    }
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
