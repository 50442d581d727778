// SPDX-License-Identifier: Apache-2.0
//! `slurmha await-members`: holds corosync-qdevice back until it may start
//! ([`slurmha_core::formation`]); systemd runs it before that.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use slurmha_core::formation::{Go, PAUSE, Seen, may_start};
use slurmha_host::program::corosync;
use slurmha_host::{Local, System};

use crate::stdout;

/// Time limit of one question.
const QUESTION: Duration = Duration::from_secs(5);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Corosync's token, in milliseconds
    #[arg(long, value_name = "MS")]
    token_ms: u32,
}

/// Waits, and says in the journal what for.
pub fn run(args: &Args) -> ExitCode {
    let go = wait(&Local::new(), Duration::from_millis(args.token_ms.into()));
    // A journal that takes nothing is no reason to hold the arbiter's vote back.
    let _ = stdout::write(&format!("the arbiter is asked now: {}\n", go.reason()));
    ExitCode::SUCCESS
}

fn wait(system: &dyn System, token: Duration) -> Go {
    let begin = system.elapsed();
    loop {
        if let Some(go) = may_start(look(system), system.elapsed() - begin, token) {
            return go;
        }
        system.sleep(PAUSE);
    }
}

fn look(system: &dyn System) -> Seen {
    let votes = corosync::quorum(system, QUESTION).ok().map(|quorum| quorum.total_votes);
    let stats = corosync::stats(system, QUESTION).ok();
    // A member has one link to itself.
    let linked = stats.map(|stats| {
        let connected = stats.links.iter().filter(|link| link.connected);
        connected.map(|link| link.node).collect::<BTreeSet<_>>().len() > 1
    });
    Seen { votes, linked }
}

#[cfg(test)]
mod tests;
