// SPDX-License-Identifier: Apache-2.0
//! What each fault demands, from made-up evidence.

use super::made_up::{Job, at, evidence, job, message, record, sample};
use crate::drill::*;
use crate::observe::Reading;
use crate::site::NodeName;

const KILL_SLURMCTLD: Fault = Fault::Process(Side::Active, Daemon::Slurmctld, FaultSignal::Kill);
const KILL_SLURMDBD: Fault = Fault::Process(Side::Active, Daemon::Slurmdbd, FaultSignal::Kill);
const KILL_MARIADB: Fault = Fault::Process(Side::Active, Daemon::Mariadb, FaultSignal::Kill);
const FREEZE_SLURMCTLD: Fault =
    Fault::Process(Side::Active, Daemon::Slurmctld, FaultSignal::Freeze);

/// Nobody was away, both controllers were watched, ctl1 was active throughout.
pub(super) fn undisturbed(fault: Fault, jobs: Vec<Job>) -> Evidence {
    let mut seen = evidence(jobs);
    seen.scenario = Scenario::new(fault);
    seen.load_stopped = at(5.0);
    seen.probes.iter_mut().for_each(|probe| probe.answered = true);
    let watched = |active| [-10.0, -0.2, 1.0, 60.0].map(|time| sample(time, active)).to_vec();
    seen.samples =
        [(seen.victim.clone(), watched(true)), (seen.survivor.clone(), watched(false))].into();
    seen.journal = Reading::Known(Vec::new());
    seen.victim_journal = Reading::Known(Vec::new());
    seen.aftermath = Aftermath { powered_on: true, ..Aftermath::default() };
    seen
}

/// A daemon was killed and started again where it was.
fn killed(fault: Fault, jobs: Vec<Job>) -> Evidence {
    let Fault::Process(_, daemon, _) = fault else { panic!("{fault:?} hits no process") };
    let daemon = daemon.resource().unwrap();
    let mut seen = undisturbed(fault, jobs);
    seen.process = Some(ProcessFate {
        pid: 700,
        restarted: Some(at(1.4)),
        answered: Some(at(1.9)),
        thawed: false,
    });
    // The DC is ctl2: it orders, ctl1 tells the results.
    seen.victim_journal = Reading::Known(vec![
        message(
            0.3,
            "pacemaker-controld",
            &format!(
                "Result of monitor operation for {daemon} on ctl1: not running ({daemon} has failed)"
            ),
        ),
        message(
            0.9,
            "pacemaker-controld",
            &format!("Result of stop operation for {daemon} on ctl1: ok"),
        ),
        message(
            2.0,
            "pacemaker-controld",
            &format!("Result of start operation for {daemon} on ctl1: ok"),
        ),
    ]);
    seen.journal = Reading::Known(vec![
        message(
            0.5,
            "pacemaker-controld",
            &format!("Initiating stop operation {daemon}_stop_0 on ctl1"),
        ),
        message(
            1.0,
            "pacemaker-controld",
            &format!("Initiating start operation {daemon}_start_0 on ctl1"),
        ),
    ]);
    if daemon == "slurmctld" {
        seen.probes
            .iter_mut()
            .filter(|p| p.sent > at(-0.1) && p.sent < at(2.0))
            .for_each(|p| p.answered = false);
    }
    seen
}

pub(super) fn moved(jobs: Vec<Job>) -> Evidence {
    let mut seen = undisturbed(Fault::Switchover, jobs);
    let samples = |until: f64, from: f64| {
        [-10.0, -0.2, 3.0, 6.0, 12.0, 60.0].map(|t| sample(t, t < until || t > from)).to_vec()
    };
    seen.samples =
        [(seen.victim.clone(), samples(5.0, 99.0)), (seen.survivor.clone(), samples(-99.0, 10.0))]
            .into();
    let controld = |time, text: &str| message(time, "pacemaker-controld", text);
    let mut old = Vec::new();
    let mut new = Vec::new();
    for (order, result, name) in [
        (0.4, 2.0, "slurmctld"),
        (2.1, 2.4, "state"),
        (2.1, 2.5, "vip"),
        (2.1, 3.0, "slurmdbd"),
        (3.1, 4.0, "mariadb"),
        (4.1, 4.4, "database"),
    ] {
        new.push(controld(order, &format!("Initiating stop operation {name}_stop_0 on ctl1")));
        old.push(controld(result, &format!("Result of stop operation for {name} on ctl1: ok")));
    }
    new.push(controld(4.5, "Initiating demote operation drbd_demote_0 on ctl1"));
    old.push(controld(5.0, "Result of demote operation for drbd on ctl1: ok"));
    new.push(controld(6.0, "Initiating promote operation drbd_promote_0 locally on ctl2"));
    new.push(controld(6.5, "Result of promote operation for drbd on ctl2: ok"));
    seen.journal = Reading::Known(new);
    seen.victim_journal = Reading::Known(old);
    seen
}

