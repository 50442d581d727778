// SPDX-License-Identifier: Apache-2.0
//! `slurmha apply`: the cluster, or the difference.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use slurmha_core::plan::{Plan, explain, notes};

use crate::apply::lock::{self, Lock};
use crate::apply::run::{self as steps, Done};
use crate::apply::survey::{self, Accepted, Survey};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha apply site.toml           show the plan, ask, do it
  slurmha apply site.toml --yes     do it without asking

A second run changes nothing. A run that was interrupted is completed by the
next one. Nothing that carries foreign data is ever formatted. What somebody has
set in Pacemaker by hand (a resource that is unmanaged or disabled, maintenance,
standby) stays as it is, and is named. A node or a partition with jobs goes with
--end-jobs alone.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    accepted: Accepted,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// As whom others are told of it.
const WHAT: &str = "an apply";
/// A run that was killed a moment ago lets go once its connection is closed.
const LOCK_ATTEMPTS: u32 = 6;
const LOCK_PAUSE: Duration = Duration::from_secs(2);

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let progress = Progress::new(false);
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let job = Job { file: &file, accepted: args.accepted, fleet: &fleet, progress: &progress };
    if args.yes { job.at_once(LOCK_PAUSE) } else { job.after_a_question() }
}

/// One run, whether somebody is asked or not.
struct Job<'a> {
    file: &'a SiteFile,
    accepted: Accepted,
    fleet: &'a Fleet,
    progress: &'a Progress,
}

impl Job<'_> {
    /// Looks when nobody else can change anything any more: the plan is as new
    /// as can be.
    fn at_once(&self, pause: Duration) -> Result<(), Failure> {
        let mut lock = self.lock_soon(pause)?;
        // Who was revoked since the file was read would be let in again.
        self.file.is_unchanged()?;
        let mut survey = self.look()?;
        if let Some(left) = &survey.plan.left {
            self.progress.stage(&format!("left for a second look: {left}"));
            self.do_steps(&survey, &mut lock)?;
            survey = self.look()?;
        }
        self.carry_out(&survey, &mut lock)
    }

    /// Nobody else is kept out while the plan is read. It may be old by the
    /// time somebody has agreed to it, so the machines are looked at again.
    fn after_a_question(&self) -> Result<(), Failure> {
        let shown = self.look()?;
        if shown.plan.is_empty() {
            return nothing_to_do(&shown);
        }
        stdout::print(&explain(&shown.plan, true))?;
        agree("Do this?")?;
        self.as_agreed(&shown)
    }

    fn as_agreed(&self, shown: &Survey) -> Result<(), Failure> {
        let mut lock = lock::take(self.fleet, &self.file.site, WHAT)?;
        self.file.is_unchanged()?;
        let now = self.look()?;
        match not_agreed(&shown.plan, &now.plan) {
            Some(refusal) => Err(refusal),
            None => self.carry_out(&now, &mut lock),
        }
    }

    fn lock_soon(&self, pause: Duration) -> Result<Lock, Failure> {
        let mut lock = lock::reach_and_take(self.fleet, &self.file.site, WHAT);
        for _ in 1..LOCK_ATTEMPTS {
            if lock.as_ref().err().is_some_and(Failure::is_refusal) {
                std::thread::sleep(pause);
                lock = lock::take(self.fleet, &self.file.site, WHAT);
            }
        }
        lock
    }

    fn look(&self) -> Result<Survey, Failure> {
        let survey = survey::take(self.file, self.accepted, self.fleet, self.progress)?;
        survey.refusal().map_or(Ok(survey), Err)
    }

    fn do_steps(&self, survey: &Survey, lock: &mut Lock) -> Result<Done, Failure> {
        let mut is_alone = || lock.renew(self.fleet, &self.file.site);
        let (plan, given) = (&survey.plan, &survey.given);
        steps::run(plan, given, self.fleet, self.progress, &mut is_alone)
    }

    fn carry_out(&self, survey: &Survey, lock: &mut Lock) -> Result<(), Failure> {
        if survey.plan.is_empty() {
            return nothing_to_do(survey);
        }
        let plan = &survey.plan;
        let outcome = self.do_steps(survey, lock)?;
        stdout::print(&notes(plan))?;
        stdout::line(format_args!(
            "{} changes on {} machines in {} s",
            outcome.changed,
            survey.machines,
            self.progress.elapsed().as_secs()
        ))?;
        left_over(plan)
    }
}

fn nothing_to_do(survey: &Survey) -> Result<(), Failure> {
    stdout::print(&notes(&survey.plan))?;
    stdout::line(format_args!("nothing to change on {} machines", survey.machines))?;
    left_over(&survey.plan)
}

