// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill all`: the catalogue, each drill on a fresh copy of the same
//! laboratory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::drill::{
    Campaign, Fault, Run, Scenario, Summary, Verdict, render_index, render_markdown,
};
use slurmha_core::site::Site;
use slurmha_host::{Local, System as _};
use slurmha_lab::Lab;
use slurmha_lab::interrupt::{interrupted, watch};

use super::{LoadArgs, check_durable};
use crate::cli::Reach;
use crate::command::lab;
use crate::drill::aftermath::settle;
use crate::drill::power::{LabPower, PowerSwitch};
use crate::drill::{Drill, default_directory, keep};
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::pause::pause;
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha lab freeze                                   keep the cluster as it is now
  slurmha drill all site.toml                          every drill once
  slurmha drill all site.toml --only power-loss,kill-slurmctld --rounds 3

Each drill begins with the laboratory as it was frozen; what happened since is forgotten, and the
laboratory is thawed once more in the end. The index is written after each drill, so that nothing
is lost at Ctrl-C; with the same --report another campaign adds to it. Exit status 0 when no drill failed, 6 when one did or could not be run.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// The laboratory; it has to be frozen once
    #[arg(long, value_name = "LAB", default_value = "default")]
    lab: String,
    /// Only these drills
    #[arg(long, value_name = "DRILL", value_delimiter = ',')]
    only: Vec<Fault>,
    /// How often each is run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    #[command(flatten)]
    load: LoadArgs,
    /// Where index and reports are kept; those of an earlier campaign are
    /// continued [default: a new directory in $XDG_STATE_HOME/slurmha/reports]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// The results of a campaign, beside its index.
const RESULTS: &str = "campaign.json";
/// How long a thawed cluster may take to be healthy.
const SETTLE_LIMIT: Duration = Duration::from_secs(600);
/// Emulated processors begin with nothing translated, and are so slow for
/// seconds that machines lose sight of each other.
const SETTLED: Duration = Duration::from_secs(15);

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let faults = if args.only.is_empty() { Fault::all() } else { args.only.clone() };
    for fault in &faults {
        check_durable(&args.load.scenario(*fault), &file.site)?;
    }
    // Looked at before hours are spent.
    let power = LabPower::open(&args.lab, &file.site)?;
    let lab = Lab::open(&args.lab).map_err(lab::Error::from)?;
    if !lab.status().thawable {
        let missing = slurmha_lab::Error::NotFrozen { lab: args.lab.clone() };
        return Err(lab::Error::from(missing).into());
    }
    let series = Series {
        site: &file.site,
        fleet: Fleet::open(&file, &args.reach, Patience::Work)?,
        power: &power,
        lab: &args.lab,
        directory: directory(args)?,
        progress: Progress::new(false),
    };
    watch();
    let campaign = series.run(&faults, args)?;
    stdout::print(&render_markdown(&campaign))?;
    if interrupted() {
        return Err(Failure::remote("interrupted; the index has what was done before"));
    }
    series.thaw()?;
    if campaign.is_passed() { Ok(()) } else { Err(Failure::not_as_wanted("")) }
}

/// A directory of its own for each campaign.
fn directory(args: &Args) -> Result<PathBuf, Failure> {
    let directory = args.report.clone().unwrap_or_else(|| {
        let name = Local::new().now().strftime("campaign-%Y%m%dT%H%M%SZ").to_string();
        default_directory().join(name)
    });
    fs::create_dir_all(&directory)
        .map_err(|error| Failure::usage(format!("cannot make {}: {error}", directory.display())))?;
    Ok(directory)
}

/// The campaign that was begun in this directory, or a new one.
fn begun(directory: &Path, cluster: &str) -> Result<Campaign, Failure> {
    let path = directory.join(RESULTS);
    let refuse = |why: String| {
        let failure = Failure::refused(format!("{} cannot be continued: {why}", path.display()));
        failure.hint("--report with a directory that does not exist begins anew")
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let (cluster, began) = (cluster.to_owned(), Local::new().now());
            return Ok(Campaign { cluster, began, runs: Vec::new() });
        }
        Err(error) => return Err(refuse(error.to_string())),
    };
    let campaign: Campaign =
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    if campaign.cluster != cluster {
        return Err(refuse(format!("it is of the cluster {}", campaign.cluster)));
    }
    Ok(campaign)
}