pub(super) fn both() -> Vec<Job> {
    vec![job(1, -10.0), job(2, -2.0), job(3, 4.0)]
}

pub(super) fn lost() -> Vec<Job> {
    vec![job(1, -10.0), Job { known: false, ran: false, ..job(2, -2.0) }, job(3, 4.0)]
}

pub(super) fn reasons(seen: &Evidence) -> (Verdict, Vec<String>) {
    let report = analyse(seen);
    (report.verdict, report.reasons)
}

#[test]
fn a_killed_slurmctld_is_back_where_it_was() {
    let report = analyse(&killed(KILL_SLURMCTLD, both()));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    let times = |phase| (report.phases[&phase].start_s, report.phases[&phase].end_s);
    assert_eq!(times(Phase::Notice), (Some(0.0), Some(0.3)));
    assert_eq!(times(Phase::Restart), (Some(0.5), Some(2.0)));
    assert_eq!(times(Phase::Answer), (Some(2.0), Some(2.25)));
    assert_eq!(report.phases.len(), 3);
    assert_eq!(report.saved_state_age_s, Some(3.0));
    assert_eq!(report.writers_max, Some(1));
}

#[test]
fn a_killed_slurmctld_may_lose_what_it_had_not_saved() {
    let (verdict, why) = reasons(&killed(KILL_SLURMCTLD, lost()));
    assert_eq!(verdict, Verdict::PassWithLoss);
    assert_eq!(why, ["1 job acknowledged and not yet saved by Slurm when slurmctld ended"]);
    // The new one had taken over by then.
    let late = vec![job(1, -10.0), Job { known: false, ..job(2, 1.6) }, job(3, 4.0)];
    assert_eq!(reasons(&killed(KILL_SLURMCTLD, late)).0, Verdict::Fail);
}

/// Pacemaker's order is missing when somebody else brought it back.
#[test]
fn a_daemon_that_came_back_without_pacemaker_is_told() {
    let mut seen = killed(KILL_MARIADB, both());
    seen.journal = Reading::Known(Vec::new());
    seen.victim_journal = Reading::Known(Vec::new());
    let report = analyse(&seen);
    let notice = &report.phases[&Phase::Notice];
    assert_eq!(notice.end_s, Some(1.4));
    assert_eq!(notice.message.as_deref(), Some("MariaDB was back before Pacemaker knew"));
    let restart = &report.phases[&Phase::Restart];
    assert_eq!((restart.start_s, restart.end_s), (Some(1.4), Some(1.9)));
}

#[test]
fn the_accounting_has_the_times_at_which_a_job_ran() {
    let accounted = |started: f64, ended: f64| {
        let mut seen = killed(KILL_SLURMDBD, both());
        let Reading::Known(records) = &mut seen.accounting_jobs else { panic!("known") };
        let record = records.iter_mut().find(|it| it.name == "r-0002").unwrap();
        (record.started, record.ended) = (Some(at(started)), Some(at(ended)));
        reasons(&seen).1
    };
    let Reading::Known(marks) = &killed(KILL_SLURMDBD, both()).marks[&"cn1".into()] else {
        panic!("known")
    };
    let of_job = |kind| marks.iter().find(|it| it.name == "r-0002" && it.kind == kind).unwrap().at;
    let after = |kind| of_job(kind).duration_since(at(0.0)).as_secs_f64();
    let (began, ended) = (after(MarkKind::Start), after(MarkKind::End));
    assert_eq!(accounted(began - 1.0, ended + 20.0), [""; 0], "it was heard of late");
    for (started, ended) in [(began + 3.0, ended + 4.0), (began, ended - 3.0)] {
        let why = accounted(started, ended);
        assert_eq!(why, ["1 job ran outside of the time that the accounting has: r-0002"]);
    }
}

