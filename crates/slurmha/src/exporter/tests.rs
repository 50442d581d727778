// SPDX-License-Identifier: Apache-2.0
//! What is asked where, and what becomes of an answer with time.

mod live;
mod machine;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use slurmha_core::site::{self, NodeName};

use super::{Board, ask_once, keep_asking, serve};
use machine::{Machine, SLOW};

const INTERVAL: Duration = Duration::from_secs(15);

fn board(machine: &Machine) -> Board {
    let text = include_str!("../../../../examples/lab/site.toml");
    let site = site::parse("site.toml", text).expect("the lab's site file is valid").0;
    Board::new(Box::new(machine.clone()), site, NodeName::from("ctl1"), INTERVAL)
}

/// The value of a series, as it is written.
fn value(text: &str, series: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    lines.into_iter().find(|(name, _)| *name == series).map(|(_, value)| value.to_owned())
}

fn pass(machine: &Machine, time: Duration) {
    machine.change(|now| now.clock += time);
}

#[test]
fn the_active_controller_asks_slurm_and_never_for_a_list_of_jobs() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    let text = board.text();
    for (series, expected) in [
        ("slurmha_active", "1.0"),
        ("slurmha_vip_present", "1.0"),
        ("slurmha_watch_running", "0.0"),
        ("slurmha_slurmctld_up", "1.0"),
        ("slurmha_slurm_jobs{state=\"pending\"}", "7.0"),
        ("slurmha_slurm_nodes{state=\"idle\"}", "2.0"),
        ("slurmha_volume_available_bytes{volume=\"state\"}", "400.0"),
        ("slurmha_slurmctld_saved_state_age_seconds", "3.0"),
        ("slurmha_mariadb_up", "1.0"),
    ] {
        assert_eq!(value(&text, series).as_deref(), Some(expected), "{series} in:\n{text}");
    }
    assert!(!text.contains("NaN"), "{text}");
    let ran = machine.change(|now| now.ran.clone());
    assert!(ran.contains(&"sdiag".to_owned()) && !ran.contains(&"squeue".to_owned()), "{ran:?}");
}

#[test]
fn the_passive_controller_leaves_slurm_alone() {
    let machine = Machine::new("Secondary");
    let board = board(&machine);
    ask_once(&board);
    let text = board.text();
    assert_eq!(value(&text, "slurmha_active").as_deref(), Some("0.0"));
    for absent in ["slurmha_slurm", "slurmha_mariadb", "slurmha_volume", "NaN"] {
        assert!(!text.contains(absent), "{absent} in:\n{text}");
    }
    let mut ran = machine.change(|now| now.ran.clone());
    ran.sort();
    let corosync = ["corosync-cmapctl", "corosync-cmapctl", "corosync-quorumtool"];
    let others = ["crm_mon", "drbdsetup", "drbdsetup"];
    assert_eq!(ran, [&["cibadmin"][..], &corosync[..], &others[..]].concat());
}

#[test]
fn what_slurm_told_goes_with_the_role() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    machine.change(|now| now.role = "Secondary");
    ask_once(&board);
    assert!(!board.text().contains("slurmha_slurmctld_up"));
    // Back again, before Slurm was asked: nothing of the first time is told.
    board.take_role("Primary");
    let text = board.text();
    assert_eq!(value(&text, "slurmha_slurmctld_up").as_deref(), Some("NaN"));
    let up = "slurmha_collector_up{collector=\"slurmctld\"}";
    assert_eq!(value(&text, up).as_deref(), Some("0.0"));
}

#[test]
fn a_role_that_cannot_be_told_is_the_last_one() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    machine.change(|now| now.hanging = vec!["drbdsetup"]);
    ask_once(&board);
    let text = board.text();
    assert_eq!(value(&text, "slurmha_active").as_deref(), Some("NaN"));
    assert_eq!(value(&text, "slurmha_slurmctld_up").as_deref(), Some("1.0"));
    let up = "slurmha_collector_up{collector=\"drbd\"}";
    assert_eq!(value(&text, up).as_deref(), Some("0.0"));
    let success = "slurmha_collector_last_success_timestamp_seconds{collector=\"drbd\"}";
    assert_eq!(value(&text, success).as_deref(), Some("1795874400.0"));
}

