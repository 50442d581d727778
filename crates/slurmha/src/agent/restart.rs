// SPDX-License-Identifier: Apache-2.0
//! The scheduler, started again where it died, by the unit that systemd
//! starts when it has ended.
//!
//! Pacemaker would do the same and takes seconds for it: it records the
//! failure, counts it, makes a plan, stops what has already ended, and starts
//! it. So the first failure in a while is put right first and then told, as a
//! failure that counts; the next one within a minute is Pacemaker's from the
//! start, and moves the scheduler.
//!
//! Two that start and stop one daemon must not get into each other's way:
//!
//! - A monitor that finds no daemon waits for a restart that is under way or
//!   about to begin.
//! - A stop first takes the mark away that makes an end news, and then ends a
//!   restart that is under way. One that has not looked at the mark yet finds
//!   none and does nothing; one that has is found, because it runs already.
//!   What it has asked of systemd by then is undone by the stop of the daemon,
//!   which systemd hears later.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slurmha_core::layout::RUNTIME_DIRECTORY;
use slurmha_core::watch::hands_off;
use slurmha_core::xml::Element;
use slurmha_host::program::{pacemaker, systemctl};
use slurmha_host::system::{read_trimmed, write_atomically};
use slurmha_host::{Ids, System, unit_process};

use super::{Daemon, Status, intent};

const PAUSE: Duration = Duration::from_millis(100);

/// How long a start may take before Pacemaker is told instead.
const LIMIT: Duration = Duration::from_secs(40);

/// How long systemd may take to start the handler of an end.
const ABOUT_TO_BEGIN: Duration = Duration::from_secs(3);

/// A second failure within this time moves the daemon: `failure-timeout` of
/// the resources.
const MEMORY: SignedDuration = SignedDuration::from_secs(60);

/// Pacemaker's configuration, which it keeps in this file and writes anew
/// after each change (daemons/based, cib_file.c). Reading it costs no program,
/// and clients are waiting.
pub const CIB: &str = "/var/lib/pacemaker/cib/cib.xml";

/// Whether this failure may be put right here. The others have nobody who
/// waits for them: clients of slurmdbd and MariaDB keep what they could not
/// deliver.
///
/// That Pacemaker has the daemon started here is known from the mark; whether
/// it has been told to keep its hands off stands in its configuration.
pub fn may_begin(system: &dyn System, daemon: Daemon) -> bool {
    if daemon != Daemon::Slurmctld || has_failed_lately(system, daemon) {
        return false;
    }
    let objection = objection(system, daemon);
    if let Some(why) = &objection {
        eprintln!("{} is not started again here: {why}", daemon.name());
    }
    objection.is_none()
}

/// Why nobody may start it, or what cannot be told about that.
fn objection(system: &dyn System, daemon: Daemon) -> Option<String> {
    let Some(cib) = read_trimmed(system, CIB) else {
        return Some(format!("{CIB} cannot be read"));
    };
    let cib = match Element::parse(&cib) {
        Ok(cib) => cib,
        Err(error) => return Some(format!("{CIB} is not what it should be: {error}")),
    };
    match read_trimmed(system, "/proc/sys/kernel/hostname") {
        Some(node) => hands_off(&cib, &node, daemon.name()),
        None => Some("this machine's name is not known".to_owned()),
    }
}

/// Starts the daemon again, or says why it does not run.
pub fn begin(system: &dyn System, daemon: Daemon) -> Result<(), String> {
    let answer = daemon.start(system, LIMIT);
    match answer.status {
        Status::Success => {
            if let Err(error) = pacemaker::count_failure(system, daemon.name(), system.now()) {
                eprintln!("the failure does not count: {error}");
            }
            Ok(())
        }
        _ => Err(answer.reason.unwrap_or_else(|| "it does not start".to_owned())),
    }
}

/// Keeps in mind that it failed now.
pub fn note_failure(system: &dyn System, daemon: Daemon) {
    let now = system.now().to_string();
    let written = write_atomically(system, &failure(daemon), now.as_bytes(), Ids::root(0o644));
    if let Err(error) = written {
        eprintln!("a second failure would not be known as such: {error}");
    }
}

/// Waits until a restart that is under way, or about to begin, has come to
/// its end.
pub fn wait(system: &dyn System, daemon: Daemon, limit: Duration) {
    let begin = system.elapsed();
    loop {
        let waited = system.elapsed() - begin;
        // Between the end of the daemon and the begin of its handler the mark
        // is all that there is.
        let is_news = || waited < ABOUT_TO_BEGIN && intent::is_expected(system, daemon);
        let goes_on = is_under_way(system, daemon) || is_news();
        if !goes_on || waited >= limit || daemon.has_its_process(system) {
            return;
        }
        system.sleep(PAUSE);
    }
}

/// Ends a restart that is under way, and says whether there was one.
pub fn call_off(system: &dyn System, daemon: Daemon) -> bool {
    // "Cannot tell" costs two programs, and a restart that goes on a second
    // scheduler.
    let none_of = |unit: &String| matches!(unit_process::of_unit(system, unit), Ok(None));
    let was_under_way = !handlers(daemon).iter().all(none_of);
    if was_under_way {
        for unit in handlers(daemon) {
            // The caller stops the daemon next, and looks what came of it.
            let _ = systemctl::end_quickly(system, &unit);
        }
        // In case it was about to set it again.
        intent::forget(system, daemon);
    }
    was_under_way
}

fn is_under_way(system: &dyn System, daemon: Daemon) -> bool {
    handlers(daemon).iter().any(|unit| matches!(unit_process::of_unit(system, unit), Ok(Some(_))))
}

/// The units that systemd starts when the daemon has ended.
fn handlers(daemon: Daemon) -> [String; 2] {
    ["failed", "ended"].map(|how| format!("slurmha-{how}@{}.service", daemon.name()))
}

fn failure(daemon: Daemon) -> PathBuf {
    Path::new(RUNTIME_DIRECTORY).join(format!("{}.failed", daemon.name()))
}

/// A time that cannot be read, or from the future, is as good as none: the
/// count in Pacemaker still says when to move.
fn has_failed_lately(system: &dyn System, daemon: Daemon) -> bool {
    let then =
        read_trimmed(system, failure(daemon)).and_then(|text| text.parse::<Timestamp>().ok());
    then.is_some_and(|then| {
        let since = system.now().duration_since(then);
        !since.is_negative() && since < MEMORY
    })
}

#[cfg(test)]
#[path = "restart_tests.rs"]
mod tests;
