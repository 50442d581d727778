// SPDX-License-Identifier: Apache-2.0
//! The metrics of a controller as Prometheus reads them, from what the real
//! programs printed, and whether its own checker likes them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use slurmha_core::console::Tally;
use slurmha_core::drill::{DrillRecord, DrillResult, Verdict};
use slurmha_core::metrics::{
    Collected, CorosyncAnswer, GatewayAnswer, MachineAnswer, PageAnswer, PagesAnswer, PortalAnswer,
    SettingsAnswer, SlurmAnswers, SlurmctldAnswer, Snapshot, VolumesAnswer, exposition, families,
    gateway_families, pages_exposition, pages_families,
};
use slurmha_core::observe::{
    Health, Reading, Safeguards, Space, parse_crm_mon_xml, parse_drbd_status, parse_links,
    parse_quorum, parse_sdiag, parse_sinfo_states,
};
use slurmha_core::site::{self, NodeName, Site};
use slurmha_core::state_save::Takeover;

const PAGE: &str = include_str!("../../../docs/guide/metrics.md");

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/observe/", $name))
    };
}

fn lab() -> Site {
    let text = include_str!("../../../examples/lab/site.toml");
    site::parse("site.toml", text).expect("the lab's site file is valid").0
}

fn asked<T>(answer: T) -> Collected<T> {
    let last_success = "2026-11-28T14:00:00Z".parse().expect("a time");
    let duration = Some(Duration::from_millis(250));
    Collected { answer, last_success: Some(last_success), duration }
}

/// What was asked for and not answered in time.
fn silent<T: slurmha_core::metrics::Answer>(answer: T) -> Collected<T> {
    asked(answer).outdated()
}

fn drbd(text: &str) -> Reading<slurmha_core::observe::DrbdStatus> {
    Reading::Known(parse_drbd_status("slurm_data", text).expect("DRBD's answer"))
}

/// The passive controller of a healthy pair.
fn passive() -> Snapshot {
    let links = parse_links(&fixture!("knet-connected.txt").replace("node2", "node3"));
    let links = links.expect("links").into_iter().map(|mut link| {
        // Seen from the other side.
        link.node = if link.node == 3 { 1 } else { 2 };
        link
    });
    Snapshot {
        version: "0.0.0".to_owned(),
        pacemaker: asked(Reading::Known(
            parse_crm_mon_xml(fixture!("crm_mon-healthy.xml")).expect("a status"),
        )),
        corosync: asked(CorosyncAnswer {
            quorum: Reading::Known(
                parse_quorum(fixture!("quorumtool-all-votes.txt")).expect("votes"),
            ),
            links: Reading::Known(links.collect()),
            token_losses: Reading::Known(0),
        }),
        drbd: asked(drbd(fixture!("drbd-84-in-sync.txt"))),
        machine: asked(MachineAnswer {
            vip_present: Reading::Known(false),
            watch_running: Reading::Known(true),
            durable_running: Reading::Known(None),
        }),
        volumes: asked(VolumesAnswer {
            state: Reading::Known(None),
            database: Reading::Known(None),
            saved_state_age: Reading::Known(None),
        }),
        takeover: asked(Reading::Known(None)),
        failovers: Tally::default(),
        drills: asked(Reading::Known(DrillRecord::default())),
        settings: asked(SettingsAnswer {
            state_mount: Reading::Known(None),
            drbd_fencing: Reading::Known(Some(true)),
            arbiter_timeout: Reading::Known(Some(true)),
            in_force: Safeguards::default(),
            preferences: Reading::Known(Vec::new()),
        }),
        slurm: None,
    }
}