#[test]
fn no_client_sees_the_death_of_what_is_behind_the_scheduler() {
    for fault in [KILL_SLURMDBD, KILL_MARIADB] {
        assert_eq!(reasons(&killed(fault, both())), (Verdict::Pass, Vec::new()));
        let mut refused = killed(fault, both());
        refused.submissions.push(Submission {
            answer: Some(Answer { at: at(2.0), result: Err("no".to_owned()) }),
            ..Submission::begun("r-0009", at(1.0))
        });
        let (verdict, why) = reasons(&refused);
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(why, ["1 submission got an error or no answer: clients saw it"]);
        // slurmctld did not die: nothing of its state may be missing.
        let (verdict, why) = reasons(&killed(fault, lost()));
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(why[0], "1 job lost: r-0002 2.0 s before the kill");
    }
}

/// Seen in the laboratory: a frozen MariaDB was reported twice, and the role moved for it.
#[test]
fn the_scheduler_does_not_move_for_what_is_behind_it() {
    let mut seen = killed(KILL_MARIADB, both());
    let (old, new) = (seen.victim.clone(), seen.survivor.clone());
    let active = |times: [bool; 4]| {
        [-10.0, -0.2, 1.0, 60.0].into_iter().zip(times).map(|(at, is)| sample(at, is)).collect()
    };
    seen.samples =
        [(old, active([true, true, true, false])), (new, active([false, false, false, true]))]
            .into();
    let why = "slurmctld moved to ctl2, 60.0 s after the kill";
    assert_eq!(reasons(&seen), (Verdict::Fail, vec![why.to_owned()]));
}

#[test]
fn accounting_must_have_every_job_once() {
    let change = |change: &dyn Fn(&mut Vec<crate::observe::JobRecord>)| {
        let mut seen = killed(KILL_SLURMDBD, both());
        let Reading::Known(records) = &mut seen.accounting_jobs else { panic!() };
        change(records);
        reasons(&seen).1
    };
    assert_eq!(change(&|r| r.truncate(2)), ["1 job missing in the accounting: r-0003"]);
    assert_eq!(
        change(&|r| r.push(record(1, "COMPLETED"))),
        ["1 job more than once in the accounting: r-0001"]
    );
    assert_eq!(
        change(&|r| r[1] = record(2, "RUNNING")),
        ["1 job without an end in the accounting: r-0002"]
    );
    let mut unread = killed(KILL_SLURMDBD, both());
    unread.accounting_jobs = Reading::Unknown("timed out".to_owned());
    assert_eq!(reasons(&unread).1, ["the accounting could not be read: timed out"]);
}

#[test]
fn a_daemon_that_is_not_back_is_a_fail() {
    let mut seen = killed(KILL_SLURMDBD, both());
    seen.process = Some(ProcessFate { pid: 700, ..ProcessFate::default() });
    assert_eq!(reasons(&seen).1, ["slurmdbd was not back in the 5 s after the kill"]);
    // It may have moved.
    let survivor = seen.samples.get_mut(&NodeName::from("ctl2")).unwrap();
    survivor[3].state.slurmdbd = Some(true);
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    seen.process = None;
    assert_eq!(reasons(&seen).1, ["what became of slurmdbd on ctl1 was not seen"]);
}

#[test]
fn a_freeze_that_nobody_noticed_is_a_fail() {
    assert_eq!(reasons(&killed(FREEZE_SLURMCTLD, both())), (Verdict::Pass, Vec::new()));
    let mut seen = killed(FREEZE_SLURMCTLD, vec![job(1, -10.0), job(2, -2.0)]);
    seen.journal = Reading::Known(Vec::new());
    seen.victim_journal = Reading::Known(Vec::new());
    seen.process = Some(ProcessFate { pid: 700, thawed: true, ..ProcessFate::default() });
    seen.probes.iter_mut().filter(|p| p.sent > at(-0.1)).for_each(|p| p.answered = false);
    insta::assert_snapshot!("a_freeze_that_nobody_noticed", render_text(&analyse(&seen)));
}

