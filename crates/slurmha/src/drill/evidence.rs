// SPDX-License-Identifier: Apache-2.0
//! What was told during a drill and handed over after it, in one.

use std::collections::BTreeMap;

use slurmha_core::drill::{Aftermath, ClockOffset, Evidence, Sample, Stroke, with_kept};
use slurmha_core::site::NodeName;

use super::collect::Gathered;
use super::power::Cut;
use super::preflight::Cast;
use super::run::{Course, Drill};
use super::scene::Scene;

impl Drill<'_> {
    /// Ends what is left of the drill on the way.
    pub(super) fn evidence(
        &self,
        scene: Scene<'_>,
        course: Course,
        gathered: Gathered,
        mut aftermath: Aftermath,
    ) -> Evidence {
        let Scene { run, casts, others, seen, breaker, .. } = scene;
        let given_back = breaker.given_back();
        drop(breaker);
        let strokes = others.strokes();
        drop(others);
        let Cast { victim, survivor, client, .. } = casts.whole.clone();
        let mut told = seen.take();
        // The ledger was on the disk before anything was told: it is right.
        for submission in gathered.ledger {
            told.note_submission(submission);
        }
        aftermath.lacking.extend(told.left);
        let mut troubles = told.troubles;
        troubles.extend(gathered.troubles);
        let mut clocks = gathered.clocks;
        clocks.extend(course.clocks);
        let mut journals = gathered.journals;
        let mut kept = gathered.samples;
        let with_kept = |(machine, told): (NodeName, Vec<Sample>)| {
            let until = clocks.get(&machine).map_or(course.load_stopped, |clock: &ClockOffset| {
                clock.there(course.load_stopped)
            });
            let all = with_kept(told, kept.remove(&machine).unwrap_or_default(), until);
            (machine, all)
        };
        let samples = told.samples.into_iter().map(with_kept).collect();
        let evidence = Evidence {
            run,
            scenario: self.scenario.clone(),
            cluster_name: self.site.cluster_name.clone(),
            victim: victim.clone(),
            survivor: survivor.clone(),
            client,
            cut: course.cut.at,
            cut_confirmed: course.cut.confirmed,
            load_stopped: course.load_stopped,
            clocks,
            submissions: told.submissions.into_values().collect(),
            skipped_submissions: told.skipped,
            probes: told.probes,
            accounting_probes: told.accounting_probes,
            samples,
            marks: gathered.marks,
            scheduler_jobs: gathered.scheduler_jobs,
            accounting_jobs: gathered.accounting_jobs,
            journal: journals.remove(&survivor).unwrap_or_default(),
            victim_journal: journals.remove(&victim).unwrap_or_default(),
            process: told.process,
            taken_back: told.taken_back,
            unfelt: told.unfelt,
            given_back,
            orders: told.orders,
            status_told: told.status_told,
            takeovers: gathered.takeovers,
            aftermath,
            troubles,
            strokes: Vec::new(),
            hastened: told.hastened,
            compared: None,
            boots: BTreeMap::new(),
        };
        with_strokes(evidence, &casts.first, course.cut, strokes)
    }
}

/// Of several faults each tells of itself, the first one, too.
fn with_strokes(mut evidence: Evidence, cast: &Cast, cut: Cut, others: Vec<Stroke>) -> Evidence {
    if others.is_empty() {
        return evidence;
    }
    let first = Stroke {
        fault: evidence.scenario.fault,
        victim: cast.victim.clone(),
        survivor: cast.survivor.clone(),
        at: Ok(cut.at),
        confirmed: Some(cut.confirmed),
        process: evidence.process.take(),
        taken_back: evidence.taken_back.take(),
        unfelt: evidence.unfelt.take(),
    };
    evidence.strokes = [vec![first], others].concat();
    evidence
}