/// Somebody has agreed to one plan, and another one is due: what is only in
/// that was never read. What has been done meanwhile, or cannot be done for
/// now, is no reason to stop.
fn not_agreed(shown: &Plan, now: &Plan) -> Option<Failure> {
    let news = now.beyond(shown);
    if news.is_empty() {
        return None;
    }
    let text = explain(&news, false);
    let message = format!(
        "the machines have changed since the plan was shown, and nothing was changed now; new \
         would be:\n{}",
        text.trim_end()
    );
    Some(Failure::refused(message).hint("`slurmha apply` again shows the plan as it is now"))
}

/// Machines that did not answer are no success, though all others are done;
/// nor is what the next run has to decide.
fn left_over(plan: &Plan) -> Result<(), Failure> {
    if let Some(left) = &plan.left {
        return Err(Failure::remote(format!("left for a second run: {left}"))
            .hint("run `slurmha apply` again: it goes on from here"));
    }
    if plan.skipped.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = plan.skipped.iter().map(|name| name.as_str()).collect();
    Err(Failure::remote(format!("left for a later run, no answer: {}", names.join(", ")))
        .hint("run `slurmha apply` again once they are up"))
}

/// Asks on the terminal, beside the result, which may go elsewhere; takes anything but
/// yes for no.
pub fn agree(question: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on").hint("add --yes to go on"));
    }
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was changed")),
    }
}

#[cfg(test)]
mod tests {
    use slurmha_core::plan::{PlannedStep, Stage, StagePlan, Step};

    use super::*;
    use crate::test_fleet::fleet;

    const LAB: &str = include_str!("../../../../examples/lab/site.toml");

    fn start(unit: &str) -> PlannedStep {
        Step::StartUnit { unit: unit.to_owned() }.into()
    }

    fn plan(machine: &str, steps: Vec<PlannedStep>) -> Plan {
        let machines = vec![(machine.into(), steps)];
        Plan { stages: vec![StagePlan { stage: Stage::Base, machines }], ..Plan::default() }
    }

    #[test]
    fn what_was_done_while_somebody_read_the_plan_is_no_news() {
        let shown = plan("ctl1", vec![start("a"), start("b")]);
        assert!(not_agreed(&shown, &shown).is_none());
        assert!(not_agreed(&shown, &plan("ctl1", vec![start("b")])).is_none());
        assert!(not_agreed(&shown, &Plan::default()).is_none());
    }

    #[test]
    fn what_nobody_has_read_is_not_done() {
        let shown = plan("ctl1", vec![start("a")]);
        let refusal = not_agreed(&shown, &plan("ctl2", vec![start("a")])).expect("a refusal");
        assert!(refusal.is_refusal());
        assert!(
            refusal.message().contains("ctl2                 start a"),
            "{}",
            refusal.message()
        );
        assert!(not_agreed(&shown, &plan("ctl1", vec![start("a"), start("b")])).is_some());
        // The same file with another difference: somebody else has written it.
        let mut other = start("a");
        other.diff = Some("-old\n+new\n".to_owned());
        assert!(not_agreed(&shown, &plan("ctl1", vec![other])).is_some());
    }

    fn site_file() -> (tempfile::TempDir, SiteFile) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.toml");
        std::fs::write(&path, LAB).expect("written");
        (directory, SiteFile::load(&path).expect("a valid site file"))
    }

    fn job<'a>(file: &'a SiteFile, fleet: &'a Fleet, progress: &'a Progress) -> Job<'a> {
        Job { file, accepted: Accepted::default(), fleet, progress }
    }

    #[test]
    fn who_is_not_asked_looks_at_the_machines_only_with_the_lock() {
        let (_home, file) = site_file();
        let (directory, fleet) =
            fleet("read who; echo >>asked; echo 'taken by an apply by anna@admin, process 7'");
        let progress = Progress::new(true);
        let job = job(&file, &fleet, &progress);
        let failure = job.at_once(Duration::ZERO).expect_err("anna has the lock");
        assert!(failure.message().contains("anna@admin"), "{}", failure.message());
        let asked = std::fs::read_to_string(directory.path().join("asked")).expect("asked");
        assert_eq!(asked.lines().count(), LOCK_ATTEMPTS as usize);
    }

    /// The devices that the plan was made for are gone by the time of the answer.
    #[test]
    fn a_plan_that_somebody_has_read_is_made_again_with_the_lock() {
        let (_home, file) = site_file();
        let script = "case \"$*\" in *hold-lock*) read who; echo held; cat >/dev/null;; *) echo \
                      >acted;; esac";
        let (directory, fleet) = fleet(script);
        let progress = Progress::new(true);
        let job = job(&file, &fleet, &progress);
        let shown = Survey { plan: plan("ctl1", vec![start("a")]), given: [].into(), machines: 5 };
        let failure = job.as_agreed(&shown).expect_err("the machines are others now");
        assert!(failure.is_refusal(), "{}", failure.message());
        assert!(!directory.path().join("acted").exists());
    }
}