#[test]
fn the_passive_controllers_death_may_cost_a_pause_and_nothing_else() {
    let lonely = |jobs| {
        let mut seen = undisturbed(Fault::PowerLoss(Side::Passive), jobs);
        (seen.victim, seen.survivor) = (seen.survivor, seen.victim);
        seen.samples.get_mut(&seen.victim).unwrap().truncate(2);
        // It has no journal to read: its machine is off.
        seen.victim_journal = Reading::default();
        seen.aftermath.rejoined_after_s = Some(80.0);
        seen.journal = Reading::Known(vec![
            message(5.5, "pacemaker-controld", "Node ctl2 state is now lost"),
            message(5.7, "pacemaker-controld", "Requesting fencing (off) of node ctl2"),
            message(
                8.0,
                "pacemaker-controld",
                "Peer ctl2 was terminated (off) by ctl1 on behalf of pacemaker-controld.7@ctl1: OK",
            ),
        ]);
        seen
    };
    let report = analyse(&lonely(both()));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.submit_outage_s, 6.0);
    assert_eq!(report.writers_max, Some(1));
    assert_eq!(report.saved_state_age_s, None);
    insta::assert_snapshot!("the_passive_controllers_death", render_text(&report));

    let (verdict, why) = reasons(&lonely(lost()));
    assert_eq!(
        (verdict, why[0].as_str()),
        (Verdict::Fail, "1 job lost: r-0002 2.0 s before the cut")
    );

    let mut away = lonely(both());
    away.aftermath.rejoined_after_s = None;
    away.aftermath.lacking = vec!["ctl2 is offline".to_owned()];
    assert_eq!(
        reasons(&away).1,
        ["ctl2 did not become a full member again", "not as before: ctl2 is offline"]
    );
    // Nobody could switch it on.
    away.aftermath.powered_on = false;
    assert_eq!(reasons(&away).0, Verdict::Fail);
    // Left without power on request: no proof of a return was wanted.
    away.aftermath.kept_down = true;
    assert_eq!(reasons(&away).0, Verdict::Pass);
    // As it was told before there was a field for it.
    away.aftermath.kept_down = false;
    away.aftermath.lacking = vec!["ctl2 has no power, as was asked for".to_owned()];
    assert_eq!(reasons(&away).0, Verdict::Pass);
}

#[test]
fn nothing_may_be_lost_in_a_planned_move() {
    let report = analyse(&moved(both()));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    let times = |phase| (report.phases[&phase].start_s, report.phases[&phase].end_s);
    assert_eq!(times(Phase::Stop), (Some(0.4), Some(4.4)));
    assert_eq!(times(Phase::Demote), (Some(4.5), Some(5.0)));
    assert_eq!(times(Phase::Promote), (Some(6.0), Some(6.5)));
    assert_eq!(report.writers_max, Some(1));
    assert_eq!(
        reasons(&moved(lost())),
        (Verdict::Fail, vec!["1 job lost: r-0002 2.0 s before the order".to_owned()])
    );
    let twice = Job { runs: vec![(-3.0, -2.5), (33.0, 33.5)], ..job(2, -4.0) };
    let (verdict, why) = reasons(&moved(vec![job(1, -10.0), twice, job(3, 4.0)]));
    assert_eq!((verdict, why[0].as_str()), (Verdict::Fail, "1 job ran more than once: r-0002"));
}

#[test]
fn a_move_that_did_not_happen_is_a_fail() {
    let mut seen = undisturbed(Fault::Switchover, both());
    seen.aftermath.lacking = vec!["a constraint is left over: cli-prefer-drbd-clone".to_owned()];
    assert_eq!(
        reasons(&seen).1,
        [
            "slurmctld never ran on ctl2",
            "not as before: a constraint is left over: cli-prefer-drbd-clone"
        ]
    );
}

