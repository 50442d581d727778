// SPDX-License-Identifier: Apache-2.0
//! What happens to a cluster, and what the client sees of it.

use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use jiff::Timestamp;

use crate::client::{Client, accounted, with_client};
use crate::lab::{LOGIN, Lab, Machines, Result, SSH_LIMIT, Way, wait_for};
use crate::outage::{Gap, longest_after, longest_before};

/// A cluster that has not come back after this is not waited for.
const LIMIT: Duration = Duration::from_secs(120);
/// What is usual is measured for this long first.
const WARM_UP: Duration = Duration::from_secs(8);
/// An answer that is followed by silence has not ended the outage.
const COOL_DOWN: Duration = Duration::from_secs(5);
/// The other controller's loss shows in the next writes.
const PASSIVE_WATCH: Duration = Duration::from_secs(40);
/// How long after the first answer scheduling is tried.
const SETTLED: Duration = Duration::from_secs(60);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Event {
    /// slurmctld gets SIGKILL
    SlurmctldKilled,
    /// slurmctld gets SIGSTOP
    SlurmctldFrozen,
    /// The active role is moved as planned
    Switchover,
    /// The active controller loses its power, jobs being submitted
    PowerLoss,
    /// The other controller loses its power; measured between accepted jobs
    PassivePowerLoss,
    /// MariaDB gets SIGKILL, jobs being submitted
    MariadbKilled,
}

/// What one event looked like to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The longest time without an answer.
    pub gap: Gap,
    /// The longest time without an answer before the event.
    pub usual_s: Option<f64>,
    /// What else was found.
    pub notes: Vec<String>,
}

impl Event {
    /// All, in the order in which they are measured.
    pub const ALL: [Self; 6] = [
        Self::SlurmctldKilled,
        Self::SlurmctldFrozen,
        Self::Switchover,
        Self::PowerLoss,
        Self::PassivePowerLoss,
        Self::MariadbKilled,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlurmctldKilled => "slurmctld-killed",
            Self::SlurmctldFrozen => "slurmctld-frozen",
            Self::Switchover => "switchover",
            Self::PowerLoss => "power-loss",
            Self::PassivePowerLoss => "passive-power-loss",
            Self::MariadbKilled => "mariadb-killed",
        }
    }

    /// What the seconds are.
    pub fn measure(self) -> &'static str {
        match self {
            Self::PassivePowerLoss => "longest time between two accepted submissions",
            _ => "longest time between two answered scontrol ping",
        }
    }

    /// Lets it happen to a freshly thawed cluster.
    pub fn measure_on(self, lab: &Lab, run: &str) -> Result<Seen> {
        let machines = lab.thaw()?;
        let seen = self.watch(&machines, self.has_load().then_some(run))?;
        let mut notes = Vec::new();
        if self.has_load() {
            notes.push(format!("{} of {} submissions accepted", seen.accepted, seen.submitted));
        }
        match self {
            Self::PowerLoss if seen.gap.ended => notes.push(schedules_later(&machines)),
            Self::MariadbKilled => notes.push(accounting(&machines, run, seen.accepted)),
            _ => {}
        }
        Ok(Seen { gap: seen.gap, usual_s: seen.usual_s, notes })
    }

    fn has_load(self) -> bool {
        matches!(self, Self::PowerLoss | Self::PassivePowerLoss | Self::MariadbKilled)
    }

    fn watch(self, machines: &Machines<'_>, run: Option<&str>) -> Result<Watched> {
        with_client(machines, run, |client| {
            client.warm_up(WARM_UP)?;
            let before = client.now()?;
            self.strike(machines)?;
            // On the client's own clock: whatever it asks from now on is
            // answered by what came afterwards.
            let after = client.now()?;
            self.await_service(client, after);
            thread::sleep(COOL_DOWN);
            client.end_load();
            let end = client.now()?;
            self.judge(client, before, end)
        })
    }

    /// When this is done, the event has certainly happened; and when the
    /// cluster does something about it that would not show at once, has begun
    /// to.
    fn strike(self, machines: &Machines<'_>) -> Result<()> {
        let active = machines.active.as_str();
        match self {
            Self::SlurmctldKilled => signal(machines, "KILL", "slurmctld"),
            Self::SlurmctldFrozen => signal(machines, "STOP", "slurmctld"),
            Self::PowerLoss => machines.lab.cut_power(active),
            Self::PassivePowerLoss => machines.lab.cut_power(&machines.passive),
            Self::Switchover => switch_over(machines),
            Self::MariadbKilled => {
                signal(machines, "KILL", "mariadb")?;
                let again = "until mariadb --execute='SELECT 1' >/dev/null 2>&1; do sleep 1; done";
                machines.ssh(active, again, LIMIT).map(drop)
            }
        }
    }

    /// A cluster that does not come back is an answer, too.
    fn await_service(self, client: &Client, after: Timestamp) {
        if self == Self::PassivePowerLoss {
            thread::sleep(PASSIVE_WATCH);
        }
        let _ = wait_for("service", LIMIT, || match self {
            Self::PassivePowerLoss => client.accepted_after(after),
            _ => client.answered_after(after),
        });
    }

    fn judge(self, client: &Client, before: Timestamp, end: Timestamp) -> Result<Watched> {
        let heard = client.heard();
        let signs: Vec<Timestamp> = match self {
            Self::PassivePowerLoss => heard.acknowledged().collect(),
            _ => heard.answers.clone(),
        };
        let gap = longest_after(&signs, before, end)
            .ok_or_else(|| "the client was never answered".to_owned())?;
        let usual_s = longest_before(&signs, before);
        Ok(Watched {
            gap,
            usual_s,
            accepted: heard.accepted().count(),
            submitted: heard.submissions.len(),
        })
    }
}

