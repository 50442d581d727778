// SPDX-License-Identifier: Apache-2.0
//! Prometheus sees every machine, and an alert reaches whoever listens.

use std::time::Duration;

use slurmha_core::dashboards::{Asked, queries};

use super::{LabSite, wait_for, wait_until};

/// Where the site file sends alerts: one line for each that arrives.
const RECEIVER: &str = r#"
import http.server, json, os

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        if os.path.exists("/run/lab-deaf"):
            return self.send_error(404)
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("/run/lab-alerts", "a") as arrived:
            for alert in told["alerts"]:
                labels = alert["labels"]
                words = [alert["status"], labels["alertname"], labels.get("instance", labels.get("node", "-"))]
                print(*words, file=arrived, flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.HTTPServer(("10.77.0.31", 9099), Receiver).serve_forever()
"#;

const PROMETHEUS: &str = "http://10.77.0.31:9090";

/// Listens, unless it does already.
pub fn listen(lab: &LabSite) {
    // In a file: systemd reads a unit of several lines anew at each reload, and complains of each.
    lab.on("login1", &format!("cat >/run/lab-receiver.py <<'LAB'\n{RECEIVER}LAB"));
    lab.on(
        "login1",
        "touch /run/lab-alerts; systemctl --quiet is-active lab-receiver || \
         systemd-run --quiet --unit=lab-receiver python3 /run/lab-receiver.py",
    );
}

/// Waits until all is seen and nothing is wrong.
pub fn is_everything(lab: &LabSite) {
    is_seen(lab);
    // That the machines have just started is worth an information.
    wait_for("no alert but the one that always fires", || {
        let always = value(lab, "count(ALERTS{alertname=\"SlurmhaWatchdog\"})");
        match firing(lab) {
            Some(names) if names.is_empty() && always == Some(1.0) => Ok(()),
            names => Err(format!("the one: {always:?}, others: {names:?}")),
        }
    });
    // Where nobody needs to know, nothing listens.
    let elsewhere = lab.on("ctl1", "ss --no-header --listening --tcp --numeric 'sport = :9817'");
    assert!(elsewhere.contains("10.77.0.11:9817") && elsewhere.lines().count() == 1, "{elsewhere}");
}

/// Waits until all is seen.
pub fn is_seen(lab: &LabSite) {
    listen(lab);
    // Two exporters of ours, five of the machines, Prometheus and Alertmanager.
    wait_until("every target is up", || {
        value(lab, "count(up)") == Some(9.0) && value(lab, "sum(up)") == Some(9.0)
    });
    wait_until("every collector answers", || value(lab, "min(slurmha_collector_up)") == Some(1.0));
    for (query, expected) in [
        ("sum(slurmha_active)", 1.0),
        ("sum(slurmha_vip_present)", 1.0),
        ("sum(slurmha_slurmctld_up)", 1.0),
        ("min(slurmha_drbd_disk{state=\"UpToDate\"})", 1.0),
        ("sum(slurmha_slurm_nodes)", 2.0),
    ] {
        wait_until(query, || value(lab, query) == Some(expected));
    }
}

/// Waits until every question of every dashboard has an answer, apart from those
/// to which a healthy cluster may have none. What stays without is named, all of it.
pub fn is_on_every_dashboard(lab: &LabSite) {
    let mut open: Vec<Asked> =
        queries().into_iter().filter(|asked| asked.may_be_empty.is_none()).collect();
    // A rate needs two looks at a minute's distance at most; a busy host is slow.
    for _ in 0..60 {
        let is_answered = are_answered(lab, &open);
        let mut is_answered = is_answered.iter();
        open.retain(|_| is_answered.next() != Some(&true));
        if open.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_secs(10));
    }
    let list: Vec<String> =
        open.iter().map(|asked| format!("{}\n    {}", asked.place, asked.expression)).collect();
    panic!("without an answer:\n{}", list.join("\n"));
}

