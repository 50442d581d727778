// SPDX-License-Identifier: Apache-2.0
//! Moves the active role, as a rule to this controller, and leaves nothing behind.
//!
//! Pacemaker is given a preference for this machine that ends by itself
//! ([`LIFETIME`]). It is taken away as soon as the move is done, or has failed,
//! or nobody listens any more. When this process is killed or its machine
//! dies, the preference loses its force with time; the next move takes it
//! away. At no moment is a machine kept from taking over.
//!
//! A drill can have it done as it is typed by hand: without an end, and left
//! where it is for as long as the drill wants. What takes it away when this
//! process is killed is a timer then.

use std::time::Duration;

use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::{Health, preference_id};
use slurmha_core::render::cib::id;
use slurmha_core::switchover::{Side, arrived, failures, missing, replicates};
use slurmha_host::program::{drbd, pacemaker, slurm};
use slurmha_host::{CommandError, System};

use super::super::protocol::{MoveTask, Moved, Reply, Struck};
use super::disturb::timer;

/// How long the preference lasts when nobody takes it away: longer than the
/// move may take, so that it does not end in the middle of one.
const LIFETIME: &str = "PT15M";

/// Distance between looks, at least.
const PAUSE: Duration = Duration::from_secs(1);

/// A look starts a program on a machine that has more important things to do:
/// where that takes long, it is done so many times less often than it could.
/// Measured in emulation, a look a second had more of the target's time than
/// slurmctld.
const REST: u32 = 8;

/// Whoever watches wants to be told.
const REST_LIMIT: Duration = Duration::from_secs(4);

/// One look.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// For everything to be seen where it has arrived.
const STAY_LIMIT: Duration = Duration::from_secs(60);

/// One change of the configuration.
const CHANGE_LIMIT: Duration = Duration::from_secs(30);

/// Takes away what is left on purpose.
const TIMER: &str = "slurmha-mend-move";

/// How often the preference is taken away again when that failed. Pacemaker
/// refuses while it elects a DC, for some seconds.
const ATTEMPTS: u32 = 10;

/// Whoever asked for the move.
pub struct Operator<'a> {
    /// Says something.
    pub tell: &'a dyn Fn(Reply),
    /// Whether nobody listens any more.
    pub has_left: &'a dyn Fn() -> bool,
}

/// Moves the role, and tells when it was ordered, what was reached, and how
/// it ended.
pub fn run(system: &dyn System, operator: &Operator<'_>, task: &MoveTask) {
    // What an earlier move has left would only confuse this one.
    if let Some(why) = clear_while(system, &|| !(operator.has_left)()) {
        return (operator.tell)(Reply::Unharmed(why));
    }
    if let Some(why) = made_by_hand(system) {
        return (operator.tell)(Reply::Unharmed(why));
    }
    if task.is_left
        && let Err(why) = timer::set(system, TIMER, task.limit * 2, &["mend-move"])
    {
        return (operator.tell)(Reply::Unharmed(why));
    }
    // Pacemaker may have been slow until here, and users would wait for a move
    // that somebody has called off.
    if (operator.has_left)() {
        stop_timer(system, task);
        let why = "nobody waits for it any more; nothing was ordered".to_owned();
        return (operator.tell)(Reply::Unharmed(why));
    }
    let at = system.now();
    let to = task.to.as_str();
    let ordered = match task.is_left {
        true => pacemaker::move_promoted(system, id::DRBD_CLONE, to),
        false => pacemaker::prefer_promoted(system, id::DRBD_CLONE, to, LIFETIME),
    };
    let result = match ordered {
        Ok(()) => {
            (operator.tell)(Reply::Struck(Struck { at, confirmed: system.now() }));
            follow(system, operator, task).inspect(|()| leave(system, operator, task))
        }
        // It may have been set all the same; it is taken away like any other.
        Err(error) => Err(format!("Pacemaker did not take the order: {error}")),
    };
    let at = system.now();
    let left_over = clear(system);
    if left_over.is_none() {
        stop_timer(system, task);
    }
    let result = result.and_then(|()| stays(system, task));
    (operator.tell)(Reply::Moved(Moved { result, at, left_over }));
}