/// The active controller of a healthy pair.
fn active() -> Snapshot {
    let sinfo = "cn1 mixed\ncn2 down*\ncn3 idle~\ncn4 idle*\ncn5 completing\n";
    let nodes = parse_sinfo_states(sinfo).expect("states");
    let slurmctld = SlurmctldAnswer {
        ping: Health::Up,
        diagnosis: Reading::Known(parse_sdiag(fixture!("sdiag-busy.txt")).expect("figures")),
        nodes: Reading::Known(nodes),
    };
    let space = |total, available| Reading::Known(Some(Space { total, available }));
    let mut snapshot = passive();
    if let Reading::Known(drbd) = &mut snapshot.drbd.answer {
        "Primary".clone_into(&mut drbd.role);
    }
    snapshot.corosync.answer.links =
        Reading::Known(parse_links(fixture!("knet-connected.txt")).expect("links"));
    snapshot.machine.answer.vip_present = Reading::Known(true);
    snapshot.volumes.answer = VolumesAnswer {
        state: space(500 << 20, 400 << 20),
        database: space(1 << 30, 900 << 20),
        saved_state_age: Reading::Known(Some(Duration::from_millis(4200))),
    };
    snapshot.takeover = asked(Reading::Known(Some(Takeover {
        at: "2026-11-28T13:59:30Z".parse().expect("a time"),
        saved_state_age_s: Some(12.5),
        known_by_directory: vec![4711, 4712],
        started_again: vec!["4710".to_owned()],
        held_s: Some(3.5),
        ..Takeover::default()
    })));
    let drill = |at: &str, verdict, lost_jobs| DrillResult {
        at: at.parse().expect("a time"),
        verdict,
        without_answers_s: 12.25,
        lost_jobs,
    };
    let record = DrillRecord::default()
        .with(drill("2026-11-20T10:00:00Z", Verdict::Pass, 0))
        .with(drill("2026-11-21T10:00:00Z", Verdict::PassWithLoss, 3))
        .with(drill("2026-11-19T10:00:00Z", Verdict::Pass, 0));
    snapshot.drills = asked(Reading::Known(record));
    snapshot.settings.answer.state_mount = Reading::Known(Some(true));
    snapshot.slurm = Some(SlurmAnswers {
        slurmctld: asked(slurmctld),
        slurmdbd: asked(Health::Up),
        mariadb: asked(Health::Up),
    });
    snapshot
}

/// The controller that went on when the other one was cut off and fenced.
fn survivor() -> Snapshot {
    let links = fixture!("knet-peer-gone.txt").replace("node1", "self").replace("node2", "node1");
    let mut snapshot = active();
    snapshot.pacemaker =
        asked(Reading::Known(parse_crm_mon_xml(fixture!("crm_mon-failed-over.xml")).expect("it")));
    snapshot.corosync = asked(CorosyncAnswer {
        quorum: Reading::Known(
            parse_quorum(fixture!("quorumtool-one-controller.txt")).expect("votes"),
        ),
        links: Reading::Known(parse_links(&links).expect("links")),
        token_losses: Reading::Known(1),
    });
    snapshot.drbd = asked(drbd(fixture!("drbd-84-alone.txt")));
    snapshot
}

/// An active controller that nobody tells anything any more.
fn cannot_be_asked() -> Snapshot {
    let known = active();
    let slurm = known.slurm.expect("it is the active one");
    Snapshot {
        version: known.version,
        pacemaker: silent(known.pacemaker.answer),
        corosync: silent(known.corosync.answer),
        drbd: silent(known.drbd.answer),
        machine: silent(known.machine.answer),
        volumes: silent(known.volumes.answer),
        takeover: silent(known.takeover.answer),
        failovers: known.failovers,
        drills: silent(known.drills.answer),
        settings: silent(known.settings.answer),
        slurm: Some(SlurmAnswers {
            slurmctld: silent(slurm.slurmctld.answer),
            slurmdbd: silent(slurm.slurmdbd.answer),
            mariadb: silent(slurm.mariadb.answer),
        }),
    }
}

fn text(own: &str, snapshot: &Snapshot) -> String {
    exposition(&lab(), &NodeName::from(own), snapshot)
}

/// What promtool has to say about the text; nothing, if it is content.
#[allow(clippy::disallowed_methods, reason = "Prometheus' own checker is asked")]
fn promtool(text: &str) -> String {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error}; install prometheus"));
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    format!("{}{}", output.status, String::from_utf8_lossy(&said))
}

#[test]
fn the_active_controller_of_a_healthy_pair() {
    insta::assert_snapshot!(text("ctl1", &active()));
}

#[test]
fn the_passive_controller_of_a_healthy_pair() {
    insta::assert_snapshot!(text("ctl2", &passive()));
}

#[test]
fn the_controller_that_went_on_after_a_split() {
    insta::assert_snapshot!(text("ctl2", &survivor()));
}

