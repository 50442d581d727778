// SPDX-License-Identifier: Apache-2.0
//! Daemons that run, and have not read what is (or is about to be) on the disk.

use std::path::Path;

use super::Seen;
use crate::layout;
use crate::plan::build::{Draft, PlannedStep};
use crate::plan::step::{Stage, Step};
use crate::plan::units;
use crate::render::cib::id;
use crate::secret::Digest;
use crate::site::Site;
use crate::watch::hands_off;
use crate::xml::Element;

/// Daemons that run with an older configuration than the one on disk, or
/// than the one about to be written.
pub(super) fn plan(controllers: &[Seen<'_>], live: Option<&Element>, draft: &mut Draft) {
    for seen in controllers {
        if let Some(digest) = reload(seen, draft, "corosync.service", &COROSYNC) {
            draft.push(Stage::Membership, seen.name(), Step::ReloadCorosync { digest });
        }
        if let Some(digest) = reload(seen, draft, "slurmctld.service", &SLURM) {
            let why = restarts(seen, draft).map(|line| format!("slurmctld restarts for `{line}`"));
            let step = Step::ReconfigureSlurm { digest };
            let step = PlannedStep::because(step, why.unwrap_or_default());
            draft.push(Stage::Resources, seen.name(), step);
        }
        for (unit, resource, path) in [
            ("slurmdbd.service", id::SLURMDBD, "/etc/slurm/slurmdbd.conf"),
            ("mariadb.service", id::MARIADB, "/etc/mysql/mariadb.conf.d/90-slurmha.cnf"),
        ] {
            if !seen.is_active(unit) || !is_newer(seen, draft, unit, Path::new(path)) {
                continue;
            }
            // Pacemaker refuses to restart what it does not manage.
            if let Some(why) = live.and_then(|cib| hands_off(cib, seen.name().as_str(), resource)) {
                draft.notes.push(format!(
                    "{resource} goes on with its older {path}, because {why}: `slurmha apply` \
                     again afterwards"
                ));
            } else {
                let step = Step::RestartResource { resource: resource.to_owned() };
                let step = PlannedStep::because(step, format!("reads {path}"));
                draft.push(Stage::Resources, seen.name(), step);
            }
        }
    }
}

/// The service beside a slurmctld that already runs; a slurmctld that is
/// started later brings it along.
pub(super) fn durable(site: &Site, controllers: &[Seen<'_>], draft: &mut Draft) {
    if !site.durable_submit.is_offered() {
        return;
    }
    let unit = layout::DURABLE_UNIT;
    for seen in controllers.iter().filter(|seen| seen.is_active("slurmctld.service")) {
        let file = Path::new(layout::DURABLE_UNIT_FILE);
        if !seen.is_active(unit) {
            let step = Step::StartUnit { unit: unit.to_owned() };
            draft.push(Stage::Resources, seen.name(), step);
        } else if is_newer(seen, draft, unit, file) {
            let step = Step::RestartUnit { unit: unit.to_owned() };
            let step = PlannedStep::because(step, format!("reads {}", file.display()));
            draft.push(Stage::Resources, seen.name(), step);
        }
    }
}

/// A file that its daemon can read again without a restart.
struct Reloadable {
    file: &'static str,
    /// Holds the digest of what was last read again.
    stamp: &'static str,
}

const COROSYNC: Reloadable =
    Reloadable { file: "/etc/corosync/corosync.conf", stamp: layout::COROSYNC_CONF_DIGEST };
const SLURM: Reloadable = Reloadable { file: layout::SLURM_CONF, stamp: layout::SLURM_CONF_DIGEST };

/// Digest of the file when the running daemon has not read it.
fn reload(seen: &Seen<'_>, draft: &Draft, unit: &str, what: &Reloadable) -> Option<Digest> {
    let path = Path::new(what.file);
    if !seen.is_active(unit) || !is_newer(seen, draft, unit, path) {
        return None;
    }
    let text = draft.text_of(seen.name(), path).or_else(|| text(seen, path))?;
    let digest = Digest::of(text.as_bytes());
    let stamp = text_of_stamp(seen, what.stamp);
    (stamp != Some(digest.0.as_str())).then_some(digest)
}

/// The first changed line of slurm.conf that a running slurmctld does not
/// take; slurm.conf(5) names these keys.
fn restarts(seen: &Seen<'_>, draft: &Draft) -> Option<String> {
    const KEYS: [&str; 9] = [
        "NodeName=",
        "AuthType=",
        "GresTypes=",
        "SelectType=",
        "SlurmctldHost=",
        "SlurmctldPort=",
        "StateSaveLocation=",
        "SchedulerType=",
        "TopologyPlugin=",
    ];
    let path = Path::new(SLURM.file);
    let (old, new) = (text(seen, path)?, draft.text_of(seen.name(), path)?);
    let changed = |line: &&str| !old.lines().any(|known| known == *line);
    let new_line = new.lines().filter(changed).find(|l| KEYS.iter().any(|key| l.starts_with(key)));
    new_line.map(str::to_owned)
}

fn text<'a>(seen: &Seen<'a>, path: &Path) -> Option<&'a str> {
    seen.observed.files.get(path)?.text.as_deref()
}

fn text_of_stamp<'a>(seen: &Seen<'a>, stamp: &str) -> Option<&'a str> {
    text(seen, Path::new(stamp)).map(str::trim)
}

fn is_newer(seen: &Seen<'_>, draft: &Draft, unit: &str, path: &Path) -> bool {
    if draft.text_of(seen.name(), path).is_some() {
        return true;
    }
    let since = seen.observed.units.get(unit).and_then(|unit| unit.since);
    match (units::modified(seen.observed, &path.to_owned()), since) {
        (Some(modified), Some(since)) => modified > since,
        _ => false,
    }
}
