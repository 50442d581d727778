// SPDX-License-Identifier: Apache-2.0
//! The proofs can fail: for each setting that a failover rests on, a drill that
//! is passed with it and fails without it.
//!
//! Every round begins with a fresh copy of one frozen cluster. The setting is
//! undone by hand, with the programs that an administrator would use; the drill
//! then refuses to begin and names it, and with `--i-accept weak-settings` it is
//! run and has to fail by the invariant that the setting is for.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::{LabSite, wait_until};

/// A setting, and the drill that shows what it is for.
struct Proof {
    name: &'static str,
    /// `{notice}` and `{rejoin}` are filled in.
    scenario: &'static str,
    /// What is there besides when the drill begins.
    before: fn(&LabSite),
    undo: fn(&LabSite),
    /// Words with which the refusal names what was undone.
    named: &'static [&'static str],
    /// The invariant that has to hold with the setting and be broken without.
    invariant: &'static str,
    /// What else the report has to say, and the words for the table.
    shows: fn(&Value) -> String,
    /// How often it is tried without the setting.
    rounds: u32,
}

const PROOFS: [Proof; 3] = [
    // Pacemaker stops everything on a side without quorum, but that takes seconds,
    // with a state volume to unmount and a DRBD to demote. It is fencing for which
    // the other side waits meanwhile, and nothing else. So the fault is one in
    // which the old active controller lives on, and DRBD is cut, too: over a
    // living connection the kernel would refuse a second primary by itself (frozen
    // Corosync, a mute link).
    Proof {
        name: "no fencing",
        scenario: "fault = \"cut-both-links\"\n[load]\nrate = 0.5\nmix = \"plain\"\n[seconds]\nrejoin = {rejoin}\n",
        before: |_| {},
        undo: switch_fencing_off,
        named: &["fencing is switched off", "(fencing dont-care)"],
        invariant: "one-writer",
        shows: |report| {
            assert_eq!(report["writers_max"], 2, "{report:#}");
            format!("writers: {}", report["writers"])
        },
        rounds: 3,
    },
    // A survivor gets the arbiter's vote when corosync-qnetd has dropped the dead
    // controller: 12 s after its last heartbeat, of which there is one in 8 s, so
    // 4 to 12 s after the loss. Corosync has noticed after 6.6 s in this
    // laboratory; a loss soon after a heartbeat is what shows, and half of them
    // do. Hence the rounds.
    Proof {
        name: "default qdevice timeout",
        scenario: "fault = \"power-loss\"\n[load]\nrate = 0.5\nmix = \"plain\"\n[seconds]\nrejoin = {rejoin}\n\
                   [budget]\nnotice = {notice}\n",
        before: |_| {},
        undo: take_qdevice_defaults,
        named: &["quorum.device.timeout is 10000 ms"],
        invariant: "within-budget",
        shows: |report| format!("noticed after {} s", report["phases"]["notice"]["end_s"]),
        rounds: 6,
    },
    // What slurmctld has saved names scripts whose blocks ext4 has not allocated
    // yet: for up to half a minute (`dirty_expire_centisecs`). A script is of no
    // interest any more when its job has begun, so the nodes are kept busy and
    // every job of the drill waits.
    Proof {
        name: "default mount options",
        scenario: "fault = \"power-loss\"\n[load]\nrate = 0.7\nmix = \"plain\"\n[seconds]\nwarm_up = 40\n\
                   drain = 900\nrejoin = {rejoin}\n",
        before: keep_nodes_busy,
        undo: mount_with_defaults,
        named: &["mounted without nodelalloc,commit=1"],
        invariant: "jobs-end",
        shows: |report| {
            let count = |list: &Value| list.as_array().map_or(0, Vec::len);
            let failed = report["jobs"]["failed"].as_array().cloned().unwrap_or_default();
            let saved = failed.iter().filter(|job| job["unsaved"] == false).count();
            let repaired = count(&report["takeover"]["repaired"]);
            assert!(repaired > 0 && saved > 0, "no script was lost: {report:#}");
            format!("{repaired} scripts lost, {saved} jobs failed that Slurm had saved")
        },
        rounds: 2,
    },
];