#[test]
fn a_controller_that_nobody_tells_anything() {
    insta::assert_snapshot!(text("ctl1", &cannot_be_asked()));
}

/// Its clock was ahead by ten minutes when it counted jobs last.
#[test]
fn a_slurmctld_that_has_noted_its_work_in_the_future() {
    let sdiag = fixture!("sdiag-busy.txt").replace("(1795875458)", "(1795876058)");
    let mut snapshot = active();
    let slurm = snapshot.slurm.as_mut().expect("it is the active one");
    slurm.slurmctld.answer.diagnosis = Reading::Known(parse_sdiag(&sdiag).expect("figures"));
    let text = text("ctl1", &snapshot);
    assert!(text.contains("\nslurmha_slurmctld_noted_ahead_seconds 587.0\n"), "{text}");
}

#[test]
fn promtool_finds_nothing_to_say() {
    for snapshot in [active(), passive(), survivor(), cannot_be_asked()] {
        assert_eq!(promtool(&text("ctl1", &snapshot)), "exit status: 0");
    }
}

/// A series that comes and goes cannot be told from a machine that is gone.
#[test]
fn no_series_goes_when_its_value_is_not_known() {
    let series = |snapshot: &Snapshot| -> Vec<String> {
        let text = text("ctl1", snapshot);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
    };
    assert_eq!(series(&active()), series(&cannot_be_asked()));
    let unknown: Vec<f64> = families(&lab(), &NodeName::from("ctl1"), &cannot_be_asked())
        .into_iter()
        .filter(|it| !it.name.starts_with("slurmha_collector") && !it.name.ends_with("_info"))
        // What was seen has been seen.
        .filter(|it| !it.name.starts_with("slurmha_failover"))
        .flat_map(|it| it.samples)
        .map(|sample| sample.value)
        .collect();
    assert!(unknown.iter().all(|value| value.is_nan()), "{unknown:?}");
}

#[test]
fn a_site_without_an_arbiter_has_no_vote_of_one() {
    let mut site = lab();
    site.arbiter = None;
    let text = exposition(&site, &NodeName::from("ctl1"), &active());
    assert!(!text.contains("qdevice") && !text.contains("arbiter"), "{text}");
}

#[test]
fn daemons_that_refuse_are_down_and_known() {
    let mut snapshot = active();
    let slurm = snapshot.slurm.as_mut().expect("it is the active one");
    slurm.slurmdbd.answer = Health::Down("its port refuses connections".to_owned());
    slurm.mariadb.answer = Health::Elsewhere;
    let text = text("ctl1", &snapshot);
    for line in [
        "slurmha_slurmdbd_up 0.0",
        "slurmha_mariadb_up 0.0",
        "slurmha_collector_up{collector=\"slurmdbd\"} 1.0",
        "slurmha_collector_up{collector=\"mariadb\"} 1.0",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in:\n{text}");
    }
}

/// A machine with portal and console.
fn both_pages() -> PagesAnswer {
    let answers =
        || PageAnswer { after: Some(Duration::from_millis(250)), ..PageAnswer::default() };
    let portal = PortalAnswer { page: answers(), has_sessions: Reading::Known(true) };
    PagesAnswer { portal: Some(portal), console: Some(answers()) }
}

#[test]
fn prometheus_likes_what_is_told_of_pages() {
    assert_eq!(promtool(&pages_exposition(&both_pages())), "exit status: 0");
}

#[test]
fn the_page_about_metrics_has_each_of_them_and_no_other() {
    let of_page = |line: &str| -> Option<String> {
        let cell = line.strip_prefix("| `slurmha_")?;
        let name: String = cell.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        Some(format!("slurmha_{name}"))
    };
    let mut documented: Vec<String> = PAGE.lines().filter_map(of_page).collect();
    let own = NodeName::from("ctl1");
    let mut all = families(&lab(), &own, &active());
    all.extend(gateway_families(&GatewayAnswer::default()));
    all.extend(pages_families(&both_pages()));
    let mut exported: Vec<String> = all.iter().map(|it| it.name.to_owned()).collect();
    documented.sort();
    exported.sort();
    assert_eq!(documented, exported);
}
