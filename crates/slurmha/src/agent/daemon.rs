// SPDX-License-Identifier: Apache-2.0
//! Starting, stopping and watching one daemon through its systemd unit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::layout::{DATABASE_MOUNT, STATE_MOUNT, STATE_SAVE_LOCATION};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_host::program::systemctl;
use slurmha_host::system::read_trimmed;
use slurmha_host::{Command, System, unit_process};

use super::{Answer, Status, intent, kill, ready, restart, takeover};

/// Pause between two looks at a daemon that is starting.
const PAUSE: Duration = Duration::from_millis(50);
/// Kept back from Pacemaker's limit: a stop that we end ourselves is better
/// than one that is killed, because a failed stop costs the node its power.
const RESERVE: Duration = Duration::from_secs(10);

/// The daemons that have an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// The scheduler.
    Slurmctld,
    /// Accounting.
    Slurmdbd,
    /// Accounting's database.
    Mariadb,
}

/// What systemd says of a unit, as far as an agent needs it.
enum Seen {
    Running,
    Stopped,
    Dead(String),
}

impl Daemon {
    /// Name of the resource type and of the unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurmctld => "slurmctld",
            Self::Slurmdbd => "slurmdbd",
            Self::Mariadb => "mariadb",
        }
    }

    /// Name of its process, as the kernel shows it.
    pub fn program(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadbd",
            Self::Slurmctld | Self::Slurmdbd => self.name(),
        }
    }

    /// Name of the unit with its suffix.
    pub fn unit(self) -> String {
        format!("{}.service", self.name())
    }

    /// The marker of the volume that must be mounted. slurmdbd keeps nothing
    /// on it, but is of no use where its database is not.
    fn marker(self) -> PathBuf {
        let mount = match self {
            Self::Slurmctld => STATE_MOUNT,
            Self::Slurmdbd | Self::Mariadb => DATABASE_MOUNT,
        };
        Path::new(mount).join(VOLUME_MARKER)
    }

    /// Starts the daemon and answers once it answers a real request.
    pub fn start(self, system: &dyn System, limit: Duration) -> Answer {
        let begin = system.elapsed();
        // Until it has started, its end is this action's failure, not news.
        intent::forget(system, self);
        let marker = self.marker();
        match system.metadata(&marker) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let what = marker.display();
                let reason = format!("{what} is missing: the replicated volume is not mounted");
                return Answer::because(Status::NotInstalled, reason);
            }
            Err(error) => return Answer::because(Status::Generic, error.to_string()),
        }
        let mut unclean = false;
        if self == Self::Slurmctld {
            match takeover::prepare(system) {
                Ok(report) => unclean = report.is_some(),
                Err(why) => return Answer::because(Status::Misconfigured, why.to_string()),
            }
            self.wait_for_accounting(system, limit / 2);
        }
        if let Err(answer) = self.command(system, "start", limit) {
            return self.hard(system).unwrap_or(answer);
        }
        loop {
            match self.look(system) {
                Ok(Seen::Running) if ready::answers(system, self) => {
                    if unclean {
                        takeover::begin(system);
                    }
                    intent::expect(system, self);
                    return Answer::plain(Status::Success);
                }
                Ok(Seen::Running) => {}
                Ok(Seen::Stopped) => return self.did_not_start(system, "stopped by itself"),
                Ok(Seen::Dead(how)) => return self.did_not_start(system, &how),
                Err(answer) => return answer,
            }
            if system.elapsed() - begin > limit.saturating_sub(RESERVE / 2) {
                let reason = format!("{} runs and answers no request", self.name());
                return Answer::because(Status::Generic, reason);
            }
            system.sleep(PAUSE);
        }
    }

    /// slurmctld does without slurmdbd once it has kept the list of trackable
    /// resources; without that file it ends with `fatal: ... no TRES`
    /// (controller.c of 22.05). The file is written at the first checkpoint,
    /// up to five minutes after the first start of a cluster.
    fn wait_for_accounting(self, system: &dyn System, limit: Duration) {
        let kept = Path::new(STATE_SAVE_LOCATION).join("last_tres");
        let begin = system.elapsed();
        while matches!(system.metadata(&kept), Ok(None))
            && !ready::answers(system, Self::Slurmdbd)
            && system.elapsed() - begin < limit
        {
            system.sleep(PAUSE);
        }
    }

    /// Stops the daemon, by force when it takes too long, and never says
    /// that it is stopped while it runs.
    pub fn stop(self, system: &dyn System, limit: Duration) -> Answer {
        let hangs = intent::hangs(system, self) || self.waits_in_vain(system);
        intent::forget(system, self);
        // What it asked of systemd may still be on its way.
        let may_start = restart::call_off(system, self);
        // What is seen to run need not be asked for.
        let before =
            if self.has_its_process(system) { Ok(Seen::Running) } else { self.look(system) };
        let is_stopped = matches!(before, Ok(Seen::Stopped | Seen::Dead(_)));
        if is_stopped && !may_start && self.has_no_process(system) {
            // After a crash each program that is not started is a shorter
            // outage.
            return Answer::plain(Status::Success);
        }
        let mut obeyed = self.ask_to_stop(system, hangs, limit);
        let mut after = self.look(system);
        if matches!(after, Ok(Seen::Running)) {
            self.kill(system);
            obeyed = false;
            after = self.look(system);
        }
        match after {
            Ok(Seen::Stopped) if self == Self::Slurmctld && obeyed => {
                if matches!(before, Ok(Seen::Running)) {
                    takeover::note_stopped(system);
                }
                Answer::plain(Status::Success)
            }
            Ok(Seen::Stopped | Seen::Dead(_)) => Answer::plain(Status::Success),
            Ok(Seen::Running) => {
                Answer::because(Status::Generic, format!("{} survives SIGKILL", self.name()))
            }
            Err(answer) => answer,
        }
    }

    /// slurmdbd ends when its database has answered. When that hangs, it is stopped first, and
    /// would take all of its time; killed, it loses nothing, because slurmctld keeps what was not
    /// confirmed.
    fn waits_in_vain(self, system: &dyn System) -> bool {
        self == Self::Slurmdbd && intent::hangs(system, Self::Mariadb)
    }

    /// Says whether it was done as asked. An error is no answer yet: what
    /// counts is whether the daemon runs.
    fn ask_to_stop(self, system: &dyn System, hangs: bool, limit: Duration) -> bool {
        let patience = limit.saturating_sub(RESERVE).max(Duration::from_secs(1));
        if hangs {
            kill::stop_hung(system, self, patience);
            return false;
        }
        self.command(system, "stop", patience).is_ok()
    }

    fn kill(self, system: &dyn System) {
        let kill = Command::new("systemctl")
            .args(["kill", "--signal=SIGKILL", "--", &self.unit()])
            .timeout(RESERVE / 2);
        let _ = system.run(&kill);
        system.sleep(Duration::from_millis(500));
    }

    /// Whether the daemon itself is there. Its unit can still have other
    /// processes after it has ended, such as slurmctld's script daemon.
    pub fn has_its_process(self, system: &dyn System) -> bool {
        let Ok(Some(process)) = unit_process::of_unit(system, &self.unit()) else { return false };
        let name = read_trimmed(system, format!("/proc/{}/comm", process.pid));
        process.state != 'Z' && name.as_deref() == Some(self.program())
    }

    /// Whether nothing at all of the unit runs.
    fn has_no_process(self, system: &dyn System) -> bool {
        matches!(unit_process::of_unit(system, &self.unit()), Ok(None))
    }

    /// Whether the daemon runs. "Cannot tell" is an error, not "stopped":
    /// Pacemaker would start a second one elsewhere.
    pub fn monitor(self, system: &dyn System, limit: Duration) -> Answer {
        // The common case costs no further program, every ten seconds.
        if self.has_its_process(system) {
            return Answer::plain(Status::Success);
        }
        restart::wait(system, self, limit.saturating_sub(RESERVE));
        match self.look(system) {
            Ok(Seen::Running) => Answer::plain(Status::Success),
            Ok(Seen::Stopped) => Answer::plain(Status::NotRunning),
            Ok(Seen::Dead(how)) => {
                Answer::because(Status::NotRunning, format!("{} {how}", self.name()))
            }
            Err(answer) => answer,
        }
    }

    /// Whether the daemon could be started here at all.
    pub fn validate(self, system: &dyn System) -> Answer {
        match systemctl::show_one(system, &self.unit()) {
            Ok(shown) if shown.state.load == "loaded" => Answer::plain(Status::Success),
            Ok(shown) => Answer::because(
                Status::NotInstalled,
                format!("{} is {}", self.unit(), shown.state.load),
            ),
            Err(error) => Answer::because(Status::Generic, error.to_string()),
        }
    }

    fn look(self, system: &dyn System) -> Result<Seen, Answer> {
        let shown = systemctl::show_one(system, &self.unit())
            .map_err(|error| Answer::because(Status::Generic, format!("cannot tell: {error}")))?;
        Ok(match shown.state.active.as_str() {
            "inactive" => Seen::Stopped,
            "failed" => Seen::Dead("has failed".to_owned()),
            _ => Seen::Running,
        })
    }

    /// `systemctl start|stop`, which waits for the job's end.
    fn command(self, system: &dyn System, verb: &str, limit: Duration) -> Result<(), Answer> {
        let unit = self.unit();
        let command = Command::new("systemctl").args([verb, "--", &unit]).timeout(limit);
        match system.run(&command).and_then(|output| output.success()) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.died(system, &format!("does not {verb}: {error}"))),
        }
    }

    /// The failure of a start; one that would be the same at the next try is
    /// a hard one, for this node only.
    fn did_not_start(self, system: &dyn System, how: &str) -> Answer {
        self.hard(system).unwrap_or_else(|| self.died(system, how))
    }

    fn hard(self, system: &dyn System) -> Option<Answer> {
        let why = match self {
            Self::Slurmctld => takeover::too_new(system)?,
            Self::Slurmdbd | Self::Mariadb => return None,
        };
        Some(Answer::because(Status::NotInstalled, why))
    }

    /// The failure, with the daemon's own last words.
    fn died(self, system: &dyn System, how: &str) -> Answer {
        let words = systemctl::last_words(system, &self.unit()).unwrap_or_default();
        let last = words.lines().last().unwrap_or("its journal is empty").to_owned();
        Answer::because(Status::Generic, format!("{} {how}: {last}", self.name()))
    }
}
