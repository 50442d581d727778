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
use crate::fence_peer::answer_what_is_left;

const PAUSE: Duration = Duration::from_millis(200);

/// Limit of one look.
const LOOK: Duration = Duration::from_secs(20);

/// Limit of telling a score: the attribute manager takes it in at once, or hangs, and then
/// a monitor shall not be over its time for it.
const TELL: Duration = Duration::from_secs(10);

/// The least that a program gets: with nothing it could not even say what is wrong.
const LEAST: Duration = Duration::from_secs(1);

/// How long a start waits for the peer: what the score says of data that may
/// be old is better said once the peer was asked. More than `connect-int`.
const MEETING: Duration = Duration::from_secs(8);

/// How long a disk that is gone below the active one may take to come back before the
/// score says so. Below the time between two monitors (20 s), far below their limit (60 s);
/// until then every access goes to the peer's disk, so that nobody waits for it.
const RETURN: Duration = Duration::from_secs(10);

/// Between the looks in that time.
const GLANCE: Duration = Duration::from_secs(1);

/// Kept back from Pacemaker's limit, so that a failure can still say why. A program that is
/// over its time gets two seconds to end (`child.rs`), and the score may come after it. An action
/// that Pacemaker ends itself leaves its programs behind: `drbdadm primary` would succeed
/// when nobody waits for it any more.
const RESERVE: Duration = Duration::from_secs(5);

/// The time of one action.
#[derive(Clone, Copy)]
struct Time<'a> {
    system: &'a dyn System,
    begin: Duration,
    limit: Duration,
}

impl<'a> Time<'a> {
    fn begin(system: &'a dyn System, limit: Duration) -> Self {
        Self { system, begin: system.elapsed(), limit: limit.saturating_sub(RESERVE) }
    }

    fn spent(&self) -> Duration {
        self.system.elapsed().saturating_sub(self.begin)
    }

    /// Whether nothing more is to be begun within that limit.
    fn is_over(&self, limit: Duration) -> bool {
        self.spent() + PAUSE >= limit.saturating_sub(RESERVE)
    }

