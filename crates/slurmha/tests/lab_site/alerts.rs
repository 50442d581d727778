// SPDX-License-Identifier: Apache-2.0
//! Every alert is raised by what it is about, reaches those who are told, and
//! ends when that is mended.
//!
//! What `promtool test rules` cannot show is shown here: that the series have
//! the names and labels that the rules ask for, on machines that are really
//! broken. For how long something has to hold is promtool's part; the test's
//! monitoring host waits half a minute for everything, so that it takes an hour
//! and not a day.

mod scene;
mod scenes;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use slurmha_core::monitoring::alerts;

use super::{LabSite, wait_until, watched};
use scene::{Act, Batch, Fate, Raised, Scene, Who};

/// Seconds after which something is not going to happen any more.
const BOUND: Duration = Duration::from_secs(420);

/// What may fire between two scenes: what is told for longer than it lasts, and
/// that an emulated network is slow.
const LASTING: [&str; 7] = [
    "SlurmhaControllerFenced",
    "SlurmhaOutOfMemoryKill",
    "SlurmhaNotificationsFailing",
    "SlurmhaCorosyncLinkSlow",
    "SlurmhaCorosyncLinkFlaps",
    "SlurmhaCorosyncTokenLost",
    "SlurmhaJobsLost",
];

/// What is not broken here, and why.
const NOT_RAISED: &[(&str, &str)] = &[
    ("SlurmhaNoCoordinator", "a cluster elects one within seconds, or has none because it is down"),
    ("SlurmhaSlurmctldThreads", "two emulated nodes do not make 200 requests at a time"),
    ("SlurmhaAgentQueue", "two nodes have no hundred messages"),
    ("SlurmhaSchedulingSlow", "a queue of that length takes hours to submit in emulation"),
    ("SlurmhaDbdQueueFilling", "as above: 5,000 records"),
    ("SlurmhaJobsLost", "whether a power cut falls between a submission and its save is chance"),
    (
        "SlurmhaCorosyncTokenLost",
        "what stands still for as long as a token, and not a little longer, is chance in emulation",
    ),
    ("SlurmhaMachineDown", "the one machine that it is about is the one that tells"),
    ("SlurmhaClockUnsynchronised", "the laboratory has no time servers"),
    ("SlurmhaAlertmanagersApart", "the laboratory has one monitoring host"),
    ("SlurmhaVpnRulesMissing", "the site of this test has no VPN"),
    ("SlurmhaVpnDown", "as above"),
    ("SlurmhaVpnStranger", "as above"),
    ("SlurmhaVpnBlind", "as above"),
    ("SlurmhaConsoleDown", "the site of this test has no console"),
    ("SlurmhaCertificateExpires", "machines make certificates for themselves, for ever"),
    (
        "SlurmhaResourceBlocked",
        "every controller can be fenced, so that Pacemaker gives nothing up",
    ),
];

/// A line of the table.
struct Seen {
    scene: &'static str,
    alert: &'static str,
    fate: Fate,
    /// Seconds from what was broken to the alert.
    came_s: Option<u64>,
    /// Seconds from what was mended to its end.
    went_s: Option<u64>,
}

/// Plays every scene, and writes what was seen to `target/alerts.md`.
pub fn arrive(lab: &LabSite) {
    // What has grown before the first look has not grown for Prometheus.
    watched::is_seen(lab);
    until_calm(lab);
    hurry(lab);
    let mut seen = Vec::new();
    for batch in scenes::BATCHES {
        let names: Vec<&str> = batch.scenes.iter().map(|scene| scene.name).collect();
        lab.part(&names.join("; "), || seen.extend(play(lab, batch)));
        write(&table(&seen));
    }
    let missing: Vec<_> = seen.iter().filter(|seen| !seen.is_right()).map(Seen::line).collect();
    assert!(missing.is_empty(), "not as it should be:\n{}", missing.concat());
}

/// Each alert of the catalogue is raised by a scene, or there is a reason.
pub fn are_all_in_a_scene() {
    let scenes = scenes::BATCHES.iter().flat_map(|batch| batch.scenes);
    let raised = scenes.flat_map(|scene| scene.raises).map(|raised| raised.alert);
    let known: BTreeSet<&str> = alerts().map(|(_, alert)| alert.name).collect();
    let spoken_of: BTreeSet<&str> = raised
        .chain(NOT_RAISED.iter().map(|(alert, _)| *alert))
        .chain(["SlurmhaWatchdog"])
        .collect();
    assert_eq!(known, spoken_of);
}

impl Seen {
    fn is_right(&self) -> bool {
        self.came_s.is_some() && (self.went_s.is_some() || self.fate == Fate::Lasting)
    }

    fn line(&self) -> String {
        let seconds = |seconds: Option<u64>| seconds.map_or("–".to_owned(), |s| s.to_string());
        let fate = match self.fate {
            Fate::Told => "told",
            Fate::Lasting => "told; lasts",
            Fate::Explained => "fires; its cause is told",
            Fate::Unheard => "fires",
        };
        format!(
            "| {} | `{}` | {fate} | {} | {} |\n",
            self.scene,
            self.alert,
            seconds(self.came_s),
            seconds(self.went_s)
        )
    }
}

fn table(seen: &[Seen]) -> String {
    let mut text =
        "| what is broken | alert | seen | after | its end after |\n|---|---|---|---|---|\n"
            .to_owned();
    for seen in seen {
        text.push_str(&seen.line());
    }
    text.push_str("\n| alert | not raised, because |\n|---|---|\n");
    for (alert, why) in NOT_RAISED {
        let _ = writeln!(text, "| `{alert}` | {why} |");
    }
    text
}

