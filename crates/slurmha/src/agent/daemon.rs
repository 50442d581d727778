// SPDX-License-Identifier: Apache-2.0
//! Starting, stopping and watching one daemon through its systemd unit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::layout::{DATABASE_MOUNT, STATE_MOUNT, STATE_SAVE_LOCATION};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_core::state_save::Takeover;
use slurmha_host::program::systemctl;
use slurmha_host::system::read_trimmed;
use slurmha_host::{Command, CommandError, System, unit_process};

use super::{Answer, Status, intent, kill, ready, restart, takeover};

/// Pause between two looks at a daemon that is starting.
const PAUSE: Duration = Duration::from_millis(50);
/// Kept back from Pacemaker's limit: a stop that we end ourselves is better
/// than one that is killed, because a failed stop costs the node its power.
const RESERVE: Duration = Duration::from_secs(10);
/// Of that: for the end of a program that is past its own limit.
const LAST_LOOK: Duration = Duration::from_secs(3);
/// Of that: for the daemon's last words.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The least time that a program gets.
const LEAST: Duration = Duration::from_secs(1);

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

/// A start that is under way.
struct Begun {
    /// What has to be done once slurmctld answers.
    unfinished: Option<Takeover>,
    /// When systemd was asked; `None` for a daemon that ran already.
    asked: Option<Duration>,
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
        let end = system.elapsed() + limit;
        // Until it has started, its end is this action's failure, not news.
        intent::forget(system, self);
        let begun = self
            .has_its_volume(system)
            .and_then(|()| self.runs_already(system, end))
            .and_then(|runs| if runs { Ok(self.adopt(system)) } else { self.begin(system, end) });
        match begun {
            Ok(begun) => self.wait_for_answer(system, &begun, end),
            Err(answer) => answer,
        }
    }

    fn has_its_volume(self, system: &dyn System) -> Result<(), Answer> {
        let marker = self.marker();
        match system.metadata(&marker) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                let what = marker.display();
                let reason = format!("{what} is missing: the replicated volume is not mounted");
                Err(Answer::because(Status::NotInstalled, reason))
            }
            Err(error) => Err(Answer::because(Status::Generic, error.to_string())),
        }
    }

    /// Whether there is nothing to start: Pacemaker asks for it also where it
    /// has lost track of what it started, and after an administrator did. A
    /// slurmctld that runs must not have its state put right below it.
    fn runs_already(self, system: &dyn System, end: Duration) -> Result<bool, Answer> {
        if self.has_its_process(system) {
            return Ok(true);
        }
        // The common case costs no program.
        if self.has_no_process(system) {
            return Ok(false);
        }
        let active = self.active(system, before(system, end, RESERVE))?;
        Ok(matches!(active.as_str(), "active" | "reloading" | "activating"))
    }

    /// Takes over what runs already.
    fn adopt(self, system: &dyn System) -> Begun {
        let unfinished =
            if self == Self::Slurmctld { takeover::found_running(system) } else { None };
        Begun { unfinished, asked: None }
    }

    /// Puts right what has to be, and asks systemd.
    fn begin(self, system: &dyn System, end: Duration) -> Result<Begun, Answer> {
        let mut unfinished = None;
        if self == Self::Slurmctld {
            takeover::call_off(system);
            self.wait_for_accounting(system, left(system, end) / 2);
            let until = system.elapsed() + left(system, end) / 4;
            unfinished = takeover::prepare(system, until)
                .map_err(|why| Answer::because(Status::Misconfigured, why.to_string()))?;
        }
        let begun = Begun { unfinished, asked: Some(system.elapsed()) };
        match self.command(system, "start", before(system, end, RESERVE)) {
            Ok(()) => Ok(begun),
            Err(error) => {
                // Without an answer of systemd it may still be on its way.
                if matches!(self.remains(system, end), Ok(Seen::Stopped | Seen::Dead(_))) {
                    self.note_failed(system, &begun);
                }
                let how = format!("does not start: {error}");
                Err(self.did_not_start(system, &how, end))
            }
        }
    }

    fn wait_for_answer(self, system: &dyn System, begun: &Begun, end: Duration) -> Answer {
        loop {
            let how = match self.see(system, before(system, end, RESERVE)) {
                Ok(Seen::Running) if ready::answers(system, self) => {
                    if let Some(takeover) = &begun.unfinished {
                        takeover::begin(system, takeover);
                    }
                    intent::expect(system, self);
                    return Answer::plain(Status::Success);
                }
                Ok(Seen::Running) => None,
                Ok(Seen::Stopped) => Some("stopped by itself".to_owned()),
                Ok(Seen::Dead(how)) => Some(how),
                Err(answer) => return answer,
            };
            if let Some(how) = how {
                if self.has_no_process(system) {
                    self.note_failed(system, begun);
                }
                return self.did_not_start(system, &how, end);
            }
            if left(system, end) <= RESERVE {
                let reason = format!("{} runs and answers no request", self.name());
                return Answer::because(Status::Generic, reason);
            }
            system.sleep(PAUSE);
        }
    }

    /// Nothing of it runs, and it has not answered since it was asked to.
    fn note_failed(self, system: &dyn System, begun: &Begun) {
        if let (Self::Slurmctld, Some(asked)) = (self, begun.asked) {
            let lived = system.elapsed() - asked;
            takeover::note_failed(system, begun.unfinished.as_ref(), lived);
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
    /// that it is stopped while anything of it runs.
    pub fn stop(self, system: &dyn System, limit: Duration) -> Answer {
        let end = system.elapsed() + limit;
        let hangs = intent::hangs(system, self) || self.waits_in_vain(system);
        intent::forget(system, self);
        // What it asked of systemd may still be on its way.
        let may_start = restart::call_off(system, self);
        let was_settling = self == Self::Slurmctld && takeover::call_off(system);
        let seen = self.see(system, before(system, end, RESERVE));
        let is_stopped = matches!(seen, Ok(Seen::Stopped | Seen::Dead(_)));
        if is_stopped && !may_start && self.has_no_process(system) {
            // After a crash each program that is not started is a shorter
            // outage.
            return Answer::plain(Status::Success);
        }
        let asked = system.now();
        let mut obeyed = self.ask_to_stop(system, hangs, end);
        let mut after = self.remains(system, end);
        if matches!(after, Ok(Seen::Running)) {
            // A child can be left of a daemon that ended as it was asked to.
            let itself = self.look(system, before(system, end, LAST_LOOK));
            obeyed &= matches!(itself, Ok(Seen::Stopped));
            after = self.kill(system, end);
        }
        match after {
            Ok(Seen::Stopped) if self == Self::Slurmctld && obeyed => {
                if matches!(seen, Ok(Seen::Running)) {
                    takeover::note_stopped(system, asked, was_settling);
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
    fn ask_to_stop(self, system: &dyn System, hangs: bool, end: Duration) -> bool {
        let patience = before(system, end, RESERVE);
        if hangs {
            kill::stop_hung(system, self, patience);
            return false;
        }
        self.command(system, "stop", patience).is_ok()
    }

    /// SIGKILL for everything of the unit. It takes effect when the kernel lets
    /// go of a process: one that waits for a disk is not gone before that.
    fn kill(self, system: &dyn System, end: Duration) -> Result<Seen, Answer> {
        let kill = Command::new("systemctl")
            .args(["kill", "--signal=SIGKILL", "--", &self.unit()])
            .timeout(before(system, end, LAST_LOOK).min(RESERVE / 2));
        let _ = system.run(&kill);
        loop {
            let after = self.remains(system, end);
            if !matches!(after, Ok(Seen::Running)) || left(system, end) <= LAST_LOOK {
                return after;
            }
            system.sleep(PAUSE);
        }
    }

    /// What is left of the unit: it counts as running as long as there is a
    /// process of it, or may be, whatever systemd says. To systemd a unit has
    /// failed also when a process survives SIGKILL (service.c, final-sigkill).
    fn remains(self, system: &dyn System, end: Duration) -> Result<Seen, Answer> {
        if self.has_no_process(system) {
            return self.look(system, before(system, end, LAST_LOOK));
        }
        Ok(Seen::Running)
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
        let end = system.elapsed() + limit;
        restart::wait(system, self, limit.saturating_sub(RESERVE));
        match self.look(system, before(system, end, LAST_LOOK)) {
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

    /// Whether the daemon runs. What is seen to run need not be asked for.
    fn see(self, system: &dyn System, limit: Duration) -> Result<Seen, Answer> {
        if self.has_its_process(system) { Ok(Seen::Running) } else { self.look(system, limit) }
    }

    fn look(self, system: &dyn System, limit: Duration) -> Result<Seen, Answer> {
        Ok(match self.active(system, limit)?.as_str() {
            "inactive" => Seen::Stopped,
            "failed" => Seen::Dead("has failed".to_owned()),
            _ => Seen::Running,
        })
    }

    /// systemd's word for the state of the unit.
    fn active(self, system: &dyn System, limit: Duration) -> Result<String, Answer> {
        let shown = systemctl::show_one_within(system, &self.unit(), limit)
            .map_err(|error| Answer::because(Status::Generic, format!("cannot tell: {error}")))?;
        Ok(shown.state.active)
    }

    /// `systemctl start|stop`, which waits for the job's end.
    fn command(self, system: &dyn System, verb: &str, limit: Duration) -> Result<(), CommandError> {
        let unit = self.unit();
        let command = Command::new("systemctl").args([verb, "--", &unit]).timeout(limit);
        system.run(&command)?.success().map(|_| ())
    }

    /// The failure of a start; one that would be the same at the next try is
    /// a hard one, for this node only.
    fn did_not_start(self, system: &dyn System, how: &str, end: Duration) -> Answer {
        self.hard(system, end).unwrap_or_else(|| self.died(system, how, end))
    }

    fn hard(self, system: &dyn System, end: Duration) -> Option<Answer> {
        let why = match self {
            Self::Slurmctld => takeover::too_new(system, before(system, end, LAST_WORDS))?,
            Self::Slurmdbd | Self::Mariadb => return None,
        };
        Some(Answer::because(Status::NotInstalled, why))
    }

    /// The failure, with the daemon's own last words.
    fn died(self, system: &dyn System, how: &str, end: Duration) -> Answer {
        let limit = before(system, end, LAST_LOOK).min(LAST_WORDS);
        let words = systemctl::last_words_within(system, &self.unit(), limit).unwrap_or_default();
        let last = words.lines().last().unwrap_or("its journal is empty").to_owned();
        Answer::because(Status::Generic, format!("{} {how}: {last}", self.name()))
    }
}

/// Time until then.
fn left(system: &dyn System, end: Duration) -> Duration {
    end.saturating_sub(system.elapsed())
}

/// Time for a program that has to end so long before the end.
fn before(system: &dyn System, end: Duration, reserve: Duration) -> Duration {
    left(system, end).saturating_sub(reserve).max(LEAST)
}