/// Seconds beyond token + consensus in which a loss has to be noticed; 0.3 to 0.5
/// were seen in emulation (docs/benchmarks.md).
const NOTICE_SLACK_S: f64 = 1.5;
/// For a cluster that comes back.
const REJOIN_S: u32 = 600;
/// For one that is not going to: a split brain needs a person.
const NO_REJOIN_S: u32 = 90;
/// Emulated processors begin with nothing translated.
const SETTLED: Duration = Duration::from_secs(15);

/// Plays every proof, and writes what was seen to `target/proofs.md`.
pub fn fails_its_drills(lab: &LabSite) {
    let mut table = "| undone | drill | with it | without it |\n|---|---|---|---|\n".to_owned();
    for proof in &PROOFS {
        let mut with = "not played".to_owned();
        lab.part(&format!("{}: with the setting", proof.name), || with = proof.holds(lab));
        let mut without = "not played".to_owned();
        lab.part(&format!("{}: without it", proof.name), || without = proof.fails(lab));
        let _ = writeln!(table, "| {} | `{}` | {with} | {without} |", proof.name, proof.fault());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/proofs.md");
        std::fs::write(path, &table).expect("the table is written");
    }
    eprint!("{table}");
}

impl Proof {
    fn fault(&self) -> &str {
        self.scenario.split('"').nth(1).unwrap_or_default()
    }

    /// The same drill with everything as it was set up.
    fn holds(&self, lab: &LabSite) -> String {
        anew(lab);
        (self.before)(lab);
        let report = play(lab, &self.drill(lab, REJOIN_S, false), &|| lab.until_healthy());
        assert_ne!(self.outcome(&report), "broken", "it fails with the setting, too: {report:#}");
        assert_ne!(report["verdict"], "fail", "{report:#}");
        report["verdict"].as_str().unwrap_or_default().to_owned()
    }

    fn fails(&self, lab: &LabSite) -> String {
        for round in 1..=self.rounds {
            eprintln!("round {round} of at most {}", self.rounds);
            anew(lab);
            (self.undo)(lab);
            self.is_refused(lab);
            (self.before)(lab);
            let drill = self.drill(lab, NO_REJOIN_S, true);
            let report = play(lab, &drill, &|| self.is_refused(lab));
            if self.outcome(&report) == "broken" {
                assert_eq!(report["verdict"], "fail", "{report:#}");
                let shown = (self.shows)(&report);
                return format!("fail, round {round}: {}; {shown}", self.finding(&report));
            }
        }
        panic!("{} held {} times although {} was undone", self.invariant, self.rounds, self.name)
    }

    /// It says what is wrong before anything is broken. Pacemaker and Corosync may
    /// still be busy with what was undone: until then it says that, too.
    fn is_refused(&self, lab: &LabSite) {
        wait_until("the drill refuses to begin, and names what was undone", || {
            let ran = lab.slurmha(&self.drill(lab, NO_REJOIN_S, false));
            let said = ran.said().to_owned();
            assert!(ran.stdout().is_empty(), "a drill was run with {} undone", self.name);
            said.contains("too weak") && self.named.iter().all(|words| said.contains(words))
        });
    }

    fn drill(&self, lab: &LabSite, rejoin: u32, accepts: bool) -> Vec<String> {
        let path = lab.file("proof.toml");
        let scenario = self.scenario.replace("{rejoin}", &rejoin.to_string());
        let scenario = scenario.replace("{notice}", &format!("{:.1}", notice_budget(lab)));
        std::fs::write(&path, scenario).expect("a scenario");
        let words = ["drill", "run", &path, lab.site(), "--json"];
        let accept = ["--i-accept", "weak-settings"];
        words.into_iter().chain(accept.into_iter().filter(|_| accepts)).map(str::to_owned).collect()
    }

    fn outcome<'a>(&self, report: &'a Value) -> &'a str {
        self.judgement(report)["outcome"].as_str().unwrap_or_default()
    }

    fn finding(&self, report: &Value) -> String {
        self.judgement(report)["findings"][0].as_str().unwrap_or_default().to_owned()
    }

    fn judgement<'a>(&self, report: &'a Value) -> &'a Value {
        let all = report["invariants"].as_array();
        let own = all.into_iter().flatten().find(|it| it["invariant"] == self.invariant);
        own.unwrap_or_else(|| panic!("{} was not asked for: {report:#}", self.invariant))
    }
}

