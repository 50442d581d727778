// SPDX-License-Identifier: Apache-2.0
//! Hands over what was gathered on this machine.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{
    JOURNAL_FIELDS, QUEUE_FORMAT, TIME_FORMAT, left_held, parse_queue, still_waiting,
};
use slurmha_core::layout::TAKEOVER_REPORT;
use slurmha_core::observe::{Reading, SACCT_FORMAT, parse_sacct, parse_scontrol_jobs};
use slurmha_host::{Command, System};

use super::super::protocol::{
    CollectTask, Collected, Reply, ledger_file, marks_file, samples_file,
};
use super::link::Link;

/// Slurm's clients wait that long for a scheduler that is just coming back.
const LIMIT: Duration = Duration::from_secs(60);

/// Which jobs of an array wait is cut off after 64 characters otherwise
/// (scontrol(1), sacct(1)).
const WHOLE_ARRAYS: (&str, &str) = ("SLURM_BITSTR_LEN", "0");

/// Who tells about a failover in the journal.
const SOURCES: [&str; 9] = [
    "corosync",
    "corosync-qdevice",
    "pacemakerd",
    "pacemaker-controld",
    "pacemaker-fenced",
    "pacemaker-schedulerd",
    "kernel",
    "slurmctld",
    "slurmdbd",
];

/// Hands it all over in one reply.
pub fn run(system: &dyn System, link: &Link, task: &CollectTask) {
    let mut collected = Collected::default();
    if task.marks {
        collected.marks = file(&marks_file(&task.run));
    }
    if task.ledger {
        collected.ledger = file(&ledger_file(&task.run));
    }
    if task.samples {
        collected.samples = file(&samples_file(&task.run));
    }
    if task.jobs {
        collected.scontrol = program(system, scontrol());
        collected.sacct = program(system, sacct());
    }
    if let Some(since) = task.journal_since {
        collected.journal = program(system, journal(since));
        collected.takeover = file(Path::new(TAKEOVER_REPORT));
    }
    if task.remove
        && let Reading::Known(jobs) = &collected.scontrol
    {
        cancel_held(system, jobs, &task.run);
    }
    link.send(&Reply::Collected(Box::new(collected)));
    if task.remove {
        remove(link, task);
    }
}

/// Counts the run's jobs that squeue still shows: those that wait, run, or
/// are being cleaned up.
pub fn queue(system: &dyn System, link: &Link, run: &str, user: &str) {
    let squeue =
        Command::new("squeue").args(["--noheader", "--user", user, "--format", QUEUE_FORMAT]);
    let queued = match program(system, squeue) {
        Reading::Known(text) => Reading::Known(parse_queue(&text, run)),
        Reading::Unknown(why) => Reading::Unknown(why),
    };
    link.send(&Reply::Queue(queued));
}

/// Counts the run's jobs that the accounting knows to have ended.
pub fn accounted(system: &dyn System, link: &Link, run: &str) {
    let prefix = format!("{run}-");
    let count = match program(system, sacct()) {
        Reading::Known(text) => match parse_sacct(&text) {
            Ok(jobs) => {
                let own = jobs.iter().filter(|job| job.name.starts_with(&prefix) && job.is_final());
                let own = own.map(|job| (&job.name, &job.array_tasks));
                Reading::Known(own.collect::<BTreeSet<_>>().len())
            }
            Err(error) => Reading::Unknown(error.to_string()),
        },
        Reading::Unknown(why) => Reading::Unknown(why),
    };
    link.send(&Reply::Accounted(count));
}

/// Cancels the run's jobs that wait: one that is held, or whose node is lost, would
/// wait for ever when the drill has ended before its time.
pub fn abandon(system: &dyn System, link: &Link, run: &str) {
    let jobs = program(system, scontrol()).known().map(|text| parse_scontrol_jobs(text));
    let cancelled = match jobs {
        Some(Ok(jobs)) => cancel(system, &still_waiting(&jobs, run)),
        _ => Err("Slurm did not tell its jobs".to_owned()),
    };
    if let Err(why) = cancelled {
        link.send(&Reply::Trouble(why));
    }
}

/// What is left of jobs whose release was lost: they would wait for ever. One that
/// cannot be cancelled is a held job that does nothing.
fn cancel_held(system: &dyn System, scontrol: &str, run: &str) {
    let held = parse_scontrol_jobs(scontrol).map(|jobs| left_held(&jobs, run));
    drop(cancel(system, &held.unwrap_or_default()));
}

fn cancel(system: &dyn System, ids: &[u32]) -> Result<(), String> {
    if ids.is_empty() {
        return Ok(());
    }
    let scancel = Command::new("scancel").args(ids.iter().map(u32::to_string)).timeout(LIMIT);
    system.run(&scancel).and_then(|output| output.success()).map(drop).map_err(|it| it.to_string())
}

fn scontrol() -> Command {
    Command::new("scontrol").args(["--oneliner", "show", "job"]).env(WHOLE_ARRAYS.0, WHOLE_ARRAYS.1)
}

fn sacct() -> Command {
    Command::new("sacct")
        .args(["--noheader", "--parsable2", "--allocations", "--duplicates", "--allusers"])
        .env("SLURM_TIME_FORMAT", TIME_FORMAT)
        .env(WHOLE_ARRAYS.0, WHOLE_ARRAYS.1)
        // What a clock that was ahead has dated is in the future.
        .args(["--starttime=now-3hours", "--endtime=now+1hour", "--format"])
        .arg(SACCT_FORMAT)
}

fn journal(since: Timestamp) -> Command {
    let mut command = Command::new("journalctl")
        .args(["--output=json", "--no-pager", "--quiet", "--output-fields"])
        .arg(JOURNAL_FIELDS)
        .arg(format!("--since=@{}", since.as_second()));
    for source in SOURCES {
        command = command.arg("--identifier").arg(source);
    }
    command
}

fn program(system: &dyn System, command: Command) -> Reading<String> {
    match system.run(&command.timeout(LIMIT)).and_then(|output| output.success()) {
        Ok(output) => Reading::Known(output.text()),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

/// A file's text; empty when there is none, because then nothing was noted.
fn file(path: &Path) -> Reading<String> {
    match fs::read(path) {
        Ok(bytes) => Reading::Known(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Reading::Known(String::new()),
        Err(error) => Reading::Unknown(format!("cannot read {}: {error}", path.display())),
    }
}

fn remove(link: &Link, task: &CollectTask) {
    let marks = marks_file(&task.run);
    let mut results = Vec::new();
    if let Some(directory) = marks.parent().filter(|_| task.marks) {
        results.push(fs::remove_dir_all(directory));
    }
    if task.ledger {
        results.push(fs::remove_file(ledger_file(&task.run)));
    }
    if task.samples {
        results.push(fs::remove_file(samples_file(&task.run)));
    }
    for error in results.into_iter().filter_map(Result::err) {
        if error.kind() != ErrorKind::NotFound {
            link.send(&Reply::Trouble(format!("could not tidy up: {error}")));
        }
    }
}
