// SPDX-License-Identifier: Apache-2.0
//! `slurmha status`: one screen.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use slurmha_core::layout::{DATABASE_MOUNT, DRBD_RESOURCE, DURABLE_UNIT, STATE_MOUNT, WATCH_UNIT};
use slurmha_core::observe::ObserveRequest;
use slurmha_core::site::{NodeName, Role, Site};
use slurmha_core::status::{Answers, Line, Status, Tone, Verdict, assemble, render};
use slurmha_host::{Local, System as _, observe};

use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::pause::pause;
use crate::site_file::{SiteFile, expand_home};

/// Compute nodes beyond this number are not asked one by one: their states
/// come from Slurm, and a screen must not cost ten thousand connections.
const ASKED_COMPUTE_NODES: usize = 16;

/// Exit status 0 means healthy; 6 means degraded, down or unknown. On a
/// machine of the cluster only that machine is asked, and the others are
/// shown as Pacemaker sees them.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look again every so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let source = Source::choose(&file, &args.reach)?;
    let Some(seconds) = args.watch else {
        let mut status = source.look(&file.site);
        // One answer that came too late is not worth an alarm.
        if status.is_worth_another_look() {
            status = source.look(&file.site);
        }
        print(&status, args.json, false)?;
        return match status.verdict {
            Verdict::Healthy => Ok(()),
            // The screen has said it.
            _ => Err(Failure::not_as_wanted("")),
        };
    };
    loop {
        let status = source.look(&file.site);
        // A reader that has gone away wants no more.
        if print(&status, args.json, true).is_err() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

/// Looks at the cluster once through ssh.
pub fn look(site: &Site, fleet: &Fleet) -> Status {
    let answers = fleet.observe(&requests(site));
    let told = |answer: Result<_, slurmha_host::RemoteError>| answer.map_err(|e| e.to_string());
    let answers: Answers = answers.into_iter().map(|(name, answer)| (name, told(answer))).collect();
    assemble(site, &answers)
}

/// What could not be asked is asked again for so long: a machine that is short
/// of time is not a broken one.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_secs(2);

/// Looks at the cluster, and looks again as long as nothing speaks against it
/// but that something gave no answer: for work that would be refused.
///
/// # Errors
/// When somebody pressed Ctrl-C meanwhile.
pub fn look_patiently(site: &Site, fleet: &Fleet) -> Result<Status, Failure> {
    let clock = Local::new();
    loop {
        let status = look(site, fleet);
        if !status.is_worth_another_look() || clock.elapsed() > PATIENCE {
            return Ok(status);
        }
        pause(PAUSE)?;
    }
}

/// How this machine learns about the cluster.
enum Source {
    /// It is a machine of the cluster, of this name.
    Here(NodeName),
    /// It reaches the machines through ssh.
    Ssh(Fleet),
}

impl Source {
    /// Machines of a cluster do not log in on each other as root, so on one
    /// of them only itself is asked, unless somebody has set up ssh there.
    fn choose(file: &SiteFile, reach: &Reach) -> Result<Self, Failure> {
        let config =
            reach.ssh_config.clone().or_else(|| file.site.ssh.config.as_deref().map(expand_home));
        let has_ssh_config = config.is_some_and(|path| path.exists());
        match own_name(&file.site) {
            Some(name) if !has_ssh_config => Ok(Self::Here(name)),
            _ => Ok(Self::Ssh(Fleet::open(file, reach, Patience::Glance)?)),
        }
    }

    fn look(&self, site: &Site) -> Status {
        match self {
            Self::Ssh(fleet) => look(site, fleet),
            Self::Here(name) => {
                let request = requests(site).remove(name).unwrap_or_default();
                let answer = Ok(observe(&Local::new(), &request));
                assemble(site, &Answers::from([(name.clone(), answer)]))
            }
        }
    }
}

/// This machine's name, if it is one of the site's.
fn own_name(site: &Site) -> Option<NodeName> {
    let bytes = Local::new().read("/proc/sys/kernel/hostname".as_ref()).ok().flatten()?;
    let name = NodeName(String::from_utf8_lossy(&bytes).trim().to_owned());
    site.machines().into_iter().map(|machine| machine.name).find(|known| *known == name)
}

/// File systems whose space is told.
const VOLUMES: [&str; 2] = [STATE_MOUNT, DATABASE_MOUNT];

/// What to ask each machine. Machines outside the control plane are only
/// asked whether they are there.
fn requests(site: &Site) -> BTreeMap<NodeName, ObserveRequest> {
    let asks_compute = site.compute_nodes().count() <= ASKED_COMPUTE_NODES;
    let durable = site.durable_submit.is_offered().then_some(DURABLE_UNIT);
    let units: Vec<String> = [WATCH_UNIT].into_iter().chain(durable).map(str::to_owned).collect();
    let request = |roles: &std::collections::BTreeSet<Role>| {
        let controller = roles.contains(&Role::Controller);
        ObserveRequest {
            cluster: controller,
            quorum: controller,
            drbd_resource: controller.then(|| DRBD_RESOURCE.to_owned()),
            spaces: if controller { VOLUMES.map(PathBuf::from).to_vec() } else { Vec::new() },
            units: if controller { units.clone() } else { Vec::new() },
            slurm: controller || roles.contains(&Role::Login),
            ..ObserveRequest::default()
        }
    };
    site.machines()
        .into_iter()
        .filter(|machine| asks_compute || !machine.roles.iter().all(|role| *role == Role::Compute))
        .map(|machine| (machine.name, request(&machine.roles)))
        .collect()
}

fn print(status: &Status, json: bool, again: bool) -> Result<(), Failure> {
    let text = match (json, again) {
        (true, false) => format!("{}\n", crate::json(status)?),
        // A line for each look, for a program that reads along.
        (true, true) => {
            format!("{}\n", serde_json::to_string(status).map_err(Failure::internal)?)
        }
        (false, _) => screen(status, again),
    };
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::internal)
}

fn screen(status: &Status, again: bool) -> String {
    let is_terminal = std::io::stdout().is_terminal();
    // An empty NO_COLOR means nothing (no-color.org).
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let text = paint(&render(status), is_terminal && !no_color);
    match (again, is_terminal) {
        // Home, and clear what is below; flickers less than clearing first.
        (true, true) => format!("\x1b[H{}\x1b[J", text.replace('\n', "\x1b[K\n")),
        (true, false) => format!("{text}\n"),
        (false, _) => text,
    }
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