fn write(text: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/alerts.md");
    std::fs::write(path, text).expect("the table is written");
}

/// Nothing holds for longer than half a minute, and nobody waits for company.
fn hurry(lab: &LabSite) {
    lab.on(
        "login1",
        "sed -Ei 's/for: \"([3-9][0-9]|[0-9]{3,})s\"/for: \"30s\"/' /etc/prometheus/slurmha.rules.yml; \
         sed -Ei 's/group_wait: \".*\"/group_wait: \"1s\"/; s/group_interval: \".*\"/group_interval: \"10s\"/' \
         /etc/prometheus/alertmanager.yml; systemctl reload prometheus prometheus-alertmanager",
    );
}

/// Breaks, waits, mends, waits. What does not come is told at the end, and the
/// next batch is played: it takes long to come here again.
fn play(lab: &LabSite, batch: &Batch) -> Vec<Seen> {
    let roles = lab.active_and_passive();
    let mark = arrived(lab).len();
    if batch.is_looked_on {
        lab.on("ctl1", "crm_attribute --name maintenance-mode --update true");
    }
    for act in batch.scenes.iter().flat_map(|scene| scene.wrong) {
        perform(lab, act, &roles);
    }
    let came = when(batch, |raised| match raised.fate {
        Fate::Told | Fate::Lasting => was_told(lab, mark, "firing", raised.alert),
        Fate::Explained | Fate::Unheard => is_firing(lab, raised.alert),
    });
    eprintln!("firing: {:?}", watched::firing(lab));
    for act in batch.scenes.iter().rev().flat_map(|scene| scene.right) {
        perform(lab, act, &roles);
    }
    if batch.is_looked_on {
        // It learns what is there before it may mend.
        lab.on("ctl1", "crm_resource --refresh >/dev/null 2>&1; crm_resource --wait");
        lab.on("ctl1", "crm_attribute --name maintenance-mode --update false");
    }
    watched::listen(lab);
    let went = when(batch, |raised| match raised.fate {
        Fate::Lasting => true,
        Fate::Told => was_told(lab, mark, "resolved", raised.alert),
        Fate::Explained | Fate::Unheard => !is_firing(lab, raised.alert),
    });
    lab.until_healthy();
    lab.on("ctl1", "crm_resource --cleanup >/dev/null 2>&1; true");
    until_calm(lab);
    let seconds = |after: &Option<Duration>| after.map(|after| after.as_secs());
    raises(batch)
        .zip(came.iter().zip(&went))
        .map(|((scene, raised), (came, went))| Seen {
            scene: scene.name,
            alert: raised.alert,
            fate: raised.fate,
            came_s: seconds(came),
            went_s: seconds(went).filter(|_| raised.fate != Fate::Lasting),
        })
        .collect()
}

fn until_calm(lab: &LabSite) {
    wait_until("nothing fires that wants to be looked at", || {
        watched::firing(lab)
            .is_some_and(|names| names.iter().all(|name| LASTING.contains(&name.as_str())))
    });
}

/// The alerts of a batch, with their scenes.
fn raises(batch: &Batch) -> impl Iterator<Item = (&'static Scene, &'static Raised)> {
    let scenes = batch.scenes.iter();
    scenes.flat_map(|scene| scene.raises.iter().map(move |raised| (scene, raised)))
}

/// After how long it was so for each of a batch's alerts.
fn when(batch: &Batch, is_so: impl Fn(&Raised) -> bool) -> Vec<Option<Duration>> {
    let begin = Instant::now();
    let mut after = vec![None; raises(batch).count()];
    while after.contains(&None) && begin.elapsed() < BOUND {
        for ((_, raised), after) in raises(batch).zip(&mut after) {
            if after.is_none() && is_so(raised) {
                *after = Some(begin.elapsed());
                eprintln!("{}: after {} s", raised.alert, begin.elapsed().as_secs());
            }
        }
        std::thread::sleep(Duration::from_secs(3));
    }
    after
}

fn perform(lab: &LabSite, act: &Act, (active, passive): &(String, String)) {
    let fill = |text: &str| {
        text.replace("{active}", active)
            .replace("{passive}", passive)
            .replace("{vip}", "10.77.0.10")
    };
    match act {
        Act::On(who, command) => {
            let machine = match who {
                Who::Active => active,
                Who::Passive => passive,
                Who::Login => "login1",
            };
            lab.on(machine, &fill(command));
        }
        Act::Lab(words) => {
            let words: Vec<String> = words.iter().map(|word| fill(word)).collect();
            let words = std::iter::once("lab").chain(words.iter().map(String::as_str));
            lab.slurmha(&words.collect::<Vec<_>>()).succeeds();
        }
    }
}

fn arrived(lab: &LabSite) -> Vec<String> {
    let text = lab.try_on("login1", "cat /run/lab-alerts").unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn was_told(lab: &LabSite, mark: usize, state: &str, alert: &str) -> bool {
    let begin = format!("{state} {alert} ");
    arrived(lab).iter().skip(mark).any(|line| line.starts_with(&begin))
}

fn is_firing(lab: &LabSite, alert: &str) -> bool {
    let query = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");
    watched::ask(lab, &query).is_some_and(|text| !text.trim().is_empty())
}
