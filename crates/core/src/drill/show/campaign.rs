// SPDX-License-Identifier: Apache-2.0
//! Many drills, one after the other, and what they come to.

use std::fmt::Write as _;

use jiff::Timestamp;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::page::{page, verdict_class};
use crate::drill::combination::Combination;
use crate::drill::fault::Fault;
use crate::drill::report::{Report, Verdict};
use crate::drill::time::short;

/// The results of a campaign, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// The cluster's name.
    pub cluster: String,
    /// When it began.
    pub began: Timestamp,
    /// Every drill.
    pub runs: Vec<Run>,
    /// What to type to play them again, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
}

/// One drill of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What was broken, alone or several at once.
    #[serde(rename = "fault")]
    pub faults: Combination,
    /// What came of it, or why there was no drill.
    pub result: Result<Summary, String>,
}

/// What a campaign keeps of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What it proves.
    pub verdict: Verdict,
    /// Why it is no plain pass.
    pub reasons: Vec<String>,
    /// Longest time without an accepted submission, in seconds.
    pub submit_outage_s: f64,
    /// Longest time without an answered request, in seconds.
    pub rpc_outage_s: f64,
    /// Acknowledged jobs.
    pub acknowledged: usize,
    /// Of these, unknown in the end.
    pub lost: usize,
    /// Jobs that ran more than once.
    pub duplicated: usize,
    /// Most controllers that could write at a time.
    pub writers_max: Option<usize>,
    /// The report's file, beside the index.
    pub page: Option<String>,
}

impl Summary {
    /// Of a report, which is kept under that name.
    pub fn of(report: &Report, page: Option<String>) -> Self {
        Self {
            verdict: report.verdict,
            reasons: report.reasons.clone(),
            submit_outage_s: report.submit_outage_s,
            rpc_outage_s: report.rpc_outage_s,
            acknowledged: report.jobs.acknowledged,
            lost: report.jobs.lost.len(),
            duplicated: report.jobs.duplicated.len(),
            writers_max: report.writers_max,
            page,
        }
    }
}

/// All drills of one fault, or of the same ones at once.
struct Row<'a> {
    name: String,
    results: Vec<&'a Result<Summary, String>>,
}

const HEADINGS: [&str; 9] = [
    "fault",
    "verdicts",
    "no request, median (s)",
    "worst",
    "no submission, median (s)",
    "worst",
    "lost",
    "ran twice",
    "writers",
];

impl Campaign {
    /// Whether every drill was run and none failed.
    pub fn is_passed(&self) -> bool {
        let passed = |summary: &Summary| summary.verdict != Verdict::Fail;
        self.runs.iter().all(|run| run.result.as_ref().is_ok_and(passed))
    }

    /// A row for each fault, in the order of the catalogue, and then one for
    /// faults that came together, in the order in which they were played.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut names: Vec<String> = Fault::all().into_iter().map(Fault::name).collect();
        let alone = names.len();
        for run in self.runs.iter().filter(|run| run.faults.faults().len() > 1) {
            let name = run.faults.names();
            if !names[alone..].contains(&name) {
                names.push(name);
            }
        }
        let results = |name: &str| {
            let runs = self.runs.iter().filter(|run| run.faults.names() == name);
            runs.map(|run| &run.result).collect::<Vec<_>>()
        };
        let rows = names.into_iter().map(|name| Row { results: results(&name), name });
        rows.filter(|row| !row.results.is_empty()).collect()
    }

    /// What speaks against the cluster, in plain words.
    fn failures(&self) -> impl Iterator<Item = (String, String)> {
        self.runs.iter().filter_map(|run| {
            let name = run.faults.to_string();
            match &run.result {
                Err(why) => Some((name, format!("not run: {why}"))),
                Ok(it) if it.verdict == Verdict::Fail => Some((name, it.reasons.join("; "))),
                Ok(_) => None,
            }
        })
    }
}