/// Without the victim's journal half of the story is missing, and the number
/// of writers without its samples.
#[test]
fn a_victim_that_lives_must_have_been_watched() {
    let mut seen = killed(KILL_SLURMCTLD, both());
    seen.victim_journal = Reading::Unknown("no route".to_owned());
    let reason = analyse(&seen).phases[&Phase::Restart].reason.clone();
    assert_eq!(reason.as_deref(), Some("the journal of ctl1 could not be read: no route"));
    seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().truncate(2);
    let why = "how many controllers could write is not known: ctl1 was not watched after the kill";
    assert_eq!(reasons(&seen), (Verdict::Fail, vec![why.to_owned()]));
}

/// A machine without Corosync is lost like one without power, and the cluster
/// itself has to bring it back.
#[test]
fn corosyncs_end_fells_the_machine() {
    for signal in [FaultSignal::Kill, FaultSignal::Freeze] {
        let felled = |side, known| {
            let second = Job { known, ran: known, ..job(2, -2.0) };
            let mut seen = evidence(vec![job(1, -10.0), second, job(3, 40.0)]);
            seen.scenario = Scenario::new(Fault::Process(side, Daemon::Corosync, signal));
            seen.process = Some(ProcessFate { pid: 700, ..ProcessFate::default() });
            seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().push(sample(0.5, true));
            seen.aftermath = Aftermath { powered_on: true, ..Aftermath::default() };
            seen
        };
        let (verdict, why) = reasons(&felled(Side::Active, false));
        assert_eq!(verdict, Verdict::PassWithLoss, "{why:?}");
        let (verdict, why) = reasons(&felled(Side::Passive, false));
        assert_eq!(verdict, Verdict::Fail);
        assert!(why[0].starts_with("1 job lost: r-0002 2.0 s before"), "{why:?}");
        let mut away = felled(Side::Active, true);
        away.aftermath.lacking = vec!["ctl1 is offline".to_owned()];
        assert_eq!(reasons(&away).1, ["not as before: ctl1 is offline"]);
    }
}

/// slurmctld goes on acknowledging until its machine is fenced.
#[test]
fn the_unsaved_window_ends_with_slurmctld() {
    let fault = Fault::Process(Side::Active, Daemon::Corosync, FaultSignal::Freeze);
    let verdict = |lived_until: f64| {
        let lost = Job { known: false, ran: false, ..job(2, 6.0) };
        let mut seen = evidence(vec![job(1, -10.0), lost, job(3, 40.0)]);
        seen.scenario = Scenario::new(fault);
        // systemd had it back at once.
        let restarted = Some(at(1.0));
        seen.process = Some(ProcessFate { pid: 700, restarted, ..ProcessFate::default() });
        seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().push(sample(lived_until, true));
        let Reading::Known(journal) = &mut seen.journal else { panic!("known") };
        let proof = journal.iter_mut().find(|it| it.message.contains("was terminated"));
        proof.unwrap().at = at(lived_until + 0.5);
        reasons(&seen).0
    };
    assert_eq!(verdict(12.0), Verdict::PassWithLoss);
    assert_eq!(verdict(15.0), Verdict::Fail, "it was acknowledged 9 s before the end");
}

#[test]
fn nobody_sees_the_end_of_pacemakers_parent() {
    let kill = Fault::Process(Side::Active, Daemon::Pacemakerd, FaultSignal::Kill);
    let mut seen = undisturbed(kill, both());
    let fate = ProcessFate { pid: 700, ..ProcessFate::default() };
    seen.process = Some(fate.clone());
    assert_eq!(reasons(&seen).1, ["pacemakerd was not back in the 5 s after the kill"]);
    seen.process =
        Some(ProcessFate { restarted: Some(at(0.5)), answered: Some(at(0.9)), ..fate.clone() });
    let report = analyse(&seen);
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    let restart = &report.phases[&Phase::Restart];
    assert_eq!((restart.start_s, restart.end_s), (Some(0.5), Some(0.9)));
    seen.scenario =
        Scenario::new(Fault::Process(Side::Passive, Daemon::Pacemakerd, FaultSignal::Freeze));
    seen.process = Some(ProcessFate { thawed: true, ..fate });
    assert_eq!(reasons(&seen).1, ["pacemakerd stayed frozen on ctl1: nobody ended it"]);
}

