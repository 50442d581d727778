// SPDX-License-Identifier: Apache-2.0
//! Drills in one laboratory, one after the other, with an index of what came
//! of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slurmha_core::drill::{
    Campaign, Combination, Fault, Run, Scenario, Summary, Verdict, render_index, render_markdown,
};
use slurmha_core::site::Site;
use slurmha_host::command::quote;
use slurmha_host::{Local, System as _};
use slurmha_lab::Lab;
use slurmha_lab::interrupt::{interrupted, watch};

use super::check_durable;
use super::load::LoadArgs;
use crate::cli::Reach;
use crate::command::lab;
use crate::drill::aftermath::{Wanted, settle};
use crate::drill::guard::Guard;
use crate::drill::power::{LabPower, PowerSwitch};
use crate::drill::{Drill, can_keep, default_directory, keep};
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience, ssh_config};
use crate::pause::pause;
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
pub struct SeriesArgs {
    #[command(flatten)]
    reach: Reach,
    /// The laboratory; it has to be frozen once
    #[arg(long, value_name = "LAB", default_value = "default")]
    lab: String,
    #[command(flatten)]
    pub load: LoadArgs,
    /// Where index and reports are kept; those of an earlier campaign are
    /// continued [default: a new directory in $XDG_STATE_HOME/slurmha/reports]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

impl SeriesArgs {
    /// The site file, when it was named.
    pub fn site(&self) -> Option<&Path> {
        self.reach.site.as_deref()
    }

    /// All that was typed beside the drills.
    fn options(&self) -> String {
        let site = self.site().map(|path| quote(&path.to_string_lossy()));
        let own = self.reach.ssh_config.as_ref();
        let own = own.map(|path| format!("--ssh-config {}", quote(&path.to_string_lossy())));
        let lab = (self.lab != "default").then(|| format!("--lab {}", quote(&self.lab)));
        let options = site.into_iter().chain(own).chain(lab).chain(self.load.options());
        options.map(|option| format!(" {option}")).collect()
    }
}

/// The results of a campaign, beside its index.
const RESULTS: &str = "campaign.json";
/// How long a thawed cluster may take to be healthy.
const SETTLE_LIMIT: Duration = Duration::from_secs(600);
/// Emulated processors begin with nothing translated, and are so slow for
/// seconds that machines lose sight of each other.
const SETTLED: Duration = Duration::from_secs(15);

/// What all drills of a campaign have in common.
pub struct Series<'a> {
    args: &'a SeriesArgs,
    site: &'a Site,
    fleet: Arc<Fleet>,
    power: LabPower,
    directory: PathBuf,
    campaign: Campaign,
    pub progress: Progress,
}

impl<'a> Series<'a> {
    /// Looks at everything before hours are spent.
    pub fn open(file: &'a SiteFile, args: &'a SeriesArgs) -> Result<Self, Failure> {
        let way = ssh_config(file, &args.reach);
        let power = LabPower::open(&args.lab, &file.site, way.as_deref())?;
        let lab = Lab::open(&args.lab).map_err(lab::Error::from)?;
        if !lab.status().thawable {
            let missing = slurmha_lab::Error::NotFrozen { lab: args.lab.clone() };
            return Err(lab::Error::from(missing).into());
        }
        // What is the same for every fault.
        check_durable(&args.load.scenario(&Fault::Switchover.into()), &file.site)?;
        let directory = directory(args)?;
        let series = Self {
            args,
            site: &file.site,
            fleet: Arc::new(Fleet::open(file, &args.reach, Patience::Work)?),
            power,
            campaign: begun(&directory, &file.site.cluster_name)?,
            directory,
            progress: Progress::new(false),
        };
        watch();
        Ok(series)
    }

    /// Puts the laboratory back to when it was frozen; what the cluster lacks then. A drill
    /// looks itself, and says what is wrong when this was in vain.
    pub fn begin_anew(&self) -> Result<Vec<String>, Failure> {
        self.thaw()?;
        self.progress.stage("waiting until the cluster is healthy");
        pause(SETTLED)?;
        let wanted = Wanted { limit: SETTLE_LIMIT, accepts_weakness: false };
        settle(self.site, &self.fleet, wanted).map(|after| after.lacking)
    }

    /// What to type beside the drills to play them in the same way.
    pub fn options(&self) -> String {
        self.args.options()
    }

    /// One drill with the laboratory as it is, kept in the index. `None` when
    /// somebody pressed Ctrl-C: then there is no result.
    pub fn play(&mut self, faults: &Combination) -> Result<Option<&Run>, Failure> {
        let result = self.drill(self.args.load.scenario(faults));
        self.keep(faults, result)
    }

    /// The same from the frozen laboratory.
    pub fn play_anew(&mut self, faults: &Combination) -> Result<Option<&Run>, Failure> {
        let scenario = self.args.load.scenario(faults);
        let result = self.begin_anew().and_then(|_| self.drill(scenario));
        self.keep(faults, result)
    }

    /// Watches both controllers from now on, also between drills.
    pub fn guard(&self) -> Guard {
        Guard::begin(self.site, Arc::clone(&self.fleet))
    }

