// SPDX-License-Identifier: Apache-2.0
//! systemctl(1), of systemd 252.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use slurmha_core::observe::UnitState;

use crate::command::{Command, CommandError, Exit};
use crate::system::System;

const SHOW_TIMEOUT: Duration = Duration::from_secs(20);

/// Start and stop jobs have limits of their own in the unit files (90 s by
/// default); this one only catches a systemd that does not answer.
const JOB_TIMEOUT: Duration = Duration::from_secs(300);

/// For a question about every unit: 5 s on an idle emulated machine, for 187 of
/// them, and more than 20 s on one that had other things to do.
const ALL_UNITS_TIMEOUT: Duration = Duration::from_secs(180);

/// For a unit that ends at once: whoever asks has a limit of its own.
const QUICK_TIMEOUT: Duration = Duration::from_secs(10);

const PROPERTIES: &str = "--property=Id,LoadState,ActiveState,SubState,UnitFileState,\
                          ActiveEnterTimestamp,InactiveExitTimestamp,NeedDaemonReload";

/// A unit as systemd sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its state, for an observation.
    pub state: UnitState,
    /// Whether its files changed after systemd read them.
    pub stale: bool,
}

/// `systemctl show` of all these units at once.
pub fn show_command(units: &[String]) -> Command {
    Command::new("systemctl")
        .args(["show", "--timestamp=us+utc", PROPERTIES, "--"])
        .args(units)
        .timeout(SHOW_TIMEOUT)
}

/// States of units, in the order in which they were asked.
pub fn show(system: &dyn System, units: &[String]) -> Result<Vec<Shown>, CommandError> {
    show_within(system, units, SHOW_TIMEOUT)
}

fn show_within(
    system: &dyn System,
    units: &[String],
    timeout: Duration,
) -> Result<Vec<Shown>, CommandError> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let output = system.run(&show_command(units).timeout(timeout))?.success()?;
    let mut shown = parse_show(&output.text());
    // systemctl prints a block for every name, also for one it does not know.
    shown.resize(units.len(), unknown_unit());
    Ok(shown)
}

/// State of one unit.
pub fn show_one(system: &dyn System, unit: &str) -> Result<Shown, CommandError> {
    show_one_within(system, unit, SHOW_TIMEOUT)
}

/// State of one unit, for whoever has less time than a slow systemd may take.
pub fn show_one_within(
    system: &dyn System,
    unit: &str,
    timeout: Duration,
) -> Result<Shown, CommandError> {
    let mut shown = show_within(system, &[unit.to_owned()], timeout.min(SHOW_TIMEOUT))?;
    Ok(shown.pop().unwrap_or_else(unknown_unit))
}