/// What all drills of a campaign have in common.
struct Series<'a> {
    site: &'a Site,
    fleet: Fleet,
    power: &'a LabPower,
    lab: &'a str,
    directory: PathBuf,
    progress: Progress,
}

impl Series<'_> {
    fn run(&self, faults: &[Fault], args: &Args) -> Result<Campaign, Failure> {
        let mut campaign = begun(&self.directory, &self.site.cluster_name)?;
        let total = faults.len() * args.rounds as usize;
        let rounds = (0..args.rounds).flat_map(|_| faults);
        for (index, &fault) in rounds.enumerate() {
            self.progress.stage(&format!("--- {} of {total}: {}", index + 1, fault.name()));
            let result = self.one(args.load.scenario(fault));
            if interrupted() {
                break;
            }
            if let Err(why) = &result {
                self.progress.stage(&format!("not run: {why}"));
            }
            campaign.runs.push(Run { fault, result });
            self.write(&campaign)?;
        }
        Ok(campaign)
    }

    /// One drill on a fresh copy; in words why there was none.
    fn one(&self, scenario: Scenario) -> Result<Summary, String> {
        let words = |failure: Failure| failure.message().to_owned();
        self.thaw().map_err(words)?;
        self.await_health().map_err(words)?;
        let power = scenario.fault.cuts_power().then_some(self.power as &dyn PowerSwitch);
        let drill = Drill {
            site: self.site,
            fleet: &self.fleet,
            power,
            scenario,
            keep_down: false,
            progress: &self.progress,
        };
        let outcome = drill.run().map_err(words)?;
        let page = keep(&self.directory, &outcome.report, &outcome.evidence);
        let page = page.map_err(|error| format!("its report was not kept: {error}"))?.html;
        let page = page.file_name().map(|name| name.to_string_lossy().into_owned());
        let summary = Summary::of(&outcome.report, page);
        self.progress.stage(&verdict(&summary));
        Ok(summary)
    }

    fn thaw(&self) -> Result<(), Failure> {
        let thawed = Lab::open(self.lab).and_then(|mut lab| lab.thaw(&self.progress));
        thawed.map_err(|error| lab::Error::from(error).into())
    }

    /// The drill looks itself, and says what is wrong when this was in vain.
    fn await_health(&self) -> Result<(), Failure> {
        self.progress.stage("waiting until the cluster is healthy");
        pause(SETTLED)?;
        settle(self.site, &self.fleet, SETTLE_LIMIT).map(drop)
    }

    fn write(&self, campaign: &Campaign) -> Result<(), Failure> {
        let json = crate::json(campaign)? + "\n";
        for (name, text) in [
            ("index.html", render_index(campaign)),
            ("index.md", render_markdown(campaign)),
            (RESULTS, json),
        ] {
            write(&self.directory.join(name), &text)?;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::remote(format!("cannot write {}: {error}", path.display())))
}

fn verdict(summary: &Summary) -> String {
    let reasons = match summary.verdict {
        Verdict::Pass => String::new(),
        _ => format!(": {}", summary.reasons.join("; ")),
    };
    format!("{}{reasons}", summary.verdict.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_goes_on_where_it_was_left() {
        let directory = tempfile::tempdir().unwrap();
        let put = |text: &str| fs::write(directory.path().join(RESULTS), text).unwrap();
        assert_eq!(begun(directory.path(), "lab").unwrap().runs, []);
        let fault = Fault::Switchover;
        let run = Run { fault, result: Err("ssh ended".to_owned()) };
        let began = "2026-01-02T03:04:05Z".parse().unwrap();
        let campaign = Campaign { cluster: "lab".to_owned(), began, runs: vec![run] };
        put(&crate::json(&campaign).unwrap());
        assert_eq!(begun(directory.path(), "lab").unwrap(), campaign);
        for (cluster, text) in [("other", None), ("lab", Some("{"))] {
            text.into_iter().for_each(put);
            let refusal = begun(directory.path(), cluster).unwrap_err();
            assert!(refusal.message().contains("cannot be continued"), "{}", refusal.message());
        }
    }
}