/// A timer that cannot be stopped finds nothing to do.
fn stop_timer(system: &dyn System, task: &MoveTask) {
    if task.is_left {
        let _ = timer::stop(system, &format!("{TIMER}.timer"));
    }
}

/// Keeps an order that is to be left behind until nobody listens any more.
fn leave(system: &dyn System, operator: &Operator<'_>, task: &MoveTask) {
    if !task.is_left {
        return;
    }
    (operator.tell)(Reply::LeftBehind);
    let end = system.elapsed() + task.limit;
    while !(operator.has_left)() && system.elapsed() < end {
        system.sleep(PAUSE);
    }
}

/// Takes away what a drill's move has left: what the timer does, and an
/// administrator can.
///
/// # Errors
/// What is left, with the cure.
pub fn mend(system: &dyn System) -> Result<(), String> {
    clear(system).map_or(Ok(()), Err)
}

/// Takes back what an interrupted move has left, without moving anything. That has an
/// end; a preference without one is somebody's, who may want it.
pub fn take_back(system: &dyn System) -> Reply {
    let at = system.now();
    let xpath = format!("{}[.//date_expression]", place(&preference_id(id::DRBD_CLONE)));
    let left_over = match pacemaker::has_element(system, &xpath) {
        Ok(false) => None,
        Ok(true) => clear(system),
        Err(error) => Some(format!("Pacemaker's configuration could not be read: {error}")),
    };
    Reply::Moved(Moved { result: Ok(()), at, left_over })
}

/// Waits until nothing is missing. With the first failure the preference is
/// taken back: whether to try again here or to go back is then Pacemaker's to
/// decide, and nothing must hold it on a target that does not work.
fn follow(system: &dyn System, operator: &Operator<'_>, task: &MoveTask) -> Result<(), String> {
    let end = system.elapsed() + task.limit;
    let mut told: Vec<String> = Vec::new();
    let mut failures: Vec<String> = Vec::new();
    loop {
        let begin = system.elapsed();
        let look = look(system, task);
        let took = system.elapsed().saturating_sub(begin);
        for resource in look.arrived {
            if !told.contains(&resource) {
                (operator.tell)(Reply::MoveStep(format!("runs {resource}")));
                told.push(resource);
            }
        }
        let Some(missing) = look.missing else { return Ok(()) };
        if failures.is_empty() && !look.failures.is_empty() {
            failures = look.failures;
            let what = failures.join("; ");
            (operator.tell)(Reply::MoveStep(format!("{what}; the order is taken back")));
            // What could not be taken back now is told in the end.
            let _ = clear(system);
        }
        if !failures.is_empty() && look.all_back {
            return Err(format!("it went back to {}: {}", task.from, failures.join("; ")));
        }
        if (operator.has_left)() {
            return Err(format!("interrupted; {missing}"));
        }
        if system.elapsed() >= end {
            return Err(format!("not done after {} s: {missing}", task.limit.as_secs()));
        }
        system.sleep((took * REST).clamp(PAUSE, REST_LIMIT));
    }
}

/// What was seen at one moment.
#[derive(Default)]
struct Look {
    arrived: Vec<String>,
    missing: Option<String>,
    failures: Vec<String>,
    /// Everything runs on the old side.
    all_back: bool,
}

