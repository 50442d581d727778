// SPDX-License-Identifier: Apache-2.0
//! A hundred clients submit, half through the portal and half with sbatch, while the active
//! controller loses its power: none of them sees an error, and each job is there exactly once.

use std::fmt::Write as _;

use serde_json::Value;

use super::{LabSite, portal, wait_until};

const CLIENTS: &str = include_str!("crowd.py");

/// Who submits, and from where: a login node that also plays the browsers has no time left to
/// answer them.
const CROWDS: [Crowd; 4] = [
    Crowd { machine: "cn1", kind: "portal", clients: 25 },
    Crowd { machine: "cn2", kind: "portal", clients: 25 },
    Crowd { machine: "cn1", kind: "sbatch", clients: 25 },
    Crowd { machine: "cn2", kind: "sbatch", clients: 25 },
];

/// The portal lets a user have eight sessions.
const USERS: usize = 10;

struct Crowd {
    machine: &'static str,
    kind: &'static str,
    clients: usize,
}

/// Plays it, with durable submission, and prints what the clients saw.
pub fn sees_no_error(lab: &LabSite) {
    let site = site_of_many(lab);
    lab.slurmha(&["apply", "--yes", &site]).succeeds();
    for user in 0..USERS {
        lab.on(
            "login1",
            &format!(
                "install -d -m 700 -o p{user} -g p{user} /srv/home/p{user}; \
                 echo 'p{user}:a long password' | chpasswd"
            ),
        );
    }
    // What waits is counted at once; what runs would take an emulated node a second each.
    lab.on("ctl1", "scontrol update nodename=cn[1-2] state=drain reason=crowd");
    for crowd in &CROWDS {
        crowd.begins(lab);
    }
    wait_until("every client was answered", || {
        CROWDS.iter().all(|crowd| crowd.answered_since(lab, 0.0) == crowd.clients)
    });
    let (active, passive) = lab.active_and_passive();
    let cut = now(lab);
    lab.slurmha(&["lab", "power", "off", &active]).succeeds();
    lab.until_served_by(&passive);
    wait_until("every client was answered since", || {
        CROWDS.iter().all(|crowd| crowd.answered_since(lab, cut) == crowd.clients)
    });
    for crowd in &CROWDS {
        crowd.stops(lab);
    }
    for crowd in &CROWDS {
        wait_until("the last submission is answered", || crowd.has_ended(lab));
    }
    let answers: Vec<(&Crowd, Value)> = CROWDS
        .iter()
        .flat_map(|crowd| crowd.ledger(lab).into_iter().map(move |line| (crowd, line)))
        .collect();
    let wrong: Vec<_> = answers.iter().filter(|(_, line)| !line["wrong"].is_null()).collect();
    eprint!("{}", summary(&answers, cut));
    let jobs = lab.on("ctl1", "squeue --noheader --format %j");
    let not_once: Vec<_> = answers
        .iter()
        .map(|(_, line)| line["name"].as_str().expect("a name"))
        .map(|name| (name, jobs.lines().filter(|job| job.trim() == name).count()))
        .filter(|(_, count)| *count != 1)
        .collect();
    let mut bad = String::new();
    for (crowd, line) in wrong.iter().take(10) {
        let _ = writeln!(bad, "{}: {line}", crowd.machine);
    }
    assert!(wrong.is_empty(), "{} errors were shown:\n{bad}", wrong.len());
    assert!(not_once.is_empty(), "jobs that are not there once: {not_once:?}");
    assert_eq!(jobs.lines().count(), answers.len(), "jobs that nobody submitted\n{jobs}");
    for user in 0..USERS {
        lab.on("ctl1", &format!("scancel --user=p{user}"));
    }
    lab.on("ctl1", "scontrol update nodename=cn[1-2] state=resume");
    lab.until_healthy();
}

impl Crowd {
    fn unit(&self) -> String {
        format!("lab-crowd-{}", self.kind)
    }

    fn begins(&self, lab: &LabSite) {
        let Self { machine, kind, clients } = self;
        let unit = self.unit();
        portal::put_client(lab, machine);
        lab.on(machine, &format!("cat >/run/lab_crowd.py <<'LAB'\n{CLIENTS}\nLAB"));
        // systemd would bound what is no user's.
        lab.on(
            machine,
            &format!(
                "rm -f /run/{unit}.*; systemctl reset-failed {unit} 2>/dev/null; \
                 systemd-run --quiet --unit={unit} --property=TasksMax=infinity \
                 --property=StandardError=append:/run/{unit}.log \
                 python3 /run/lab_crowd.py {kind} {clients} {USERS} /run/{unit}"
            ),
        );
    }

    fn stops(&self, lab: &LabSite) {
        lab.on(self.machine, &format!("touch /run/{}.stop", self.unit()));
    }

    fn ledger(&self, lab: &LabSite) -> Vec<Value> {
        let ledger = format!("cat /run/{}.ledger", self.unit());
        let text = lab.try_on(self.machine, &ledger).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How many clients got an answer since a moment.
    fn answered_since(&self, lab: &LabSite, moment: f64) -> usize {
        let lines = self.ledger(lab);
        let late = lines.iter().filter(|line| line["at"].as_f64().is_some_and(|at| at > moment));
        let clients = late.filter_map(|line| line["client"].as_u64());
        clients.collect::<std::collections::BTreeSet<_>>().len()
    }

    fn has_ended(&self, lab: &LabSite) -> bool {
        let look = format!("! systemctl is-active --quiet {}", self.unit());
        lab.try_on(self.machine, &look).is_some()
    }
}

/// The laboratory's site file with more users, and nothing that is lost.
fn site_of_many(lab: &LabSite) -> String {
    let mut text = std::fs::read_to_string(lab.site()).expect("the lab's site file");
    text.push_str("\n[slurm]\ndurable_submit = \"on\"\n");
    for user in 0..USERS {
        let _ = write!(text, "\n[[user]]\nname = \"p{user}\"\nuid = {}\n", 20100 + user);
    }
    let path = lab.file("crowd.toml");
    std::fs::write(&path, text).expect("a site file with more users");
    path
}

/// Seconds since the epoch on the login node, by whose clock the answers are noted to a second
/// or so.
fn now(lab: &LabSite) -> f64 {
    lab.on("login1", "date +%s.%N").trim().parse().expect("seconds")
}

/// One line for each crowd: how many answers, and the longest wait before and after the cut.
fn summary(answers: &[(&Crowd, Value)], cut: f64) -> String {
    let mut text = String::new();
    for crowd in &CROWDS {
        let of_crowd = || answers.iter().filter(|(of, _)| std::ptr::eq(*of, crowd));
        let longest = |is_after: bool| {
            of_crowd()
                .filter(|(_, line)| line["at"].as_f64().is_some_and(|at| (at > cut) == is_after))
                .filter_map(|(_, line)| line["took"].as_f64())
                .fold(0.0, f64::max)
        };
        let waited = of_crowd().filter(|(_, line)| {
            let value = |key: &str| line[key].as_f64().unwrap_or_default();
            value("at") > cut && value("at") - value("took") < cut + 20.0
        });
        let _ = writeln!(
            text,
            "{} clients, {} on {}: {} answers, the longest after {:.1} s, with the cut {:.1} s; \
             {} were waiting in its first 20 s",
            crowd.clients,
            crowd.kind,
            crowd.machine,
            of_crowd().count(),
            longest(false),
            longest(true),
            waited.count()
        );
    }
    text
}
