// SPDX-License-Identifier: Apache-2.0
//! After the verdict is certain: the victim comes back if it was away, and
//! the cluster must be as healthy as before.

use std::time::Duration;

use slurmha_core::drill::Aftermath;
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::{Member, Problem, Status, Verdict};
use slurmha_host::{Local, System as _};

use super::power::Victim;
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::look;
use crate::pause::pause;
use crate::progress::Progress;

/// Least distance between looks. Each costs an exchange with every machine, and
/// one of them is busy booting.
const PAUSE: Duration = Duration::from_secs(5);

/// How many times as long as a look the rest after it lasts: machines that are slow are not
/// kept slow by being asked whether they still are (seen: an emulated cluster that was only
/// ever asked for its health, and not found healthy in a quarter of an hour).
const REST: u32 = 2;

const CONTROLLER_BACK: &str = "a full member again, its disks up to date";
const BACK: &str = "at work again";

/// How a cluster has to be in the end.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How long it may take.
    pub limit: Duration,
    /// Whether settings may be weak, as they were before.
    pub accepts_weakness: bool,
}

impl Wanted {
    fn is_reached(self, now: &Status) -> bool {
        now.verdict == Verdict::Healthy || self.accepts_weakness && now.is_only_weak()
    }

    fn lacking(self, now: &Status) -> Vec<String> {
        let counts = |problem: &&Problem| !(self.accepts_weakness && problem.weakness);
        now.problems.iter().filter(counts).map(|problem| problem.text.clone()).collect()
    }
}

/// Gives the victim its power back and waits until all is well again.
///
/// # Errors
/// When the drill was interrupted.
pub fn restore(
    site: &Site,
    fleet: &Fleet,
    victim: &Victim<'_>,
    name: &NodeName,
    wanted: Wanted,
    progress: &Progress,
) -> Result<Aftermath, Failure> {
    progress.machine(name.as_str(), "power on");
    if let Err(why) = victim.restore() {
        // The last line is the program's own; before it is a long command.
        let why = why.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let lacking = vec![format!("{name} could not be switched on: {}", why.trim())];
        return Ok(Aftermath { lacking, ..Aftermath::default() });
    }
    let clock = Local::new();
    let mut after = Aftermath { powered_on: true, ..Aftermath::default() };
    let mut rest = PAUSE;
    loop {
        pause(rest)?;
        let begin = clock.elapsed();
        let now = look::look(site, fleet);
        rest = rest_after(clock.elapsed() - begin);
        // The two sides are asked one after the other, so that one can still
        // tell of a resync that the other has ended.
        let healthy = wanted.is_reached(&now);
        if after.rejoined_after_s.is_none() && (healthy || is_back(&now, name)) {
            after.rejoined_after_s = Some(clock.elapsed().as_secs_f64().round());
            let is_controller = site.controller(name).is_some();
            progress.machine(name.as_str(), if is_controller { CONTROLLER_BACK } else { BACK });
        }
        after.lacking = wanted.lacking(&now);
        if healthy || clock.elapsed() > wanted.limit {
            return Ok(after);
        }
    }
}

/// Waits until all is well again where no machine was away. Pacemaker forgets
/// a failure after `failure-timeout`.
///
/// # Errors
/// When the drill was interrupted.
pub fn settle(site: &Site, fleet: &Fleet, wanted: Wanted) -> Result<Aftermath, Failure> {
    let clock = Local::new();
    loop {
        let begin = clock.elapsed();
        let now = look::look(site, fleet);
        if wanted.is_reached(&now) || clock.elapsed() > wanted.limit {
            let lacking = wanted.lacking(&now);
            return Ok(Aftermath { powered_on: true, lacking, ..Aftermath::default() });
        }
        pause(rest_after(clock.elapsed() - begin))?;
    }
}

fn rest_after(look: Duration) -> Duration {
    PAUSE.max(look * REST)
}

/// Online, and both sides have all data.
fn is_back(status: &Status, name: &NodeName) -> bool {
    let online = status
        .machines
        .iter()
        .any(|machine| machine.name == *name && machine.member == Some(Member::Online));
    let in_sync = status.replication.values().all(|side| {
        side.known().is_some_and(|side| {
            side.connection == "Connected"
                && !side.volumes.is_empty()
                && side.volumes.iter().all(|v| v.disk == "UpToDate" && v.peer_disk == "UpToDate")
        })
    });
    online && in_sync
}

#[cfg(test)]
mod tests {
    use slurmha_core::observe::Reading;
    use slurmha_core::status::{assemble, made_up};

    use super::*;

    #[test]
    fn what_was_accepted_is_not_lacking_and_everything_else_is() {
        let mut answers = made_up::answers();
        let switch_off = |answers: &mut _| {
            for name in ["ctl1", "ctl2"] {
                made_up::change(answers, name, |seen| {
                    let Reading::Known(cluster) = &mut seen.cluster else { panic!("no cluster") };
                    cluster.fencing_enabled = false;
                });
            }
        };
        switch_off(&mut answers);
        let limit = Duration::from_secs(1);
        let strict = Wanted { limit, accepts_weakness: false };
        let lenient = Wanted { limit, accepts_weakness: true };
        let weak = assemble(&made_up::site(), &answers);
        assert!(!strict.is_reached(&weak) && lenient.is_reached(&weak));
        assert_eq!(strict.lacking(&weak), ["fencing is switched off"]);
        assert_eq!(lenient.lacking(&weak), [""; 0]);

        let mut copying = made_up::recovering();
        switch_off(&mut copying);
        let copying = assemble(&made_up::site(), &copying);
        assert!(!lenient.is_reached(&copying));
        let text = "the database volume is being copied to ctl1: 42 % in sync";
        assert_eq!(lenient.lacking(&copying), [text]);
    }
}