#[test]
fn a_slurmctld_that_does_not_answer_is_asked_once_a_round() {
    let machine = Machine::new("Primary");
    machine.change(|now| now.hanging = vec!["scontrol"]);
    let board = board(&machine);
    ask_once(&board);
    let text = board.text();
    for series in ["slurmha_slurmctld_up", "slurmha_slurmctld_dbd_queue"] {
        assert_eq!(value(&text, series).as_deref(), Some("NaN"), "{series}");
    }
    let ran = machine.change(|now| now.ran.clone());
    assert!(!ran.iter().any(|program| program == "sdiag" || program == "sinfo"), "{ran:?}");
    assert_eq!(value(&text, "slurmha_slurmdbd_up").as_deref(), Some("1.0"));
}

#[test]
fn a_program_that_never_ends_keeps_no_other_from_being_asked() {
    let machine = Machine::new("Primary");
    machine.change(|now| (now.stuck, now.stands_still) = (vec!["crm_mon"], true));
    let board = Arc::new(board(&machine));
    let threads = keep_asking(&board);
    let count = |program: &str| machine.change(|now| count_of(&now.ran, program));
    let others = ["drbdsetup", "sdiag"];
    let asked_again = (0..2000).any(|_| {
        thread::sleep(Duration::from_millis(5));
        others.iter().all(|program| count(program) > 1)
    });
    assert!(asked_again, "{:?}", machine.change(|now| now.ran.clone()));
    assert_eq!(count("crm_mon"), 1);
    let text = board.text();
    assert_eq!(value(&text, "slurmha_pacemaker_quorate").as_deref(), Some("NaN"));
    assert_eq!(value(&text, "slurmha_slurmctld_up").as_deref(), Some("1.0"));
    assert!(threads.iter().all(|thread| !thread.is_finished()));
}

fn count_of(ran: &[String], program: &str) -> usize {
    ran.iter().filter(|name| *name == program).count()
}

/// Programs that were started in rounds of one interval each, a list for each
/// round.
fn rounds(machine: &Machine, board: &Board, count: usize) -> Vec<Vec<String>> {
    let round = |_| {
        machine.change(|now| now.ran.clear());
        ask_once(board);
        pass(machine, INTERVAL);
        let mut ran = machine.change(|now| now.ran.clone());
        ran.sort();
        ran
    };
    (0..count).map(round).collect()
}

/// A round of ten programs was a fifth of an emulated processor.
#[test]
fn a_calm_round_starts_three_programs_and_some_rounds_start_more() {
    let machine = Machine::new("Primary");
    let rounds = rounds(&machine, &board(&machine), 13);
    let always = ["crm_mon", "drbdsetup", "sdiag"];
    let corosync = ["corosync-cmapctl", "corosync-quorumtool"];
    let slow = ["mariadb", "sacctmgr", "sinfo"];
    let settings = ["cibadmin", "corosync-cmapctl", "drbdsetup"];
    for (number, ran) in rounds.iter().enumerate().skip(1) {
        let mut expected = always.to_vec();
        expected.extend(if number % 3 == 0 { &corosync[..] } else { &[] });
        expected.extend(if number % 4 == 0 { &slow[..] } else { &[] });
        expected.extend(if number % 8 == 0 { &settings[..] } else { &[] });
        expected.sort_unstable();
        assert_eq!(*ran, expected, "round {number}");
    }
    let all: usize = rounds[1..].iter().map(Vec::len).sum();
    assert_eq!(all, 12 * 3 + 4 * 2 + 3 * 3 + 3);
}

