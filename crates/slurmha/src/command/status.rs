// SPDX-License-Identifier: Apache-2.0
//! `slurmha status`: one screen.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use slurmha_core::status::{Line, Tone, Verdict, render};

use crate::cli::Reach;
use crate::failure::Failure;
use crate::live::{self, Looker, Paint};
use crate::look::Source;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha status site.toml                  one screen
  slurmha status site.toml --watch          the same, live; q leaves
  slurmha status site.toml --watch --json   a line of JSON for each look

On a machine of the cluster only that machine is asked, and the others are shown
as Pacemaker sees them. Exit status 0 when the cluster is healthy, 6 when it is
degraded, down or unknown.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Stay and show what changes, until q; with --json a line for each look
    #[arg(long)]
    watch: bool,
    /// Seconds from the end of a look to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "watch",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.watch && !args.json && !std::io::stdout().is_terminal() {
        return Err(Failure::usage("--watch draws on a terminal, and standard output is none")
            .hint("slurmha status --watch --json prints a line for each look"));
    }
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let source = Source::choose(&file, &args.reach)?;
    let interval = Duration::from_secs(args.interval);
    match (args.watch, args.json) {
        (false, _) => once(&file, &source, args.json),
        (true, true) => lines(&file, &source, interval),
        (true, false) => watch(file, source, interval),
    }
}

fn once(file: &SiteFile, source: &Source, json: bool) -> Result<(), Failure> {
    let mut status = source.look(&file.site);
    // One answer that came too late is not worth an alarm.
    if status.is_worth_another_look() {
        status = source.look_again(&file.site);
    }
    let text = if json {
        format!("{}\n", crate::json(&status)?)
    } else {
        paint(&render(&status), std::io::stdout().is_terminal() && Paint::here().colours)
    };
    stdout::print(&text)?;
    match status.verdict {
        Verdict::Healthy => Ok(()),
        // The screen has said it.
        _ => Err(Failure::not_as_wanted("")),
    }
}

/// A line for each look, for a program that reads along, until it goes away.
fn lines(file: &SiteFile, source: &Source, interval: Duration) -> Result<(), Failure> {
    loop {
        let status = source.look(&file.site);
        let line = serde_json::to_string(&status).map_err(Failure::internal)?;
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away wants no more.
        if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
            return Ok(());
        }
        drop(stdout);
        std::thread::sleep(interval);
    }
}

fn watch(file: SiteFile, source: Source, interval: Duration) -> Result<(), Failure> {
    let requests = source.requests(&file.site);
    let cluster = file.site.cluster_name.clone();
    let machines = requests.keys().cloned().collect();
    let ask = move |name: &_| match requests.get(name) {
        Some(request) => source.ask(name, request),
        None => Err("it is not asked from here".to_owned()),
    };
    let looker = Looker::start(file.site, machines, interval, Arc::new(ask));
    live::show(&cluster, looker, interval, Paint::here())
}

/// The lines with what they mean as colours.
fn paint(lines: &[Line], colours: bool) -> String {
    if !colours {
        return slurmha_core::status::plain_text(lines);
    }
    let mut text = String::new();
    for line in lines {
        for span in &line.0 {
            match sgr(span.tone) {
                Some(code) => text.push_str(&format!("\x1b[{code}m{}\x1b[0m", span.text)),
                None => text.push_str(&span.text),
            }
        }
        text.push('\n');
    }
    text
}

/// Codes of ECMA-48's SGR.
fn sgr(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Title => Some("1"),
        Tone::Good => Some("32"),
        Tone::Warning => Some("33"),
        Tone::Bad => Some("1;31"),
        Tone::Faint => Some("2"),
    }
}