    /// The last drill has failed, whatever it says itself.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn condemn(&mut self, why: &str) -> Result<(), Failure> {
        self.progress.stage(why);
        if let Some(Ok(summary)) = self.campaign.runs.last_mut().map(|run| run.result.as_mut()) {
            summary.verdict = Verdict::Fail;
            summary.reasons.push(why.to_owned());
        }
        self.write()
    }

    /// Keeps in the index what to type to play something again.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn note_again(&mut self, line: String) -> Result<(), Failure> {
        if !self.campaign.again.contains(&line) {
            self.campaign.again.push(line);
        }
        self.write()
    }

    /// Prints the index; the laboratory is left as it was frozen.
    pub fn end(self) -> Result<(), Failure> {
        stdout::print(&render_markdown(&self.campaign))?;
        if interrupted() {
            return Err(Failure::remote("interrupted; the index has what was done before"));
        }
        self.thaw()?;
        if self.campaign.is_passed() { Ok(()) } else { Err(Failure::not_as_wanted("")) }
    }

    fn keep(
        &mut self,
        faults: &Combination,
        result: Result<Summary, Failure>,
    ) -> Result<Option<&Run>, Failure> {
        if interrupted() {
            return Ok(None);
        }
        let result = result.map_err(|failure| failure.message().to_owned());
        let run = Run { faults: faults.clone(), result };
        match &run.result {
            Ok(summary) => self.progress.stage(&verdict(summary)),
            Err(why) => self.progress.stage(&format!("not run: {why}")),
        }
        self.campaign.runs.push(run);
        self.write()?;
        Ok(self.campaign.runs.last())
    }

    fn drill(&self, scenario: Scenario) -> Result<Summary, Failure> {
        let power = scenario.any(Fault::cuts_power).then_some(&self.power as &dyn PowerSwitch);
        let drill = Drill {
            site: self.site,
            fleet: &self.fleet,
            power,
            scenario,
            keep_down: false,
            accepts_weakness: false,
            progress: &self.progress,
        };
        let outcome = drill.run()?;
        let page = keep(&self.directory, &outcome.report, &outcome.evidence);
        let page = page.map_err(|error| {
            Failure::remote(format!(
                "its report was not kept in {}: {error}",
                self.directory.display()
            ))
        })?;
        let page = page.html.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Summary::of(&outcome.report, page))
    }

    fn thaw(&self) -> Result<(), Failure> {
        let thawed = Lab::open(&self.args.lab).and_then(|mut lab| lab.thaw(&self.progress));
        thawed.map_err(|error| lab::Error::from(error).into())
    }

    fn write(&self) -> Result<(), Failure> {
        let json = crate::json(&self.campaign)? + "\n";
        for (name, text) in [
            ("index.html", render_index(&self.campaign)),
            ("index.md", render_markdown(&self.campaign)),
            (RESULTS, json),
        ] {
            let path = self.directory.join(name);
            fs::write(&path, text).map_err(|error| {
                Failure::remote(format!("cannot write {}: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}

/// A directory of its own for each campaign.
fn directory(args: &SeriesArgs) -> Result<PathBuf, Failure> {
    let directory = args.report.clone().unwrap_or_else(|| {
        let name = Local::new().now().strftime("campaign-%Y%m%dT%H%M%SZ").to_string();
        default_directory().join(name)
    });
    can_keep(&directory).map_err(|error| {
        let shown = directory.display();
        Failure::usage(format!("reports cannot be kept in {shown}, nothing was broken: {error}"))
            .hint("name another directory with --report")
    })?;
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
            return Ok(Campaign { cluster, began, runs: Vec::new(), again: Vec::new() });
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

fn verdict(summary: &Summary) -> String {
    let reasons = match summary.verdict {
        Verdict::Pass => String::new(),
        _ => format!(": {}", summary.reasons.join("; ")),
    };
    format!("{}{reasons}", summary.verdict.word())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        series: SeriesArgs,
    }

    #[test]
    fn what_is_to_be_typed_again_is_all_that_was_typed() {
        let options = |typed: &[&str]| {
            let typed = Typed::parse_from([&["random"], typed].concat());
            typed.series.options()
        };
        assert_eq!(options(&["site.toml", "--rate", "1"]), " site.toml");
        let typed = ["--lab", "b", "--rate", "5", "--mix", "plain", "--durable", "--seconds", "60"];
        let again = " --lab b --seconds 60 --rate 5 --durable --mix plain";
        assert_eq!(options(&typed), again);
    }

    #[test]
    fn a_campaign_goes_on_where_it_was_left() {
        let directory = tempfile::tempdir().unwrap();
        let put = |text: &str| fs::write(directory.path().join(RESULTS), text).unwrap();
        assert_eq!(begun(directory.path(), "lab").unwrap().runs, []);
        let faults = "cut-replication-link:30+kill-slurmctld@5".parse().unwrap();
        let run = Run { faults, result: Err("ssh ended".to_owned()) };
        let began = "2026-01-02T03:04:05Z".parse().unwrap();
        let again = vec!["slurmha drill random --seed 7".to_owned()];
        let campaign = Campaign { cluster: "lab".to_owned(), began, runs: vec![run], again };
        put(&crate::json(&campaign).unwrap());
        assert_eq!(begun(directory.path(), "lab").unwrap(), campaign);
        for (cluster, text) in [("other", None), ("lab", Some("{"))] {
            text.into_iter().for_each(put);
            let refusal = begun(directory.path(), cluster).unwrap_err();
            assert!(refusal.message().contains("cannot be continued"), "{}", refusal.message());
        }
    }
}
