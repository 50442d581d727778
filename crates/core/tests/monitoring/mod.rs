// SPDX-License-Identifier: Apache-2.0
//! Sites with monitoring, and Prometheus' and Alertmanager's own checkers.

use std::fmt::Write as _;
use std::process::Command;

use slurmha_core::config_file::ConfigFile;
use slurmha_core::monitoring::Alert;
use slurmha_core::render::monitoring::{alertmanager, prometheus, rules};
use slurmha_core::site::{self, Site};

const RULES: &str = "slurmha.rules.yml";
const LAB: &str = include_str!("../site/plain.toml");
const UNIVERSITY: &str = include_str!("../../../../examples/site.toml");

/// One host, a webhook whose URL is no secret, no time servers.
pub fn site() -> Site {
    site::parse("site.toml", LAB).expect("the lab's site file is valid").0
}

/// Two hosts, mail, secrets, a heartbeat.
pub fn two_hosts() -> Site {
    site::parse("site.toml", UNIVERSITY).expect("the example is valid").0
}

/// What the rules make of some series at a moment.
pub struct Case {
    series: Vec<(String, String)>,
    at_s: Vec<u64>,
    expression: String,
    expected: u64,
}

impl Case {
    /// Whether the alert fires five minutes after it could first.
    pub fn after_a_while(alert: &Alert, series: &[(&str, &str)], fires: bool) -> Self {
        Self::at(alert, series, u64::from(alert.hold) + 300, fires)
    }

    /// Whether the alert fires after so many seconds.
    pub fn at(alert: &Alert, series: &[(&str, &str)], at_s: u64, fires: bool) -> Self {
        let firing = format!("ALERTS{{alertname='{}',alertstate='firing'}}", alert.name);
        Self {
            series: for_so_long(series, at_s),
            at_s: vec![at_s],
            expression: format!("clamp_max(count({firing}), 1) or vector(0)"),
            expected: u64::from(fires),
        }
    }

    /// Whether everything that would be told to people is silent at every look
    /// from one second to another.
    pub fn nothing_fires(series: &[(&str, &str)], from_s: u64, to_s: u64) -> Self {
        let firing = "ALERTS{alertstate='firing',severity!='info'}";
        Self {
            series: for_so_long(series, to_s),
            at_s: (from_s..to_s).step_by(15).collect(),
            expression: format!("count({firing}) or vector(0)"),
            expected: 0,
        }
    }
}

/// A number alone is the value for the whole time.
fn for_so_long(series: &[(&str, &str)], seconds: u64) -> Vec<(String, String)> {
    let rounds = seconds / 15 + 2;
    let lasting = |value: &str| match value.parse::<f64>() {
        Ok(_) => format!("{value}+0x{rounds}"),
        Err(_) => value.to_owned(),
    };
    series.iter().map(|(name, value)| ((*name).to_owned(), lasting(value))).collect()
}

/// The files of a host in a directory, and who checks them.
pub struct Checker(tempfile::TempDir);

impl Checker {
    pub fn new(site: &Site) -> Self {
        let checker = Self(tempfile::tempdir().expect("a directory"));
        let monitoring = site.monitoring.as_ref().expect("monitoring");
        for file in
            [rules(site, monitoring), prometheus(site, monitoring), alertmanager(monitoring)]
        {
            checker.write(&name_of(&file), &with_secrets(&file));
        }
        checker
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("the file is written");
    }

    /// Runs a checker in the directory.
    #[allow(clippy::disallowed_methods, reason = "the programs' own checkers are asked")]
    pub fn check(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(program).args(arguments).current_dir(self.0.path()).output();
        let output = output.unwrap_or_else(|error| {
            panic!("{program}: {error}; install prometheus and prometheus-alertmanager")
        });
        let text = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    }

    /// Plays the cases with `promtool test rules` against the rules of one
    /// component: it looks at every rule of the file in every case.
    pub fn test_component(&self, component: &str, cases: &[Case]) {
        let all = std::fs::read_to_string(self.0.path().join(RULES)).expect("the rules");
        let mut groups = all.split("  - name: ");
        let own = groups.find(|group| group.starts_with(&format!("{component:?}")));
        let own = own.unwrap_or_else(|| panic!("no rules for {component}"));
        self.write("component.rules.yml", &format!("groups:\n  - name: {own}"));
        self.play("component.rules.yml", cases);
    }

    /// Plays the cases against all rules.
    pub fn test_rules(&self, cases: &[Case]) {
        self.play(RULES, cases);
    }

    fn play(&self, rules: &str, cases: &[Case]) {
        let mut text = format!("rule_files: [{rules}]\nevaluation_interval: 15s\ntests:\n");
        for case in cases {
            text.push_str("  - interval: 15s\n    input_series:\n");
            for (series, values) in &case.series {
                let _ = writeln!(text, "      - {{series: {series:?}, values: {values:?}}}");
            }
            text.push_str("    promql_expr_test:\n");
            for at_s in &case.at_s {
                let _ = write!(
                    text,
                    "      - expr: {:?}\n        eval_time: {at_s}s\n        \
                     exp_samples: [{{labels: \"{{}}\", value: {}}}]\n",
                    case.expression, case.expected
                );
            }
        }
        self.write("cases.yml", &text);
        self.check("promtool", &["test", "rules", "cases.yml"]);
    }
}

fn name_of(file: &ConfigFile) -> String {
    file.path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// Secrets with everything that could mean something to YAML. An URL has to
/// be one.
fn with_secrets(file: &ConfigFile) -> String {
    file.secrets.iter().fold(file.text.clone(), |text, secret| {
        let value = match secret {
            slurmha_core::secret::SecretId::WebhookUrl(_) => "https://chat.example.edu/?key=#a: 'b",
            _ => " \"'#: {}[]&*!|>%@`\\ trailing",
        };
        text.replace(&secret.placeholder(), value)
    })
}
