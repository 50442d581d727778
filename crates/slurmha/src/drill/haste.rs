// SPDX-License-Identifier: Apache-2.0
//! Requeued jobs of the drill need not wait for their time once all is well:
//! two minutes of waiting in which nothing is found out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use slurmha_core::drill::Queued;
use slurmha_core::site::NodeName;

use super::protocol::{HastenTask, Reply};
use super::seen::Seen;

/// Lets each start, once.
pub struct Haste<'a> {
    /// Whether the cluster is as healthy as before. Until then what Slurm does by
    /// itself is what is looked at, and only what users requeued is touched.
    pub is_well: &'a AtomicBool,
    /// Names of the jobs that have themselves requeued.
    pub by_users: BTreeSet<String>,
    /// The machine from which that is done.
    pub client: &'a NodeName,
    /// Has it done there.
    pub ask: &'a dyn Fn(HastenTask) -> Result<Vec<Reply>, String>,
    /// Where what was done is noted.
    pub seen: &'a Seen,
    /// Where to say what happens.
    pub say: &'a dyn Fn(&str),
    /// Whose jobs, and which were tried.
    pub task: HastenTask,
    /// What was said last of why nothing could be asked.
    pub trouble: String,
}

impl Haste<'_> {
    /// After a look at the queue. What does not succeed costs nothing but time:
    /// Slurm lets the jobs start by itself.
    pub fn look(&mut self, queued: Queued) {
        let is_well = self.is_well.load(Ordering::SeqCst);
        if queued.held_back == 0 || !is_well && self.by_users.is_empty() {
            return;
        }
        let only = (!is_well).then(|| self.by_users.clone());
        match (self.ask)(HastenTask { only, ..self.task.clone() }) {
            Ok(replies) => replies.into_iter().for_each(|reply| self.note(reply)),
            Err(why) => self.complain(why),
        }
    }

    fn note(&mut self, reply: Reply) {
        match &reply {
            Reply::Hastened(job) => {
                self.task.tried.insert(job.id);
                (self.say)(&job.news());
            }
            Reply::NotHastened { id, why } => {
                self.task.tried.insert(*id);
                (self.say)(&format!("job {id} was requeued and waits for its time: {why}"));
            }
            Reply::Trouble(why) => return self.complain(why.clone()),
            _ => return,
        }
        self.seen.note(self.client, reply);
    }

    /// Once for what is said again at each look.
    fn complain(&mut self, why: String) {
        if self.trouble != why {
            (self.say)(&format!("requeued jobs wait for their time: {why}"));
            self.trouble = why;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use jiff::Timestamp;
    use slurmha_core::drill::Hastened;

    use super::*;

    const HELD: Queued = Queued { jobs: 3, held_back: 2 };

    /// On the other end, job 7 may start and job 8 may not.
    fn answer(task: &HastenTask) -> Vec<Reply> {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let due = Timestamp::from_second(1_800_000_090).unwrap();
        let name = "drill1-0003".to_owned();
        let seven = Reply::Hastened(Hastened { id: 7, name, at, due });
        let eight = Reply::NotHastened { id: 8, why: "no".to_owned() };
        let both = [(7, seven), (8, eight)].into_iter();
        both.filter(|(id, _)| !task.tried.contains(id)).map(|(_, reply)| reply).collect()
    }

    /// What was asked for, said and noted.
    fn played(
        look: impl FnOnce(&mut Haste<'_>),
        is_well: bool,
        ask: &dyn Fn(&HastenTask) -> Result<Vec<Reply>, String>,
    ) -> (usize, Vec<String>, Vec<Hastened>) {
        let (is_well, seen, client) = (AtomicBool::new(is_well), Seen::default(), "login1".into());
        let (asked, said) = (Cell::new(0), RefCell::new(Vec::new()));
        let mut haste = Haste {
            is_well: &is_well,
            by_users: BTreeSet::new(),
            client: &client,
            ask: &|task| {
                asked.set(asked.get() + 1);
                ask(&task)
            },
            seen: &seen,
            say: &|text| said.borrow_mut().push(text.to_owned()),
            task: HastenTask::default(),
            trouble: String::new(),
        };
        look(&mut haste);
        (asked.get(), said.into_inner(), seen.take().hastened)
    }

    #[test]
    fn nothing_is_touched_before_all_is_well_or_where_nothing_waits() {
        let ask = |task: &HastenTask| Ok(answer(task));
        assert_eq!(played(|haste| haste.look(HELD), false, &ask).0, 0);
        let running = Queued { jobs: 3, held_back: 0 };
        assert_eq!(played(|haste| haste.look(running), true, &ask).0, 0);
        let becomes_well = |haste: &mut Haste<'_>| {
            haste.look(HELD);
            haste.is_well.store(true, Ordering::SeqCst);
            haste.look(HELD);
        };
        assert_eq!(played(becomes_well, false, &ask).0, 1);
    }

    #[test]
    fn what_a_user_has_requeued_does_not_wait_until_all_is_well() {
        let meant = RefCell::new(Vec::new());
        let ask = |task: &HastenTask| {
            meant.borrow_mut().push(task.only.clone());
            Ok(Vec::new())
        };
        let own = |haste: &mut Haste<'_>| {
            haste.by_users = ["drill1-0011".to_owned()].into();
            haste.look(HELD);
            haste.is_well.store(true, Ordering::SeqCst);
            haste.look(HELD);
        };
        played(own, false, &ask);
        assert_eq!(meant.into_inner(), [Some(["drill1-0011".to_owned()].into()), None]);
    }

    #[test]
    fn each_job_is_tried_once_and_told() {
        let twice = |haste: &mut Haste<'_>| {
            haste.look(HELD);
            haste.look(HELD);
        };
        let (_, said, noted) = played(twice, true, &|task| Ok(answer(task)));
        assert_eq!(
            said,
            [
                "job 7 was requeued; the drill lets it start now instead of 90 s later",
                "job 8 was requeued and waits for its time: no",
            ]
        );
        assert_eq!(noted.iter().map(|job| job.id).collect::<Vec<_>>(), [7]);
    }

    /// It is no trouble with the drill either: the jobs end all the same.
    #[test]
    fn what_cannot_be_asked_is_said_once_and_asked_again() {
        let three_times = |haste: &mut Haste<'_>| (0..3).for_each(|_| haste.look(HELD));
        let (asked, said, _) = played(three_times, true, &|_| Err("no route".to_owned()));
        assert_eq!((asked, said.len()), (3, 1), "{said:?}");
        let trouble = |_: &HastenTask| Ok(vec![Reply::Trouble("no slurmctld".to_owned())]);
        let (asked, said, _) = played(three_times, true, &trouble);
        assert_eq!((asked, said.len()), (3, 1), "{said:?}");
    }
}