fn anew(lab: &LabSite) {
    lab.slurmha(&["lab", "thaw"]).succeeds();
    std::thread::sleep(SETTLED);
    lab.until_healthy();
}

/// A drill that is refused has broken nothing, and an emulated cluster may be degraded for a
/// moment. `is_ready` waits until nothing is in its way but what was undone.
fn play(lab: &LabSite, drill: &[String], is_ready: &dyn Fn()) -> Value {
    for _ in 0..5 {
        is_ready();
        let ran = lab.slurmha(drill);
        let said = ran.said().to_owned();
        if let Ok(report) = serde_json::from_str(&ran.stdout()) {
            tell(&report);
            return report;
        }
        assert!(said.contains("a drill would only make it worse"), "{said}");
    }
    panic!("the cluster does not stay healthy");
}

/// What the drill came to, for whoever looks on.
fn tell(report: &Value) {
    eprintln!("verdict: {}", report["verdict"]);
    for judgement in report["invariants"].as_array().into_iter().flatten() {
        eprintln!("  {} {}", judgement["invariant"], judgement["outcome"]);
        for finding in judgement["findings"].as_array().into_iter().flatten() {
            eprintln!("    {finding}");
        }
    }
    eprintln!("  notice {}, writers {}", report["phases"]["notice"], report["writers_max"]);
}

/// From the site's own numbers.
fn notice_budget(lab: &LabSite) -> f64 {
    let text = std::fs::read_to_string(lab.site()).expect("the lab's site file");
    let (site, _) = slurmha_core::site::parse("site.toml", &text).expect("no mistakes");
    site.timing.noticed_after().as_secs_f64() + NOTICE_SLACK_S
}

/// In Pacemaker, and in DRBD, whose handler is never asked then.
fn switch_fencing_off(lab: &LabSite) {
    for controller in ["ctl1", "ctl2"] {
        lab.on(
            controller,
            "sed -i 's/fencing resource-and-stonith;/fencing dont-care;/' \
             /etc/drbd.d/slurm_data.res && drbdadm adjust slurm_data",
        );
    }
    lab.on("ctl1", "crm_attribute --name stonith-enabled --update false");
}

/// The defaults (`votequorum.h`), written out. corosync-qdevice reads them when it
/// starts.
fn take_qdevice_defaults(lab: &LabSite) {
    for controller in ["ctl1", "ctl2"] {
        lab.on(
            controller,
            "sed -Ei 's/^( *timeout:) .*/\\1 10000/; s/^( *sync_timeout:) .*/\\1 30000/' \
             /etc/corosync/corosync.conf",
        );
    }
    lab.on("ctl1", "corosync-cfgtool -R");
    for controller in ["ctl1", "ctl2"] {
        lab.on(controller, "systemctl restart corosync-qdevice");
        wait_until("the arbiter votes", || {
            lab.try_on(controller, "corosync-quorumtool -s | grep 'Total votes: *3'").is_some()
        });
    }
}

/// Pacemaker mounts the volume anew, and starts slurmctld with it.
fn mount_with_defaults(lab: &LabSite) {
    lab.on(
        "ctl1",
        "crm_resource --resource state --set-parameter options --parameter-value defaults && \
         crm_resource --wait",
    );
}

/// One job on each node that lasts until after the power cut.
fn keep_nodes_busy(lab: &LabSite) {
    lab.on(
        "login1",
        "cd /tmp; for node in cn1 cn2; do setpriv --reuid=65534 --regid=65534 --clear-groups \
         sbatch --parsable --job-name=busy --nodelist=$node --output=/dev/null --mem=32M \
         --time=10 --wrap 'sleep 300'; done",
    );
    wait_until("every node is busy", || {
        let running = "squeue --noheader --name=busy --states=RUNNING | wc -l";
        lab.try_on("login1", running).is_some_and(|count| count.trim() == "2")
    });
}
