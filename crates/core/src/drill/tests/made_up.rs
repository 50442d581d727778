// SPDX-License-Identifier: Apache-2.0
//! Evidence of a drill that never happened.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::drill::*;
use crate::observe::{JobRecord, Reading};
use crate::site::NodeName;
use crate::state_save::{RepairedJob, Takeover};

/// A moment in seconds after the cut.
pub fn at(after_cut_s: f64) -> Timestamp {
    let micros = 1_800_000_000_000_000.0 + after_cut_s * 1_000_000.0;
    Timestamp::from_microsecond(micros as i64).unwrap()
}

/// A submission that was acknowledged, and what became of the job.
pub struct Job {
    pub number: u32,
    pub id: u32,
    pub acknowledged: f64,
    /// Whether the scheduler and the accounting know it in the end.
    pub known: bool,
    pub state: &'static str,
    pub ran: bool,
    pub runs: Vec<(f64, f64)>,
}

/// A job that ran a second after it was acknowledged and completed.
pub fn job(number: u32, acknowledged: f64) -> Job {
    let run = (acknowledged + 1.0, acknowledged + 1.5);
    Job {
        number,
        id: number,
        acknowledged,
        known: true,
        state: "COMPLETED",
        ran: true,
        runs: vec![run],
    }
}

pub fn record(number: u32, state: &str) -> JobRecord {
    JobRecord {
        id: number,
        name: name(number),
        array_tasks: Vec::new(),
        state: state.to_owned(),
        restarts: None,
        reason: String::new(),
        started: None,
        ended: None,
    }
}

fn name(number: u32) -> String {
    format!("r-{number:04}")
}

pub fn sample(after_cut_s: f64, active: bool) -> Sample {
    let role = if active { "Primary" } else { "Secondary" };
    Sample {
        at: at(after_cut_s),
        state: ControllerState {
            drbd_role: Some(role.to_owned()),
            state_mounted: Some(active),
            database_mounted: Some(active),
            slurmctld: Some(active),
            slurmdbd: Some(active),
            mariadbd: Some(active),
            vip: Some(active),
            state_saved: active.then(|| at(-3.0)),
        },
    }
}

pub fn message(after_cut_s: f64, source: &str, text: &str) -> JournalEntry {
    JournalEntry {
        at: at(after_cut_s),
        source: source.to_owned(),
        message: format!(" notice: {text}"),
    }
}

fn marks(job: &Job) -> impl Iterator<Item = Mark> {
    let mark = |kind, time| Mark {
        name: name(job.number),
        id: job.id,
        restart: 0,
        kind,
        at: at(time),
        said: None,
    };
    let runs = if job.ran { job.runs.as_slice() } else { &[] };
    runs.iter()
        .flat_map(move |&(start, end)| [mark(MarkKind::Start, start), mark(MarkKind::End, end)])
}

/// A drill in which service was away from the cut until 30 s after it.
pub fn evidence(jobs: Vec<Job>) -> Evidence {
    let probes = (-40..240).map(|i| f64::from(i) * 0.25).map(|sent| Probe {
        sent: at(sent),
        ended: at(sent + 0.25),
        answered: !(-0.3..30.0).contains(&sent),
    });
    let known = jobs
        .iter()
        .filter(|job| job.known)
        .map(|job| JobRecord { id: job.id, ..record(job.number, job.state) });
    let known = Reading::Known(known.collect::<Vec<_>>());
    Evidence {
        run: "r".to_owned(),
        scenario: Scenario::new(Fault::PowerLoss(Side::Active)),
        cluster_name: "lab".to_owned(),
        victim: "ctl1".into(),
        survivor: "ctl2".into(),
        client: "login1".into(),
        cut: at(0.0),
        cut_confirmed: at(0.1),
        load_stopped: at(60.0),
        clocks: BTreeMap::new(),
        submissions: jobs
            .iter()
            .map(|job| Submission {
                answer: Some(Answer { at: at(job.acknowledged), result: Ok(job.id) }),
                ..Submission::begun(&name(job.number), at(job.acknowledged - 0.5))
            })
            .collect(),
        skipped_submissions: 0,
        probes: probes.collect(),
        accounting_probes: Vec::new(),
        samples: BTreeMap::from([
            (NodeName::from("ctl1"), vec![sample(-10.0, true), sample(-0.1, true)]),
            (
                NodeName::from("ctl2"),
                vec![
                    sample(-10.0, false),
                    sample(9.0, false),
                    sample(28.0, true),
                    sample(60.0, true),
                ],
            ),
        ]),
        marks: BTreeMap::from([(
            NodeName::from("cn1"),
            Reading::Known(jobs.iter().flat_map(marks).collect()),
        )]),
        scheduler_jobs: known.clone(),
        accounting_jobs: known,
        journal: Reading::Known(journal()),
        takeovers: BTreeMap::new(),
        victim_journal: Reading::default(),
        process: None,
        taken_back: None,
        unfelt: None,
        given_back: None,
        orders: Vec::new(),
        status_told: None,
        strokes: Vec::new(),
        hastened: Vec::new(),
        compared: None,
        boots: BTreeMap::new(),
        aftermath: Aftermath {
            powered_on: true,
            rejoined_after_s: Some(95.0),
            lacking: Vec::new(),
            kept_down: false,
        },
        troubles: Vec::new(),
    }
}

