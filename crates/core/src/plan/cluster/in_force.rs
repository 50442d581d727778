// SPDX-License-Identifier: Apache-2.0
//! Daemons that run, and have not read what is (or is about to be) on the disk.

use std::path::Path;

use super::Seen;
use crate::layout;
use crate::plan::build::{Draft, PlannedStep};
use crate::plan::step::{Stage, Step};
use crate::plan::units;
use crate::render::cib::id;
use crate::render::corosync;
use crate::secret::Digest;
use crate::site::Site;
use crate::watch::hands_off;
use crate::xml::Element;

/// Daemons that run with an older configuration than the one on disk, or
/// than the one about to be written.
pub(super) fn plan(
    site: &Site,
    controllers: &[Seen<'_>],
    live: Option<&Element>,
    draft: &mut Draft,
) {
    for seen in controllers {
        if let Some(digest) = reload(seen, draft, "corosync.service", &COROSYNC) {
            let step = Step::ReloadCorosync { digest };
            // corosync-qdevice does not start before Corosync knows of the arbiter, and
            // does not start again once it knows of none ("Can't read quorum.device.model").
            if site.arbiter.is_some() {
                draft.push_first(Stage::Membership, seen.name(), step);
            } else {
                draft.push(Stage::Membership, seen.name(), step);
            }
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
    Reloadable { file: corosync::CONF, stamp: layout::COROSYNC_CONF_DIGEST };
const SLURM: Reloadable = Reloadable { file: layout::SLURM_CONF, stamp: layout::SLURM_CONF_DIGEST };

/// Digest of the file when the running daemon has not read it.
fn reload(seen: &Seen<'_>, draft: &Draft, unit: &str, what: &Reloadable) -> Option<Digest> {
    let path = Path::new(what.file);
    if !seen.is_active(unit) || !is_newer(seen, draft, unit, path) {
        return None;
    }
    let written = draft.text_of(seen.name(), path);
    if written.is_none() && was_read_again(seen, what) {
        return None;
    }
    let text = written.or_else(|| seen.text(path))?;
    Some(Digest::of(text.as_bytes()))
}

/// Whether the daemon was told of this text after it was written. An older
/// stamp says nothing, be it of the same text: the daemon may have read another
/// one since, from a hand or as it started.
fn was_read_again(seen: &Seen<'_>, what: &Reloadable) -> bool {
    let file = |path: &str| seen.observed.files.get(Path::new(path));
    let (Some(conf), Some(stamp)) = (file(what.file), file(what.stamp)) else { return false };
    let (Some(text), Some(digest)) = (&conf.text, &stamp.text) else { return false };
    stamp.modified >= conf.modified && digest.trim() == Digest::of(text.as_bytes()).0
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
    let (old, new) = (seen.text(path)?, draft.text_of(seen.name(), path)?);
    let is_one = |line: &&str| KEYS.iter().any(|key| line.starts_with(key));
    let not_in = |text: &str, line: &str| !text.lines().any(|known| known == line);
    let come = new.lines().filter(is_one).find(|line| not_in(old, line));
    let gone = || old.lines().filter(is_one).find(|line| not_in(new, line));
    come.or_else(gone).map(str::to_owned)
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