/// Whether each question has an answer. One process asks them all: starting one
/// for each takes emulated machines two minutes.
fn are_answered(lab: &LabSite, questions: &[Asked]) -> Vec<bool> {
    let expressions: Vec<&str> = questions.iter().map(|asked| asked.expression.as_str()).collect();
    let expressions = serde_json::to_string(&expressions).expect("texts are JSON");
    let script = format!(
        "python3 - <<'LAB'
import json, urllib.parse, urllib.request
def is_answered(question):
    query = urllib.parse.urlencode({{'query': question}})
    answer = urllib.request.urlopen('{PROMETHEUS}/api/v1/query?' + query)
    return len(json.load(answer)['data']['result']) > 0
print(json.dumps([is_answered(question) for question in json.loads(r\"\"\"{expressions}\"\"\")]))
LAB"
    );
    let answer = lab.try_on("login1", &script);
    answer.map_or_else(Vec::new, |answer| serde_json::from_str(&answer).expect("truth values"))
}

/// Waits until an alert about a machine has arrived, and then its end.
pub fn was_told(lab: &LabSite, alert: &str, machine: &str) {
    for state in ["firing", "resolved"] {
        let line = format!("{state} {alert} {machine}");
        wait_until(&line, || {
            let arrived = lab.on("login1", "cat /run/lab-alerts");
            arrived.lines().any(|arrived| arrived == line)
        });
    }
}

/// What somebody would have to do something about, and can come of a move. Corosync's own
/// are none of it: an emulated machine that stands still for seconds loses its links, whoever
/// moves, and if nobody does.
const OF_A_MOVE: &str = "severity!=\"info\",component!=\"corosync\"";

/// Nobody is to be told anything from now on.
pub struct Silence {
    since: u64,
}

impl Silence {
    /// Waits until what was raised before is over. After a crash that has cost jobs that is
    /// not within an hour.
    pub fn begin(lab: &LabSite) -> Self {
        wait_for_quiet(lab);
        Self { since: clock(lab) }
    }

    /// Waits until no rule is about to raise anything, and looks whether one has.
    pub fn was_kept(&self, lab: &LabSite) {
        wait_for_quiet(lab);
        let query = |seconds| {
            format!("count_over_time(ALERTS{{alertstate=\"firing\",{OF_A_MOVE}}}[{seconds}s])")
        };
        let raised = ask(lab, &query(clock(lab) - self.since)).expect("Prometheus answers");
        assert_eq!(raised.trim(), "", "somebody was told something");
    }
}

fn wait_for_quiet(lab: &LabSite) {
    wait_for("no alert is raised, or about to be", || match raised(lab) {
        Some(alerts) if alerts.is_empty() => Ok(()),
        Some(alerts) => Err(alerts),
        None => Err("Prometheus does not answer".to_owned()),
    });
}

/// What is raised or about to be, of what can come of a move; a line each. The rules
/// themselves are asked: what a query finds may be five minutes old.
fn raised(lab: &LabSite) -> Option<String> {
    let script = format!(
        "python3 - <<'LAB'
import json, urllib.request
answer = urllib.request.urlopen('{PROMETHEUS}/api/v1/alerts')
for alert in json.load(answer)['data']['alerts']:
    labels = alert['labels']
    if labels['severity'] != 'info' and labels['component'] != 'corosync':
        print(alert['state'], labels)
LAB"
    );
    Some(lab.try_on("login1", &script)?.trim().to_owned())
}

fn clock(lab: &LabSite) -> u64 {
    lab.on("login1", "date +%s").trim().parse().expect("seconds")
}

/// Waits until a failover of this kind has been counted.
pub fn has_counted(lab: &LabSite, kind: &str) {
    let query = format!("max(slurmha_failovers_total{{kind=\"{kind}\"}}) > 0");
    wait_until(&query, || value(lab, &query).is_some());
}

/// The value of a query that gives one.
fn value(lab: &LabSite, query: &str) -> Option<f64> {
    // `{} => 9 @[1795874400.123]`
    let text = ask(lab, query)?;
    text.split("=> ").nth(1)?.split_whitespace().next()?.parse().ok()
}

/// The names of the alerts for which somebody has to do something.
pub fn firing(lab: &LabSite) -> Option<Vec<String>> {
    let text = ask(lab, "ALERTS{alertstate=\"firing\",severity!=\"info\"}")?;
    let names =
        text.lines().filter_map(|line| line.split("alertname=\"").nth(1)?.split('"').next());
    Some(names.map(str::to_owned).collect())
}

/// What Prometheus answers, a series a line.
pub fn ask(lab: &LabSite, query: &str) -> Option<String> {
    lab.try_on("login1", &format!("promtool query instant {PROMETHEUS} '{query}'"))
}