#[test]
fn what_is_not_as_it_should_be_is_asked_in_every_round() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    let slow = ["corosync-cmapctl", "sacctmgr", "sinfo"];
    machine.change(|now| {
        now.hanging = vec!["corosync-quorumtool", "sacctmgr"];
        now.nodes = "cn1 idle\ncn2 down*\n";
    });
    for ran in rounds(&machine, &board, 3) {
        assert!(slow.iter().all(|program| ran.contains(&(*program).to_owned())), "{ran:?}");
    }
    machine.change(|now| (now.hanging, now.nodes) = (Vec::new(), "cn1 idle\ncn2 idle\n"));
    let calm = rounds(&machine, &board, 2);
    assert!(slow.iter().all(|program| calm[0].contains(&(*program).to_owned())), "{calm:?}");
    assert!(!slow.iter().any(|program| calm[1].contains(&(*program).to_owned())), "{calm:?}");
}

/// The role went and came back: the slow ones do not wait for their round.
#[test]
fn a_controller_that_becomes_active_is_asked_everything_at_once() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    rounds(&machine, &board, 1);
    board.take_role("Secondary");
    board.take_role("Primary");
    let ran = rounds(&machine, &board, 1).concat();
    for program in ["scontrol", "sdiag", "sinfo", "sacctmgr", "mariadb"] {
        assert!(ran.contains(&program.to_owned()), "{program} in {ran:?}");
    }
}

/// One that answered a moment ago is asked for its numbers, then pinged, and
/// from then on only pinged.
#[test]
fn a_slurmctld_that_falls_silent_is_pinged_until_it_answers() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    rounds(&machine, &board, 1);
    machine.change(|now| now.hanging = vec!["scontrol", "sdiag"]);
    let asked = |ran: &[String]| -> Vec<String> {
        ran.iter().filter(|program| program.starts_with('s')).cloned().collect()
    };
    let silent = rounds(&machine, &board, 2);
    assert_eq!(asked(&silent[0]), ["scontrol", "sdiag"]);
    assert_eq!(asked(&silent[1])[0], "scontrol");
    assert!(!silent[1].contains(&"sdiag".to_owned()), "{silent:?}");
    let text = board.text();
    assert_eq!(value(&text, "slurmha_slurmctld_up").as_deref(), Some("NaN"));
    machine.change(|now| now.hanging.clear());
    let back = rounds(&machine, &board, 1).concat();
    assert!(back.contains(&"sdiag".to_owned()) && back.contains(&"sinfo".to_owned()), "{back:?}");
    assert_eq!(value(&board.text(), "slurmha_slurm_nodes{state=\"idle\"}").as_deref(), Some("2.0"));
}

/// What is asked less often is told for longer: two intervals beyond the time
/// of its next answer.
#[test]
fn an_answer_of_a_slow_question_is_told_until_two_rounds_are_missed() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    let told = |series| value(&board.text(), series);
    pass(&machine, INTERVAL * 5);
    assert_eq!(told("slurmha_drbd_up").as_deref(), Some("NaN"));
    assert_eq!(told("slurmha_corosync_quorate").as_deref(), Some("1.0"));
    pass(&machine, Duration::from_millis(1));
    assert_eq!(told("slurmha_corosync_quorate").as_deref(), Some("NaN"));
    assert_eq!(told("slurmha_mariadb_up").as_deref(), Some("1.0"));
    pass(&machine, INTERVAL);
    assert_eq!(told("slurmha_mariadb_up").as_deref(), Some("NaN"));
}

/// As when the thread that asks hangs itself.
#[test]
fn an_answer_is_told_for_three_intervals() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    pass(&machine, INTERVAL * 3);
    assert_eq!(value(&board.text(), "slurmha_drbd_up").as_deref(), Some("1.0"));
    pass(&machine, Duration::from_millis(1));
    let text = board.text();
    for series in ["slurmha_drbd_up", "slurmha_active", "slurmha_slurmctld_up"] {
        assert_eq!(value(&text, series).as_deref(), Some("NaN"), "{series}");
    }
    let up = "slurmha_collector_up{collector=\"drbd\"}";
    assert_eq!(value(&text, up).as_deref(), Some("0.0"));
}

#[test]
fn before_the_first_answer_nothing_is_known() {
    let text = board(&Machine::new("Primary")).text();
    assert_eq!(value(&text, "slurmha_pacemaker_quorate").as_deref(), Some("NaN"));
    let success = "slurmha_collector_last_success_timestamp_seconds{collector=\"pacemaker\"}";
    assert_eq!(value(&text, success).as_deref(), Some("0.0"));
}