/// Looks; the dear questions come last, when the others are answered.
fn look(system: &dyn System, task: &MoveTask) -> Look {
    let (from, to) = (task.from.as_str(), task.to.as_str());
    let status = match pacemaker::status(system, LOOK_LIMIT) {
        Ok(status) => status,
        Err(error) => {
            let missing = Some(format!("Pacemaker does not answer: {error}"));
            return Look { missing, ..Look::default() };
        }
    };
    Look {
        arrived: arrived(&status, to),
        missing: missing(&status, from, to).or_else(|| unanswered(system, task)),
        failures: failures(&status),
        all_back: missing(&status, to, from).is_none(),
    }
}

/// What does not answer although Pacemaker has started it.
fn unanswered(system: &dyn System, task: &MoveTask) -> Option<String> {
    match slurm::ping(system, LOOK_LIMIT) {
        Ok(Health::Up) => {}
        Ok(_) => return Some("slurmctld does not answer on the VIP".to_owned()),
        Err(error) => return Some(format!("slurmctld could not be asked: {error}")),
    }
    match drbd::status(system, DRBD_RESOURCE, LOOK_LIMIT) {
        Ok(side) => replicates(&side, if task.from_here { Side::Source } else { Side::Target }),
        Err(error) => Some(format!("DRBD could not be asked: {error}")),
    }
}

/// Without the preference everything must stay where it is. One answer that comes too
/// late, on a target that has just started everything, is not a role that went back.
fn stays(system: &dyn System, task: &MoveTask) -> Result<(), String> {
    // A cluster that does not settle in time shows in what is missing.
    let _ = pacemaker::wait_until_settled(system);
    let end = system.elapsed() + STAY_LIMIT;
    while let Some(missing) = look(system, task).missing {
        if system.elapsed() >= end {
            return Err(format!("it did not stay: {missing}"));
        }
        system.sleep(PAUSE);
    }
    Ok(())
}

/// Takes our preference away, and looks whether it is gone. The answer is what
/// is left, with the cure.
fn clear(system: &dyn System) -> Option<String> {
    clear_while(system, &|| true)
}

/// The same, tried again only as long as it is wanted.
fn clear_while(system: &dyn System, is_wanted: &dyn Fn() -> bool) -> Option<String> {
    let preference = preference_id(id::DRBD_CLONE);
    let mut why = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            if !is_wanted() {
                break;
            }
            system.sleep(PAUSE);
        }
        match take_away(system, &preference) {
            Ok(true) => return None,
            Ok(false) => why = "it is still there".to_owned(),
            Err(error) => why = error.to_string(),
        }
    }
    Some(format!(
        "the constraint {preference} could not be taken away ({why}); that of a planned move \
         has no force after {LIFETIME}; to take it away: crm_resource --clear -r {}",
        id::DRBD_CLONE
    ))
}

/// Whether the preference is gone. `crm_resource --clear` would take away with
/// it every ban of the clone that somebody has set, and with that what keeps
/// the role off a machine that must not have it.
fn take_away(system: &dyn System, preference: &str) -> Result<bool, CommandError> {
    let xpath = place(preference);
    if pacemaker::has_element(system, &xpath)? {
        pacemaker::delete_constraint(system, preference, CHANGE_LIMIT)?;
        return Ok(!pacemaker::has_element(system, &xpath)?);
    }
    Ok(true)
}

/// Where a constraint of that id is in Pacemaker's configuration.
fn place(constraint: &str) -> String {
    format!("//rsc_location[@id='{constraint}']")
}

/// A preference or ban that somebody else has set pulls at all that run
/// together: it would make the move end half-way, or is there to prevent it.
fn made_by_hand(system: &dyn System) -> Option<String> {
    match pacemaker::has_element(system, "//rsc_location[starts-with(@id,'cli-')]") {
        Ok(false) => None,
        Ok(true) => Some(
            "somebody has moved or banned a resource by hand; nothing was ordered; to see it: \
             pcs constraint location; to end it: crm_resource --clear -r RESOURCE"
                .to_owned(),
        ),
        Err(error) => Some(format!("Pacemaker's configuration could not be read: {error}")),
    }
}

#[cfg(test)]
mod tests;