fn journal() -> Vec<JournalEntry> {
    let controld = |time, text| message(time, "pacemaker-controld", text);
    vec![
        // An old start of the same resource, long before the cut.
        controld(-900.0, "Initiating start operation vip_start_0 locally on ctl2"),
        controld(5.5, "Node ctl1 state is now lost"),
        controld(5.7, "Requesting fencing (off) of node ctl1"),
        message(5.8, "pacemaker-fenced", "Requesting peer fencing (off) targeting ctl1"),
        controld(
            8.25,
            "Peer ctl1 was terminated (off) by ctl2 on behalf of pacemaker-controld.712@ctl2: OK",
        ),
        controld(8.5, "Initiating promote operation drbd_promote_0 locally on ctl2"),
        controld(9.5, "Result of promote operation for drbd on ctl2: ok"),
        controld(9.6, "Initiating start operation state_start_0 locally on ctl2"),
        controld(9.6, "Initiating start operation vip_start_0 locally on ctl2"),
        controld(10.4, "Result of start operation for state on ctl2: ok"),
        controld(10.6, "Result of start operation for vip on ctl2: ok"),
        controld(10.7, "Initiating start operation mariadb_start_0 locally on ctl2"),
        controld(10.7, "Initiating start operation slurmctld_start_0 locally on ctl2"),
        controld(13.0, "Result of start operation for slurmctld on ctl2: ok"),
        controld(17.0, "Result of start operation for mariadb on ctl2: ok"),
        controld(17.1, "Initiating start operation slurmdbd_start_0 locally on ctl2"),
        controld(20.0, "Result of start operation for slurmdbd on ctl2: ok"),
    ]
}

/// A drill in which a bit of everything happened, and nothing too bad.
pub fn eventful() -> Evidence {
    let mut seen = evidence(vec![
        job(1, -10.0),
        job(2, -9.0),
        Job { runs: vec![(-5.5, -5.0), (31.0, 31.5)], ..job(3, -6.0) },
        Job { known: false, ran: false, ..job(4, -2.0) },
        Job { known: false, ..job(5, -1.0) },
        Job { id: 20_007, ..job(7, 30.5) },
        job(8, 31.0),
    ]);
    seen.submissions.push(Submission {
        answer: Some(Answer {
            at: at(29.0),
            result: Err("sbatch: error: Batch job submission failed: Unable to contact slurm \
                         controller (connect failure)"
                .to_owned()),
        }),
        ..Submission::begun(&name(6), at(0.5))
    });
    seen.submissions.push(Submission::begun(&name(9), at(59.0)));
    seen.skipped_submissions = 3;
    seen.takeovers.insert("ctl2".into(), takeover());
    seen
}

fn takeover() -> Takeover {
    Takeover {
        machine: "ctl2".to_owned(),
        at: at(12.0),
        saved: Some(at(-3.0)),
        saved_state_age_s: Some(15.0),
        next_id: Some(4),
        raised_id: Some(20_006),
        known_by_directory: vec![4, 5],
        repaired: vec![RepairedJob { id: 2, file: "script".to_owned() }],
        kept_in: Some("/srv/slurmha/state/takeovers/20270115T080012Z".to_owned()),
        started_again: vec!["3".to_owned()],
        killed_as_orphans: vec!["5".to_owned()],
        released: vec![3],
        resumed: vec!["cn1".to_owned()],
        held_s: Some(4.2),
        troubles: Vec::new(),
    }
}