impl Row<'_> {
    fn summaries(&self) -> impl Iterator<Item = &Summary> {
        self.results.iter().filter_map(|result| result.as_ref().ok())
    }

    fn verdicts(&self) -> String {
        let count = |verdict| self.summaries().filter(|it| it.verdict == verdict).count();
        let not_run = self.results.iter().filter(|result| result.is_err()).count();
        let counted = [Verdict::Pass, Verdict::PassWithLoss, Verdict::Fail]
            .map(|verdict| (count(verdict), verdict.word()))
            .into_iter()
            .chain([(not_run, "not run")])
            .filter(|(count, _)| *count > 0);
        counted.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    }

    fn worst(&self) -> Verdict {
        let verdicts: Vec<Verdict> = self.summaries().map(|summary| summary.verdict).collect();
        if verdicts.len() < self.results.len() || verdicts.contains(&Verdict::Fail) {
            Verdict::Fail
        } else if verdicts.contains(&Verdict::PassWithLoss) {
            Verdict::PassWithLoss
        } else {
            Verdict::Pass
        }
    }

    /// In the order of [`HEADINGS`].
    fn cells(&self) -> [String; 9] {
        let total = |part: fn(&Summary) -> usize| self.summaries().map(part).sum::<usize>();
        let [rpc, rpc_worst] = spread(self.summaries().map(|it| it.rpc_outage_s));
        let [submit, submit_worst] = spread(self.summaries().map(|it| it.submit_outage_s));
        let acknowledged = total(|it| it.acknowledged);
        let writers = self.summaries().map(|it| it.writers_max);
        let writers = writers.reduce(|a, b| Some(a?.max(b?))).flatten();
        [
            self.name.clone(),
            self.verdicts(),
            rpc,
            rpc_worst,
            submit,
            submit_worst,
            format!("{} of {acknowledged}", total(|it| it.lost)),
            total(|it| it.duplicated).to_string(),
            writers.map_or("?".to_owned(), |writers| writers.to_string()),
        ]
    }
}

/// Median (the longer of two in the middle) and worst.
fn spread(seconds: impl Iterator<Item = f64>) -> [String; 2] {
    let mut seconds: Vec<f64> = seconds.collect();
    seconds.sort_by(f64::total_cmp);
    let shown = |value: Option<&f64>| value.map_or("-".to_owned(), |value| short(*value));
    [shown(seconds.get(seconds.len() / 2)), shown(seconds.last())]
}

/// The index as Markdown.
pub fn render_markdown(campaign: &Campaign) -> String {
    let mut text = format!(
        "# Drills of cluster {}, {}\n\n",
        campaign.cluster,
        campaign.began.strftime("%Y-%m-%d %H:%M UTC")
    );
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(&HEADINGS.map(str::to_owned)));
    text.push_str(&line(&HEADINGS.map(|_| "---".to_owned())));
    for row in campaign.rows() {
        text.push_str(&line(&row.cells()));
    }
    let mut failures = campaign.failures().peekable();
    if failures.peek().is_some() {
        text.push_str("\nWhat was not survived, or not proven:\n\n");
    }
    for (name, why) in failures {
        let _ = writeln!(text, "- {name}: {why}");
    }
    if !campaign.again.is_empty() {
        text.push_str("\nTo play it again:\n\n");
    }
    for line in &campaign.again {
        let _ = writeln!(text, "    {line}");
    }
    text
}

/// The index as a page, with a link to each report.
pub fn render_index(campaign: &Campaign) -> String {
    let title = format!("Drills of cluster {}", campaign.cluster);
    let body = html! {
        h1 { (title) }
        p { "Begun " (campaign.began.strftime("%Y-%m-%d %H:%M UTC")) "." }
        div.scroll { (table(campaign)) }
        (failures(campaign))
        @if !campaign.again.is_empty() {
            h2 { "To play it again" }
            pre { @for line in &campaign.again { (line) "\n" } }
        }
    };
    page(&title, &body)
}

fn table(campaign: &Campaign) -> Markup {
    html! {
        table {
            thead { tr { @for heading in HEADINGS { th { (heading) } } th { "reports" } } }
            @for row in campaign.rows() {
                @let cells = row.cells();
                tr {
                    td { (cells[0]) }
                    td.(verdict_class(row.worst())) { (cells[1]) }
                    @for cell in &cells[2..] { td.number { (cell) } }
                    td {
                        @for (index, summary) in row.summaries().enumerate() {
                            @if let Some(page) = &summary.page { a href=(page) { (index + 1) } " " }
                        }
                    }
                }
            }
        }
    }
}

