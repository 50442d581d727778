// SPDX-License-Identifier: Apache-2.0
//! The actions, on a controller that asks itself.

use std::cell::RefCell;
use std::time::Duration;

use slurmha_core::console::action::{Action, Outcome, refusal};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::Status;
use slurmha_core::switchover::View;
use slurmha_host::System;
use slurmha_host::program::pacemaker;

use crate::drill::node::mover::{self, Operator};
use crate::drill::protocol::{MoveTask, Moved, Reply};
use crate::failure::Failure;
use crate::switchover;

/// The longest that a move may take, as on the command line.
const LIMIT: Duration = Duration::from_secs(600);

/// What gave no answer is asked again for so long.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_secs(2);

/// What an action is done with.
pub struct Hands<'a, L> {
    pub system: &'a dyn System,
    pub site: &'a Site,
    /// This controller.
    pub own: NodeName,
    /// Looks at the cluster from here.
    pub look: &'a dyn Fn() -> Status,
    /// Keeps everybody else from changing something, as long as it is held.
    pub lock: &'a dyn Fn() -> Result<L, Failure>,
    /// Says what has been reached.
    pub tell: &'a dyn Fn(String),
    /// Whether nobody wants it any more.
    pub has_left: &'a dyn Fn() -> bool,
}

impl<L> Hands<'_, L> {
    /// Does it, or says why not.
    pub fn act(&self, action: &Action) -> Outcome {
        match self.attempt(action) {
            Ok(text) => Outcome { code: 0, text, next: Vec::new() },
            Err(failure) => failure.outcome(),
        }
    }

    fn attempt(&self, action: &Action) -> Result<String, Failure> {
        if !action.is_allowed(self.site) {
            return Err(Failure::refused(format!(
                "the site file does not allow the console a {}",
                action.kind().as_str()
            ))
            .hint("`actions` of [console] in the site file, then slurmha apply"));
        }
        let _lock = (self.lock)()?;
        (self.tell)("is it safe?".to_owned());
        let status = self.look_patiently();
        if let Some(refusal) = refusal(self.site, &status, View::Own(&self.own), action) {
            return Err(refusal.next.iter().fold(Failure::refused(refusal.text), Failure::hint));
        }
        if (self.has_left)() {
            return Err(Failure::refused("nobody waits for it any more; nothing was done"));
        }
        match action {
            Action::Switchover(to) => {
                // Without an active one it was refused.
                let from = status.active.ok_or_else(|| Failure::refused("nothing is active"))?;
                self.switchover(from, to)
            }
            Action::Standby(name) => {
                self.standby(name, true)?;
                Ok(format!("{name} is set aside; nothing can move to it until it is taken back"))
            }
            Action::Unstandby(name) => {
                self.standby(name, false)?;
                Ok(format!("{name} takes part again"))
            }
        }
    }

    fn look_patiently(&self) -> Status {
        let end = self.system.elapsed() + PATIENCE;
        loop {
            let status = (self.look)();
            if !status.is_undecided() || self.system.elapsed() > end {
                return status;
            }
            self.system.sleep(PAUSE);
        }
    }

    fn switchover(&self, from: NodeName, to: &NodeName) -> Result<String, Failure> {
        let ended: RefCell<Option<Result<Moved, String>>> = RefCell::new(None);
        let here = self.own == from;
        let hear = |reply| match reply {
            Reply::Struck(_) => (self.tell)(format!("{from}: the active role has to leave")),
            Reply::MoveStep(text) => (self.tell)(format!("{to}: {text}")),
            Reply::Moved(moved) => *ended.borrow_mut() = Some(Ok(moved)),
            Reply::Unharmed(why) => *ended.borrow_mut() = Some(Err(why)),
            _ => {}
        };
        let (from_here, is_left) = (here, false);
        let task =
            MoveTask { from: from.clone(), to: to.clone(), limit: LIMIT, from_here, is_left };
        let operator = Operator { tell: &hear, has_left: self.has_left };
        mover::run(self.system, &operator, &task);
        match ended.into_inner() {
            Some(Ok(moved)) => switchover::judge(to, moved).map(|_| format!("all runs on {to}")),
            Some(Err(why)) => Err(Failure::refused(why)),
            None => Err(Failure::internal("the move ended without a word")),
        }
    }

    fn standby(&self, name: &NodeName, aside: bool) -> Result<(), Failure> {
        let set = pacemaker::set_standby(self.system, name.as_str(), aside);
        set.map_err(|error| {
            Failure::remote(format!("Pacemaker did not take the order: {error}"))
                .hint("crm_mon -1 tells how it is")
        })?;
        (self.tell)(format!("{name}: Pacemaker has the order"));
        // It goes on by itself; what does not settle in time is in the page.
        if pacemaker::wait_until_settled(self.system).is_err() {
            (self.tell)("Pacemaker is still busy with it".to_owned());
        }
        Ok(())
    }
}