    /// What a program may take now that takes that much at most.
    fn at_most(&self, most: Duration) -> Duration {
        self.limit.saturating_sub(self.spent()).min(most).max(LEAST)
    }
}

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
        let time = Time::begin(system, limit);
        let patience = time.at_most(drbd::TIMEOUT);
        if let Err(error) = drbd::adjust(system, &self.resource, patience) {
            return Answer::because(Status::Generic, error.to_string());
        }
        let meeting = Time::begin(system, limit);
        loop {
            let status = match self.look(time) {
                Ok(status) => status,
                Err(answer) => return answer,
            };
            if meeting.spent() > MEETING.min(limit / 2) || has_met(&status) {
                tell(time, &status);
                break;
            }
            system.sleep(PAUSE);
        }
        // Somebody may have promoted it by hand; started means secondary.
        self.until(time, limit, |status| (status.role == "Primary").then(|| self.demote_in(time)))
    }

    /// Disconnects and detaches. With the policy `resource-and-stonith` a
    /// secondary that takes leave of a primary is marked outdated by DRBD
    /// itself (drbd.conf(5), `fencing`).
    pub fn stop(&self, system: &dyn System, limit: Duration) -> Answer {
        let time = Time::begin(system, limit);
        let answer = self.until(time, limit, |status| match status.role.as_str() {
            _ if !status.up => None,
            "Primary" => Some(self.demote_in(time)),
            _ => Some(drbd::down(system, &self.resource, time.at_most(drbd::TIMEOUT))),
        });
        if answer.status == Status::Success {
            set_score(time, Score::None);
        }
        answer
    }

    /// Makes it primary. DRBD asks the fence-peer handler first when it does
    /// not see its peer, which may take as long as fencing takes.
    pub fn promote(&self, system: &dyn System, limit: Duration) -> Answer {
        // The first try succeeds when the peer is fenced or secondary; the
        // kernel then knows more than a look beforehand would have told.
        let time = Time::begin(system, limit);
        let promote = || drbd::promote(system, &self.resource, time.at_most(limit));
        match promote() {
            Ok(()) => return Answer::plain(Status::Success),
            // None is begun later: the handler may take what is left then.
            Err(error) if time.is_over(limit / 3) => {
                return Answer::because(Status::Generic, error.to_string());
            }
            Err(_) => {}
        }
        let answer = self.until(time, limit / 3, |status| (status.role != "Primary").then(promote));
        // It was refused as long as the peer was not there, and the score was
        // told then; the peer's own is better by now. Left so, Pacemaker would
        // take the role away again at once (both controllers start, one later).
        if answer.status == Status::Success
            && let Ok(status) = self.look(time)
        {
            tell(time, &status);
        }
        answer
    }

    /// Makes it secondary.
    pub fn demote(&self, system: &dyn System, limit: Duration) -> Answer {
        let time = Time::begin(system, limit);
        match self.demote_in(time) {
            Ok(()) => return Answer::plain(Status::Success),
            Err(error) if time.is_over(limit) => {
                return Answer::because(Status::Generic, error.to_string());
            }
            Err(_) => {}
        }
        self.until(time, limit, |status| {
            (status.up && status.role == "Primary").then(|| self.demote_in(time))
        })
    }

    fn demote_in(&self, time: Time<'_>) -> Result<(), CommandError> {
        drbd::demote(time.system, &self.resource, time.at_most(drbd::TIMEOUT))
    }

    /// Its role, and the score that goes with its state.
    pub fn monitor(&self, system: &dyn System, limit: Duration) -> Answer {
        let time = Time::begin(system, limit);
        match self.look_until_sure(time) {
            Err(answer) => answer,
            Ok(status) if !status.up => Answer::plain(Status::NotRunning),
            Ok(status) => {
                tell(time, &status);
                if status.suspended && status.role == "Primary" {
                    go_on(system);
                }
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

    /// Does what a look shows to be missing until nothing is, or so much of the action's
    /// time is up: a device may be held open for a moment, by udev for example.
    fn until(
        &self,
        time: Time<'_>,
        limit: Duration,
        missing: impl Fn(&DrbdStatus) -> Option<Result<(), CommandError>>,
    ) -> Answer {
        loop {
            let tried = match self.look(time) {
                Ok(status) => missing(&status),
                Err(answer) => return answer,
            };
            let trouble = match tried {
                None => return Answer::plain(Status::Success),
                Some(Ok(())) if !time.is_over(limit) => continue,
                Some(Ok(())) => "DRBD says that it is done, and it is not".to_owned(),
                Some(Err(error)) => error.to_string(),
            };
            if time.is_over(limit) {
                return Answer::because(Status::Generic, trouble);
            }
            time.system.sleep(PAUSE);
        }
    }

    /// What a monitor says is the state of some seconds when it would send the active role
    /// away.
    fn look_until_sure(&self, time: Time<'_>) -> Result<DrbdStatus, Answer> {
        loop {
            let status = self.look(time)?;
            if !wants_a_second_look(&status) || time.spent() >= RETURN {
                return Ok(status);
            }
            time.system.sleep(GLANCE);
        }
    }

    fn look(&self, time: Time<'_>) -> Result<DrbdStatus, Answer> {
        drbd::status(time.system, &self.resource, time.at_most(LOOK))
            .map_err(|error| Answer::because(Status::Generic, format!("cannot tell: {error}")))
    }
}

/// Its I/O is frozen until the fence-peer handler has an answer, which it never has once it was
/// killed.
fn go_on(system: &dyn System) {
    if let Err(error) = answer_what_is_left(system) {
        eprintln!("I/O is frozen, and the fence-peer handler was not started again: {error}");
    }
}

fn has_met(status: &DrbdStatus) -> bool {
    status.connection == "Connected" && !is_changing(status)
}

fn running(status: &DrbdStatus) -> Answer {
    let promoted = status.role == "Primary";
    Answer::plain(if promoted { Status::Promoted } else { Status::Success })
}

fn tell(time: Time<'_>, status: &DrbdStatus) {
    set_score(time, score(status));
}

/// A score that cannot be set is no failure of DRBD. It is set again with
/// every monitor.
fn set_score(time: Time<'_>, score: Score) {
    let score = match score {
        Score::Is(score) => Some(score),
        Score::None => None,
        Score::Unchanged => return,
    };
    let patience = time.at_most(TELL);
    if let Err(error) = pacemaker::set_promotion_score(time.system, id::DRBD, score, patience) {
        eprintln!("the promotion score was not set: {error}");
    }
}
