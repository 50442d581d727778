// SPDX-License-Identifier: Apache-2.0
//! `ocf:slurmha:drbd`: one DRBD resource, promoted where the cluster is
//! active.
//!
//! The distribution's agent (linbit:drbd) serves every layout that DRBD has,
//! as a shell script that needs to be told before and after each action on
//! its peer (`notify`). With one resource and two controllers there is nothing
//! to tell: DRBD knows its peer better than Pacemaker does. The rounds of
//! notifications were 3 s of a failover and 6 s of a planned move in the
//! laboratory.

use std::time::Duration;

use slurmha_core::observe::DrbdStatus;
use slurmha_core::promotion::{Score, is_changing, score, wants_a_second_look};
use slurmha_core::render::cib::id;
use slurmha_host::program::{drbd, pacemaker};
use slurmha_host::{CommandError, System};

use super::{Answer, Parameters, Status};

const PAUSE: Duration = Duration::from_millis(200);

/// Limit of one look.
const LOOK: Duration = Duration::from_secs(20);

/// How long a start waits for the peer: what the score says of data that may
/// be old is better said once the peer was asked. More than `connect-int`.
const MEETING: Duration = Duration::from_secs(8);

/// How long a disk that is gone below the active one may take to come back before the
/// score says so. Below the time between two monitors (20 s), far below their limit (60 s);
/// until then every access goes to the peer's disk, so that nobody waits for it.
const RETURN: Duration = Duration::from_secs(10);

/// Between the looks in that time.
const GLANCE: Duration = Duration::from_secs(1);

/// Kept back from Pacemaker's limit, so that a failure can still say why.
const RESERVE: Duration = Duration::from_secs(5);

/// The resource, by its name in DRBD's configuration.
pub struct Replication {
    resource: String,
}

impl Replication {
    /// From the resource's parameters.
    pub fn new(parameters: &Parameters) -> Result<Self, Answer> {
        Ok(Self { resource: parameters.get("drbd_resource")? })
    }

    /// Attaches the disks and connects.
    pub fn start(&self, system: &dyn System, limit: Duration) -> Answer {
        let begin = system.elapsed();
        if let Err(error) = drbd::adjust(system, &self.resource) {
            return Answer::because(Status::Generic, error.to_string());
        }
        loop {
            let status = match self.look(system) {
                Ok(status) => status,
                Err(answer) => return answer,
            };
            let waited = system.elapsed() - begin;
            if waited > MEETING.min(limit / 2) || has_met(&status) {
                tell(system, &status);
                break;
            }
            system.sleep(PAUSE);
        }
        // Somebody may have promoted it by hand; started means secondary.
        self.until(system, limit / 2, |status| {
            (status.role == "Primary").then(|| drbd::demote(system, &self.resource))
        })
    }

    /// Disconnects and detaches. With the policy `resource-and-stonith` a
    /// secondary that takes leave of a primary is marked outdated by DRBD
    /// itself (drbd.conf(5), `fencing`).
    pub fn stop(&self, system: &dyn System, limit: Duration) -> Answer {
        let answer = self.until(system, limit, |status| match status.role.as_str() {
            _ if !status.up => None,
            "Primary" => Some(drbd::demote(system, &self.resource)),
            _ => Some(drbd::down(system, &self.resource)),
        });
        if answer.status == Status::Success {
            set_score(system, Score::None);
        }
        answer
    }

    /// Makes it primary. DRBD asks the fence-peer handler first when it does
    /// not see its peer, which may take as long as fencing takes.
    pub fn promote(&self, system: &dyn System, limit: Duration) -> Answer {
        // The first try succeeds when the peer is fenced or secondary; the
        // kernel then knows more than a look beforehand would have told.
        let patience = limit.saturating_sub(RESERVE);
        if drbd::promote(system, &self.resource, patience).is_ok() {
            return Answer::plain(Status::Success);
        }
        let answer = self.until(system, limit / 3, |status| {
            (status.role != "Primary").then(|| drbd::promote(system, &self.resource, patience))
        });
        // It was refused as long as the peer was not there, and the score was
        // told then; the peer's own is better by now. Left so, Pacemaker would
        // take the role away again at once (both controllers start, one later).
        if answer.status == Status::Success
            && let Ok(status) = self.look(system)
        {
            tell(system, &status);
        }
        answer
    }

    /// Makes it secondary.
    pub fn demote(&self, system: &dyn System, limit: Duration) -> Answer {
        if drbd::demote(system, &self.resource).is_ok() {
            return Answer::plain(Status::Success);
        }
        self.until(system, limit, |status| {
            (status.up && status.role == "Primary").then(|| drbd::demote(system, &self.resource))
        })
    }

    /// Its role, and the score that goes with its state.
    pub fn monitor(&self, system: &dyn System) -> Answer {
        match self.look_until_sure(system) {
            Err(answer) => answer,
            Ok(status) if !status.up => Answer::plain(Status::NotRunning),
            Ok(status) => {
                tell(system, &status);
                running(&status)
            }
        }
    }

    /// Whether the configuration has the resource.
    pub fn validate(&self, system: &dyn System) -> Answer {
        match drbd::pending_adjustments(system, &self.resource) {
            Ok(_) => Answer::plain(Status::Success),
            Err(error) => Answer::because(Status::NotInstalled, error.to_string()),
        }
    }

    /// Does what a look shows to be missing until nothing is, or the time is
    /// up: a device may be held open for a moment, by udev for example.
    fn until(
        &self,
        system: &dyn System,
        limit: Duration,
        missing: impl Fn(&DrbdStatus) -> Option<Result<(), CommandError>>,
    ) -> Answer {
        let begin = system.elapsed();
        loop {
            let tried = match self.look(system) {
                Ok(status) => missing(&status),
                Err(answer) => return answer,
            };
            match tried {
                None => return Answer::plain(Status::Success),
                Some(Ok(())) => continue,
                Some(Err(error)) if system.elapsed() - begin > limit.saturating_sub(RESERVE) => {
                    return Answer::because(Status::Generic, error.to_string());
                }
                Some(Err(_)) => system.sleep(PAUSE),
            }
        }
    }

    /// What a monitor says is the state of some seconds when it would send the active role
    /// away.
    fn look_until_sure(&self, system: &dyn System) -> Result<DrbdStatus, Answer> {
        let begin = system.elapsed();
        loop {
            let status = self.look(system)?;
            if !wants_a_second_look(&status) || system.elapsed() - begin >= RETURN {
                return Ok(status);
            }
            system.sleep(GLANCE);
        }
    }

    fn look(&self, system: &dyn System) -> Result<DrbdStatus, Answer> {
        drbd::status(system, &self.resource, LOOK)
            .map_err(|error| Answer::because(Status::Generic, format!("cannot tell: {error}")))
    }
}

fn has_met(status: &DrbdStatus) -> bool {
    status.connection == "Connected" && !is_changing(status)
}

fn running(status: &DrbdStatus) -> Answer {
    let promoted = status.role == "Primary";
    Answer::plain(if promoted { Status::Promoted } else { Status::Success })
}

fn tell(system: &dyn System, status: &DrbdStatus) {
    set_score(system, score(status));
}

/// A score that cannot be set is no failure of DRBD. It is set again with
/// every monitor.
fn set_score(system: &dyn System, score: Score) {
    let score = match score {
        Score::Is(score) => Some(score),
        Score::None => None,
        Score::Unchanged => return,
    };
    if let Err(error) = pacemaker::set_promotion_score(system, id::DRBD, score) {
        eprintln!("the promotion score was not set: {error}");
    }
}