struct Watched {
    gap: Gap,
    usual_s: Option<f64>,
    accepted: usize,
    submitted: usize,
}

/// Sends a signal to the main process of a unit on the active controller.
fn signal(machines: &Machines<'_>, signal: &str, unit: &str) -> Result<()> {
    let script = format!("kill -{signal} \"$(systemctl show --property MainPID --value {unit})\"");
    machines.ssh(&machines.active, &script, SSH_LIMIT).map(drop)
}

fn switch_over(machines: &Machines<'_>) -> Result<()> {
    match machines.lab.way {
        Way::Slurmha => machines.lab.switchover(LIMIT),
        // No `unstandby` afterwards: every measurement has a cluster of its own.
        Way::Recipe => {
            let standby = format!("pcs node standby {}", machines.active);
            machines.ssh(&machines.active, &standby, LIMIT)?;
            let arrived = "until ip -o address show to 10.77.0.10 | grep -q .; do sleep 0.5; done";
            machines.ssh(&machines.passive, arrived, LIMIT).map(drop)
        }
    }
}

/// A slurmctld that answers need not go on doing so.
fn schedules_later(machines: &Machines<'_>) -> String {
    thread::sleep(SETTLED);
    let job =
        "cd /tmp && timeout 90 sbatch --wait --quiet --output=/dev/null --mem=32M --wrap=true";
    let seconds = SETTLED.as_secs();
    match machines.ssh(LOGIN, job, SSH_LIMIT * 2) {
        Ok(_) => format!("a job ran {seconds} s later"),
        Err(_) => format!("no job ran {seconds} s later"),
    }
}

/// Whether every accepted job is accounted for.
fn accounting(machines: &Machines<'_>, run: &str, accepted: usize) -> String {
    let begin = Instant::now();
    let mut found = Err("nobody asked".to_owned());
    let complete = wait_for("the accounting", LIMIT, || {
        found = accounted(machines, run);
        found.as_ref().is_ok_and(|&count| count >= accepted)
    });
    match (complete, found) {
        (Ok(()), _) => {
            format!("all {accepted} jobs in the accounting after {} s", begin.elapsed().as_secs())
        }
        (Err(_), Ok(count)) => format!("{count} of {accepted} jobs in the accounting"),
        (Err(_), Err(why)) => format!("accounting unknown: {why}"),
    }
}