fn failures(campaign: &Campaign) -> Markup {
    let failures: Vec<_> = campaign.failures().collect();
    html! {
        @if !failures.is_empty() {
            h2 { "What was not survived, or not proven" }
            ul { @for (name, why) in failures { li { (name) ": " (why) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Side;

    fn summary(verdict: Verdict, rpc_outage_s: f64) -> Result<Summary, String> {
        Ok(Summary {
            verdict,
            reasons: vec!["2 controllers could write at the same time".to_owned()],
            submit_outage_s: rpc_outage_s + 1.0,
            rpc_outage_s,
            acknowledged: 40,
            lost: 1,
            duplicated: 2,
            writers_max: Some(1),
            page: Some("20270115T080000Z-power-loss.html".to_owned()),
        })
    }

    fn campaign(results: Vec<Result<Summary, String>>) -> Campaign {
        let faults = Combination::from(Fault::PowerLoss(Side::Active));
        let run = |result| Run { faults: faults.clone(), result };
        Campaign {
            cluster: "lab".to_owned(),
            began: Timestamp::from_second(1_800_000_000).unwrap(),
            runs: results.into_iter().map(run).collect(),
            again: Vec::new(),
        }
    }

    #[test]
    fn a_row_has_the_median_the_worst_and_all_losses() {
        let results = [9.0, 30.0, 12.0].map(|seconds| summary(Verdict::PassWithLoss, seconds));
        let campaign = campaign(results.to_vec());
        assert!(campaign.is_passed());
        let text = render_markdown(&campaign);
        let row =
            "| power-loss | 3 pass-with-loss | 12.0 | 30.0 | 13.0 | 31.0 | 3 of 120 | 6 | 1 |";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("not survived"), "{text}");
    }

    #[test]
    fn what_failed_or_was_not_run_is_said_in_words() {
        let not_run = Err("the cluster <was> not healthy".to_owned());
        let campaign = campaign(vec![summary(Verdict::Fail, 5.0), not_run]);
        assert!(!campaign.is_passed());
        let text = render_markdown(&campaign);
        assert!(text.contains("| 1 fail, 1 not run |"), "{text}");
        assert!(text.contains("- power-loss: 2 controllers could write"), "{text}");
        assert!(text.contains("- power-loss: not run: the cluster <was> not healthy"), "{text}");
        let page = render_index(&campaign);
        assert!(page.contains("href=\"20270115T080000Z-power-loss.html\""), "{page}");
        assert!(page.contains("&lt;was&gt;") && !page.contains("<was>"), "{page}");
    }

    /// What came together has a row of its own, whatever the times were.
    #[test]
    fn faults_that_came_together_have_a_row_and_are_named_with_their_times() {
        let mut campaign = campaign(vec![summary(Verdict::Pass, 9.0)]);
        for (text, verdict) in [
            ("kill-qnetd+kill-mariadb@4", Verdict::Pass),
            ("kill-qnetd+kill-mariadb@9", Verdict::Fail),
        ] {
            let faults = text.parse().unwrap();
            campaign.runs.push(Run { faults, result: summary(verdict, 3.0) });
        }
        campaign.again.push("slurmha drill random --seed 17 --minutes 30".to_owned());
        let text = render_markdown(&campaign);
        assert!(text.contains("| kill-qnetd+kill-mariadb | 1 pass, 1 fail | 3.0 |"), "{text}");
        assert!(text.contains("- kill-qnetd+kill-mariadb@9: 2 controllers"), "{text}");
        assert!(text.ends_with("again:\n\n    slurmha drill random --seed 17 --minutes 30\n"));
        assert!(render_index(&campaign).contains("--seed 17"));
        let json = serde_json::to_string(&campaign).unwrap();
        assert!(json.contains("\"fault\":\"kill-qnetd+kill-mariadb@4\""), "{json}");
        assert_eq!(serde_json::from_str::<Campaign>(&json).unwrap(), campaign);
    }

    #[test]
    fn a_campaign_without_drills_has_an_index() {
        let campaign = campaign(Vec::new());
        assert!(render_markdown(&campaign).starts_with("# Drills of cluster lab"));
        assert!(render_index(&campaign).contains("<table"));
    }
}