/// What a client reads until the server closes the connection.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers and closes");
    answer
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: ctl1\r\n\r\n"))
}

#[test]
fn a_scrape_asks_nobody_and_strangers_find_nothing_else() {
    let machine = Machine::new("Primary");
    let board = Arc::new(board(&machine));
    ask_once(&board);
    let before = machine.change(|now| now.ran.len());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let served = Arc::clone(&board);
    thread::spawn(move || serve(listener, served));

    // One that says nothing keeps nobody waiting.
    let _silent = TcpStream::connect(address).expect("somebody listens");
    let answer = get(address, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(body, board.text());
    assert!(get(address, "/").contains("<a href=\"/metrics\">"));
    for path in ["/metrics/", "/etc/passwd", "/../metrics", "/favicon.ico"] {
        assert!(get(address, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    assert!(ask(address, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert_eq!(machine.change(|now| now.ran.len()), before);
}

/// It is asked more seldom then, so its next answer is due later.
#[test]
fn a_slow_answer_is_told_for_longer() {
    let machine = Machine::new("Primary");
    machine.change(|now| now.slow = vec!["crm_mon"]);
    let board = board(&machine);
    ask_once(&board);
    machine.change(|now| now.slow.clear());
    let quorate = || value(&board.text(), "slurmha_pacemaker_quorate");
    pass(&machine, SLOW * 2 + INTERVAL * 2);
    assert_eq!(quorate().as_deref(), Some("1.0"));
    pass(&machine, Duration::from_millis(1));
    assert_eq!(quorate().as_deref(), Some("NaN"));
}

const SAFEGUARDS: [&str; 3] = ["state_mount", "drbd_fencing", "arbiter_timeout"];

fn in_force(text: &str) -> [Option<String>; 3] {
    SAFEGUARDS
        .map(|name| value(text, &format!("slurmha_safeguard_in_force{{safeguard=\"{name}\"}}")))
}

#[test]
fn settings_that_only_a_failure_needs_are_told() {
    let machine = Machine::new("Primary");
    let board = board(&machine);
    ask_once(&board);
    assert_eq!(in_force(&board.text()), SAFEGUARDS.map(|_| Some("1.0".to_owned())));
    let left = || value(&board.text(), "slurmha_pacemaker_leftover_preferences");
    assert_eq!(left().as_deref(), Some("0.0"));
    machine.change(|now| {
        (now.options, now.policy, now.timeout) = ("rw,nodelalloc", "", 10_000);
        now.moved = "<rsc_location id='cli-prefer-vip' rsc='vip' node='ctl2' score='INFINITY'/>";
    });
    pass(&machine, INTERVAL * 8);
    ask_once(&board);
    assert_eq!(in_force(&board.text()), SAFEGUARDS.map(|_| Some("0.0".to_owned())));
    assert_eq!(left().as_deref(), Some("1.0"));
}

/// A controller that was set aside has no DRBD, and a passive one no volume.
#[test]
fn a_setting_of_what_is_not_there_is_not_told() {
    let machine = Machine::new("Secondary");
    let passive = board(&machine);
    ask_once(&passive);
    assert_eq!(in_force(&passive.text()), [None, Some("1.0".to_owned()), Some("1.0".to_owned())]);
}

/// While all is well every eighth round, whoever watches; as soon as one is
/// weak, each: its end is to be told soon.
#[test]
fn settings_are_asked_seldom_and_a_weak_one_in_every_round() {
    let machine = Machine::new("Secondary");
    let board = Arc::new(board(&machine));
    let asked = |count| -> usize {
        let rounds = rounds(&machine, &board, count);
        rounds.concat().iter().filter(|program| *program == "cibadmin").count()
    };
    assert_eq!(asked(8), 1);
    let watching = Board::watch(&board);
    assert_eq!(asked(8), 1);
    drop(watching);
    machine.change(|now| now.policy = "fencing dont-care;");
    assert_eq!(asked(8), 8);
    machine.change(|now| now.policy = "fencing resource-and-stonith;");
    assert_eq!(asked(8), 1);
}