/// Ends a unit whose programs end at once when they are asked to, such as one
/// of our own.
pub fn end_quickly(system: &dyn System, unit: &str) -> Result<(), CommandError> {
    let command = Command::new("systemctl").args(["stop", "--", unit]).timeout(QUICK_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// The main process of a running service; `None` when there is none.
pub fn main_pid(system: &dyn System, unit: &str) -> Result<Option<u32>, CommandError> {
    let command = Command::new("systemctl")
        .args(["show", "--property=MainPID", "--value", "--", unit])
        .timeout(SHOW_TIMEOUT);
    let text = system.run(&command)?.success()?.text();
    Ok(text.trim().parse().ok().filter(|pid| *pid != 0))
}

/// Status of an action on a unit that systemd does not know (systemctl(1), EXIT STATUS): a timer of
/// [`run_later`] is forgotten when it has run.
const NOT_LOADED: Exit = Exit::Status(5);

/// Stops a unit that may not be there any more.
pub fn stop_if_loaded(system: &dyn System, unit: &str) -> Result<(), CommandError> {
    match act(system, "stop", unit) {
        Err(CommandError::Failed { exit: NOT_LOADED, .. }) => Ok(()),
        outcome => outcome,
    }
}

/// `systemd-run --on-active`: a program that runs once, after that time,
/// whatever becomes of this process.
pub fn run_later(
    system: &dyn System,
    unit: &str,
    after: Duration,
    program: &[String],
) -> Result<(), CommandError> {
    let command = Command::new("systemd-run")
        .args(["--collect", "--unit", unit])
        .arg(format!("--on-active={}", after.as_secs().max(1)))
        .arg("--")
        .args(program)
        .timeout(SHOW_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// Runs a program in a transient service that is started again whenever it was
/// killed or failed, but no longer than this at a time; systemd-run(1).
///
/// Three seconds between two starts are few enough for systemd's limit of five
/// starts in ten (systemd-system.conf(5), `DefaultStartLimitBurst`).
pub fn run_again(
    system: &dyn System,
    unit: &str,
    description: &str,
    limit: Duration,
    program: &[String],
) -> Result<(), CommandError> {
    let command = Command::new("systemd-run")
        .args(["--collect", "--quiet", "--unit", unit])
        .arg(format!("--description={description}"))
        .args(["--property=Restart=on-failure", "--property=RestartSec=3"])
        .arg(format!("--property=RuntimeMaxSec={}", limit.as_secs().max(1)))
        .arg("--")
        .args(program)
        .timeout(SHOW_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// Kills the main process of a unit and nothing else of it.
pub fn kill_main(system: &dyn System, unit: &str) -> Result<(), CommandError> {
    let command = Command::new("systemctl")
        .args(["kill", "--kill-whom=main", "--signal=KILL", unit])
        .timeout(SHOW_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// Runs a program in a transient service of that name, beside the caller;
/// systemd-run(1). One at a time: an older one that still runs is ended.
pub fn run_beside(
    system: &dyn System,
    unit: &str,
    description: &str,
    program: &[&str],
) -> Result<(), CommandError> {
    let start = Command::new("systemd-run")
        .args(["--collect", "--quiet", "--unit", unit])
        .arg(format!("--description={description}"))
        .arg("--")
        .args(program)
        .timeout(SHOW_TIMEOUT);
    if system.run(&start).is_ok_and(|output| output.ok()) {
        return Ok(());
    }
    // The second try tells what is wrong, if not that.
    let _ = end_quickly(system, unit);
    system.run(&start)?.success().map(|_| ())
}

/// What a unit wrote to the journal since then, with what is still on its
/// way; journalctl(1).
pub fn journal_since(
    system: &dyn System,
    unit: &str,
    since: Timestamp,
    timeout: Duration,
) -> Result<String, CommandError> {
    let _ = system.run(&Command::new("journalctl").arg("--sync").timeout(timeout));
    let command = Command::new("journalctl")
        .args(["--no-pager", "--quiet", "--output=cat", "--unit", unit])
        .arg(format!("--since=@{}", since.as_second()))
        .timeout(timeout);
    Ok(system.run(&command)?.success()?.text())
}

/// Whether systemd has read an older version of any loaded unit.
pub fn any_stale(system: &dyn System) -> Result<bool, CommandError> {
    let command = Command::new("systemctl")
        .args(["show", "--property=NeedDaemonReload", "--", "*"])
        .timeout(ALL_UNITS_TIMEOUT);
    let output = system.run(&command)?.success()?;
    Ok(output.text().lines().any(|line| line == "NeedDaemonReload=yes"))
}

/// `systemctl daemon-reload`.
pub fn daemon_reload(system: &dyn System) -> Result<(), CommandError> {
    run(system, &["daemon-reload"])
}

/// `systemctl VERB UNIT`, such as `start`, `stop`, `restart`, `enable`,
/// `disable`, `mask`, `unmask`.
///
/// `SYSTEMCTL_SKIP_SYSV` (systemd's ENVIRONMENT.md) leaves out update-rc.d:
/// the links in /etc/rc?.d mean nothing where a unit file exists, and making
/// them costs seconds a unit on a slow machine.
pub fn act(system: &dyn System, verb: &str, unit: &str) -> Result<(), CommandError> {
    act_on_all(system, verb, &[unit.to_owned()])
}

/// As [`act`], on several units. After `enable` and `disable` systemd reads its
/// unit files again once; when one of the names is wrong, none of them is
/// changed, or some are.
pub fn act_on_all(system: &dyn System, verb: &str, units: &[String]) -> Result<(), CommandError> {
    let command = Command::new("systemctl")
        .args([verb, "--"])
        .args(units)
        .env("SYSTEMCTL_SKIP_SYSV", "1")
        .timeout(JOB_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

fn run(system: &dyn System, arguments: &[&str]) -> Result<(), CommandError> {
    let command = Command::new("systemctl").args(arguments).timeout(JOB_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// `systemctl reboot`: everything is stopped in its order, and the machine
/// boots anew. It is not waited for.
pub fn reboot(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("systemctl").arg("reboot").timeout(SHOW_TIMEOUT);
    system.run(&command)?.success().map(|_| ())
}

/// The last lines of a unit's journal, for an error message; journalctl(1).
pub fn last_words(system: &dyn System, unit: &str) -> Option<String> {
    last_words_within(system, unit, Duration::from_secs(10))
}

/// The same within this time.
pub fn last_words_within(system: &dyn System, unit: &str, timeout: Duration) -> Option<String> {
    let command = Command::new("journalctl")
        .args(["--no-pager", "--quiet", "--output=short-unix", "--no-hostname", "--lines=30"])
        .args(["--unit", unit])
        .timeout(timeout);
    last_lines(&system.run(&command).ok()?.success().ok()?.text())
}

/// The end of what a unit wrote itself; where it wrote nothing, of what systemd
/// has to say of it. That alone would fill the room: five lines within a second,
/// where a unit is started again and again.
fn last_lines(journal: &str) -> Option<String> {
    const ROOM: usize = 5;
    // `1796034776.900000 systemd[1]: Started …`
    let lines = journal.lines().filter_map(|line| line.split_once(' ')?.1.split_once(": "));
    let (systemd, own): (Vec<_>, Vec<_>) = lines.partition(|(from, _)| *from == "systemd[1]");
    let mut words = if own.is_empty() { systemd } else { own };
    words.drain(..words.len().saturating_sub(ROOM));
    let words: Vec<&str> = words.into_iter().map(|(_, text)| text).collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

fn unknown_unit() -> Shown {
    let state = UnitState {
        load: "not-found".to_owned(),
        active: "inactive".to_owned(),
        sub: String::new(),
        enabled: String::new(),
        since: None,
    };
    Shown { state, stale: false }
}

/// Reads the blocks of `systemctl show`.
fn parse_show(text: &str) -> Vec<Shown> {
    text.split("\n\n").filter(|block| !block.trim().is_empty()).map(parse_block).collect()
}

fn parse_block(block: &str) -> Shown {
    let value = |key: &str| {
        let lines = block.lines().filter_map(|line| line.split_once('='));
        lines.into_iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value)
    };
    let state = UnitState {
        load: value("LoadState").to_owned(),
        active: value("ActiveState").to_owned(),
        sub: value("SubState").to_owned(),
        enabled: value("UnitFileState").to_owned(),
        since: parse_timestamp(value(property_of_start(value("Id")))),
    };
    Shown { state, stale: value("NeedDaemonReload") == "yes" }
}

/// What tells when a unit came to be what it is. A mount that somebody works in cannot
/// be taken away, and becomes active once more as the same (mount.c of systemd 252,
/// `mount_enter_dead_or_mounted`): it has not been inactive in between.
fn property_of_start(unit: &str) -> &'static str {
    if unit.ends_with(".mount") { "InactiveExitTimestamp" } else { "ActiveEnterTimestamp" }
}

/// `Wed 2026-11-25 07:12:33.123456 UTC`; empty when it never happened.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(" UTC")?;
    let time = BrokenDownTime::parse("%a %Y-%m-%d %H:%M:%S%.f", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time.to_datetime().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_in_order() {
        let text = "Id=munge.service\nLoadState=loaded\nActiveState=active\nSubState=running\n\
            UnitFileState=enabled\nActiveEnterTimestamp=Wed 2026-11-25 07:12:33.123456 UTC\n\
            NeedDaemonReload=no\n\nId=slurmctld.service\nLoadState=masked\n\
            ActiveState=inactive\nUnitFileState=masked\nActiveEnterTimestamp=\n\
            NeedDaemonReload=yes\n";
        let shown = parse_show(text);
        assert_eq!(shown.len(), 2);
        assert_eq!((&*shown[0].state.active, &*shown[0].state.sub), ("active", "running"));
        let since = shown[0].state.since.unwrap().to_string();
        assert_eq!(since, "2026-11-25T07:12:33.123456Z");
        assert_eq!(shown[1].state.enabled, "masked");
        assert_eq!((shown[1].state.since, shown[1].stale), (None, true));
    }

    /// After a `systemctl restart home.mount` that has failed, because it was busy.
    #[test]
    fn a_mount_that_could_not_be_taken_away_is_as_old_as_before() {
        let text = "Id=home.mount\nLoadState=loaded\nActiveState=active\nSubState=mounted\n\
            UnitFileState=static\nInactiveExitTimestamp=Wed 2026-11-25 07:12:33.123456 UTC\n\
            ActiveEnterTimestamp=Thu 2026-11-26 09:00:00.000000 UTC\nNeedDaemonReload=no\n";
        let since = parse_show(text)[0].state.since.unwrap().to_string();
        assert_eq!(since, "2026-11-25T07:12:33.123456Z");
    }

    #[test]
    fn last_words_are_the_units_own_and_else_systemds() {
        let own = "1796034776.900001 corosync-qdevice[812]: Can't init cmap: CS_ERR_TRY_AGAIN\n";
        let systemd = "1796034776.900100 systemd[1]: x.service: Main process exited\n\
            1796034776.900200 systemd[1]: Failed to start x.service - X.\n";
        let words = last_lines(&format!("{own}{systemd}"));
        assert_eq!(words.as_deref(), Some("Can't init cmap: CS_ERR_TRY_AGAIN"));
        let words = last_lines(systemd);
        let expected = "x.service: Main process exited\nFailed to start x.service - X.";
        assert_eq!(words.as_deref(), Some(expected));
        assert_eq!(last_lines(""), None);
    }
}