#[test]
fn what_runs_on_one_controller_only_is_hit_there() {
    let names: Vec<String> = Fault::all().into_iter().map(Fault::name).collect();
    assert!(names.iter().any(|name| name == "passive-freeze-corosync"));
    assert!(!names.iter().any(|name| name == "passive-kill-slurmctld"));
    assert_eq!(
        "passive-kill-slurmctld".parse::<Fault>(),
        Err("there is no drill passive-kill-slurmctld".to_owned())
    );
}

#[test]
fn the_names_are_those_of_the_json_report() {
    for fault in Fault::all() {
        let word = serde_json::to_value(fault).unwrap();
        assert_eq!(word, fault.name());
    }
}

/// An administrator's reboot is a planned move that nobody has planned.
#[test]
fn a_reboot_moves_the_role_and_loses_nothing() {
    let rebooted = |side, jobs| {
        let mut seen = moved(jobs);
        seen.scenario = Scenario::new(Fault::Reboot(side));
        // Those who watch it end with its sessions.
        seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().truncate(2);
        seen
    };
    let report = analyse(&rebooted(Side::Active, both()));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.phases[&Phase::Demote].end_s, Some(5.0));
    assert_eq!(reasons(&rebooted(Side::Active, lost())).0, Verdict::Fail);
    let mut stayed = rebooted(Side::Active, both());
    stayed.samples.get_mut(&NodeName::from("ctl2")).unwrap().truncate(2);
    stayed.samples.get_mut(&NodeName::from("ctl2")).unwrap().push(sample(9.0, false));
    assert_eq!(reasons(&stayed).1, ["slurmctld never ran on ctl2"]);
    let mut unharmed = rebooted(Side::Passive, both());
    unharmed.boots.insert("ctl1".into(), false);
    let why = "no passive-reboot: ctl1 has not booted anew since before it";
    assert_eq!(reasons(&unharmed).1, [why]);
    unharmed.boots.insert("ctl1".into(), true);
    assert_eq!(reasons(&unharmed), (Verdict::Pass, Vec::new()));
    let mut away = rebooted(Side::Passive, both());
    away.aftermath.lacking = vec!["ctl1 is offline".to_owned()];
    assert_eq!(reasons(&away).1, ["not as before: ctl1 is offline"]);
}

#[test]
fn nobody_sees_the_arbiters_death() {
    let fault: Fault = "arbiter-power-loss".parse().unwrap();
    assert!(fault.cuts_power() && !fault.fells_machine() && !fault.must_hand_over());
    let mut seen = undisturbed(fault, both());
    (seen.victim, seen.survivor) = ("login1".into(), "ctl1".into());
    seen.aftermath.rejoined_after_s = Some(40.0);
    seen.victim_journal = Reading::default();
    let report = analyse(&seen);
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    seen.aftermath.rejoined_after_s = None;
    assert_eq!(reasons(&seen).1, ["login1 did not become a full member again"]);
}

/// Either of them may begin again; what Slurm had not saved may be lost.
#[test]
fn after_a_blackout_somebody_has_to_begin_again() {
    let dark = |jobs, first: &str| {
        let mut seen = undisturbed(Fault::Blackout, jobs);
        seen.victim_journal = Reading::default();
        let before = |active| vec![sample(-10.0, active), sample(-0.2, active)];
        let after =
            |active| vec![sample(100.0, false), sample(120.0, active), sample(150.0, active)];
        for (name, was_active) in [("ctl1", true), ("ctl2", false)] {
            let samples = [before(was_active), after(name == first)].concat();
            seen.samples.insert(name.into(), samples);
        }
        seen
    };
    for first in ["ctl1", "ctl2"] {
        let (verdict, why) = reasons(&dark(both(), first));
        assert_eq!((verdict, why), (Verdict::Pass, Vec::new()), "{first}");
        assert_eq!(reasons(&dark(lost(), first)).0, Verdict::PassWithLoss, "{first}");
    }
    let mut unseen = dark(both(), "ctl2");
    unseen.samples.get_mut(&NodeName::from("ctl1")).unwrap().truncate(2);
    let why = "how many controllers could write is not known: ctl1 was not watched after the cut";
    assert_eq!(reasons(&unseen), (Verdict::Fail, vec![why.to_owned()]));
}
