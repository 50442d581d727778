// SPDX-License-Identifier: Apache-2.0
//! Lets the run's requeued jobs start without waiting for their time.

use std::time::Duration;

use slurmha_core::drill::{Hastened, HeldBack, TIME_FORMAT, parse_held_back};
use slurmha_host::{Command, System};

use super::super::protocol::{HastenTask, Reply};

/// Time for one answer of slurmctld.
const LIMIT: Duration = Duration::from_secs(30);

/// Tells of each job what became of it.
pub fn run(system: &dyn System, tell: &dyn Fn(Reply), task: &HastenTask) {
    match held_back(system, task) {
        Ok(jobs) => {
            let is_meant = |job: &HeldBack| {
                let all = task.only.as_ref();
                !task.tried.contains(&job.id) && all.is_none_or(|names| names.contains(&job.name))
            };
            jobs.into_iter().filter(is_meant).for_each(|job| tell(start(system, job)));
        }
        Err(why) => tell(Reply::Trouble(why)),
    }
}

fn held_back(system: &dyn System, task: &HastenTask) -> Result<Vec<HeldBack>, String> {
    let command = Command::new("scontrol")
        .args(["--oneliner", "show", "job"])
        .env("SLURM_TIME_FORMAT", TIME_FORMAT)
        .timeout(LIMIT);
    let output = system.run(&command).and_then(|output| output.success());
    let text = output.map_err(|error| error.to_string())?.text();
    parse_held_back(&text, &task.run, &task.user, system.now()).map_err(|error| error.to_string())
}

/// `StartTime` is the begin time, here that of a job which Slurm has set itself:
/// scontrol sends the client's time, slurmctld sets it for a pending job, and its
/// next round finds the job eligible (22.05: scontrol/update_job.c; job_mgr.c,
/// `_update_job`, `job_independent`). The job's owner, an operator and a
/// coordinator of its account may do that; root is an operator on every machine
/// (proc_req.c, `validate_operator`).
fn start(system: &dyn System, job: HeldBack) -> Reply {
    let HeldBack { id, name, due } = job;
    let at = system.now();
    let id_word = format!("JobId={id}");
    let command = Command::new("scontrol").args(["update", &id_word, "StartTime=now"]);
    match system.run(&command.timeout(LIMIT)).and_then(|output| output.success()) {
        Ok(_) => Reply::Hastened(Hastened { id, name, at, due }),
        Err(error) => Reply::NotHastened { id, why: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use jiff::Timestamp;

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const NOW: i64 = 1_800_000_000;

    fn shown(id: u32, name: &str, reason: &str) -> String {
        format!(
            "JobId={id} JobName={name} UserId=nobody(65534) JobState=PENDING Reason={reason} \
             Restarts=1 SubmitTime={} EligibleTime={}\n",
            NOW - 3,
            NOW + 118
        )
    }

    /// On which Slurm has these jobs and refuses to touch one.
    fn hasten(jobs: &str, refused: &'static str, tried: &[u32]) -> (Vec<Reply>, Vec<String>) {
        hasten_only(None, jobs, refused, tried)
    }

    fn hasten_only(
        only: Option<&str>,
        jobs: &str,
        refused: &'static str,
        tried: &[u32],
    ) -> (Vec<Reply>, Vec<String>) {
        let slurm = (jobs.to_owned(), refused);
        let (machine, _) = TestMachine::in_world(slurm, |(jobs, refused), _, words| match words {
            [_, "show", "job"] => Some((0, jobs.clone())),
            _ => Some((i32::from(words.contains(refused)), String::new())),
        });
        machine.set_date(Timestamp::from_second(NOW).unwrap());
        let told = RefCell::new(Vec::new());
        let task = HastenTask {
            run: "drill1".to_owned(),
            user: "nobody".to_owned(),
            tried: tried.iter().copied().collect(),
            only: only.map(|name| [name.to_owned()].into()),
        };
        run(&machine, &|reply| told.borrow_mut().push(reply), &task);
        (told.into_inner(), machine.ran("scontrol update"))
    }

    #[test]
    fn each_requeued_job_of_the_run_is_let_start_and_nobody_elses() {
        let jobs = [
            shown(7, "drill1-0003", "BeginTime"),
            shown(8, "drill1-0004", "Resources"),
            shown(9, "render", "BeginTime"),
            shown(10, "drill1-0005", "BeginTime"),
        ];
        let (told, ran) = hasten(&jobs.concat(), "", &[]);
        let updates = [7, 10].map(|id| format!("scontrol update JobId={id} StartTime=now"));
        assert_eq!(ran, updates);
        let at = Timestamp::from_second(NOW).unwrap();
        let due = Timestamp::from_second(NOW + 118).unwrap();
        let expected = Hastened { id: 7, name: "drill1-0003".to_owned(), at, due };
        assert!(
            matches!(&told[..], [Reply::Hastened(job), Reply::Hastened(_)] if *job == expected)
        );
    }

    #[test]
    fn what_was_tried_is_not_tried_again() {
        let jobs = [7, 8].map(|id| shown(id, "drill1-0003", "BeginTime")).concat();
        assert_eq!(hasten(&jobs, "", &[7]).1, ["scontrol update JobId=8 StartTime=now"]);
        assert_eq!(hasten(&jobs, "", &[7, 8]).1, [""; 0]);
    }

    #[test]
    fn where_some_are_meant_the_others_wait() {
        let jobs = shown(7, "drill1-0003", "BeginTime") + &shown(8, "drill1-0004", "BeginTime");
        let (_, ran) = hasten_only(Some("drill1-0004"), &jobs, "", &[]);
        assert_eq!(ran, ["scontrol update JobId=8 StartTime=now"]);
    }

    #[test]
    fn what_slurm_refuses_is_told_and_the_next_one_is_let_start() {
        let jobs = [7, 8].map(|id| shown(id, "drill1-0003", "BeginTime")).concat();
        let (told, _) = hasten(&jobs, "JobId=7", &[]);
        let [Reply::NotHastened { id: 7, why }, Reply::Hastened(job)] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(why.contains("scontrol update JobId=7"), "{why}");
        assert_eq!(job.id, 8);
    }

    #[test]
    fn without_an_answer_nothing_is_touched() {
        let (told, ran) = hasten("JobId=7 JobName=drill1-0003 UserId=nobody(1)", "", &[]);
        assert_eq!((told.len(), ran), (0, Vec::new()), "it says nothing of why it waits");
        let short = shown(7, "drill1-0003", "BeginTime").replace(" EligibleTime", " X");
        let (told, ran) = hasten(&short, "", &[]);
        assert!(matches!(&told[..], [Reply::Trouble(_)]) && ran.is_empty(), "{told:?}");
    }
}
