// SPDX-License-Identifier: Apache-2.0
//! Makes running daemons read a changed file, and remembers which they read.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::layout;
use slurmha_core::plan::Outcome;
use slurmha_core::render::cib::id;
use slurmha_core::render::corosync;
use slurmha_core::secret::Digest;

use super::context::{Context, Look};
use super::files::ensure_parent;
use super::{StepError, resources};
use crate::command::CommandError;
use crate::hold::{self, Reread};
use crate::program::{corosync as corosync_tools, slurm as slurm_tools, systemctl};
use crate::system::{Ids, System, read_trimmed, write_atomically};

const QDEVICE: &str = "corosync-qdevice.service";

/// slurmctld's words (22.05) for a change that it cannot take while it runs.
const NEEDS_RESTART: &str = "require restart of the slurmctld daemon";
const SLURMCTLD_LIMIT: Duration = Duration::from_secs(120);

/// slurmdbd may have started a moment ago.
const SLURMDBD_LIMIT: Duration = Duration::from_secs(120);

pub(super) fn corosync(context: &Context<'_>, digest: &Digest) -> Result<Outcome, StepError> {
    let system = context.system;
    let record = Record { file: corosync::CONF, stamp: layout::COROSYNC_CONF_DIGEST };
    record.unless_read(system, digest, || {
        corosync_tools::reload(system)?;
        // corosync-qdevice reads its timeout once (3.0.3). With Corosync at a
        // shorter one it would vote too seldom, and the arbiter's vote would
        // come and go every two seconds.
        if systemctl::show_one(system, QDEVICE)?.state.active == "active" {
            systemctl::act(system, "restart", QDEVICE)?;
        }
        Ok(())
    })
}

pub(super) fn slurm(context: &Context<'_>, digest: &Digest) -> Result<Outcome, StepError> {
    let record = Record { file: layout::SLURM_CONF, stamp: layout::SLURM_CONF_DIGEST };
    record.unless_read(context.system, digest, || reconfigure_or_restart(context))
}

/// Some changes (nodes that come, go or change their CPUs among them) are not
/// taken by a running slurmctld: it is restarted through Pacemaker then, and
/// told again, so that the slurmds fetch the new file too.
fn reconfigure_or_restart(context: &Context<'_>) -> Result<(), StepError> {
    match hold::reconfigure(context.system) {
        Ok(Reread::NeedsRestart) => {}
        Err(CommandError::Failed { stderr, .. }) if stderr.contains(NEEDS_RESTART) => {}
        result => return Ok(result.map(drop)?),
    }
    context.progress("slurmctld has to be restarted to take this".to_owned())?;
    resources::restart(context, id::SLURMCTLD)?;
    let look = || match slurm_tools::reconfigure(context.system) {
        Ok(()) => Look::Ready(()),
        Err(error) => Look::Missing(format!("slurmctld does not answer yet ({error})")),
    };
    context.wait(SLURMCTLD_LIMIT, Duration::from_secs(1), look, |missing, after| {
        StepError::TooSlow { missing, after, hint: "journalctl --unit slurmctld".to_owned() }
    })
}

pub(super) fn register_cluster(context: &Context<'_>, cluster: &str) -> Result<Outcome, StepError> {
    let system = context.system;
    let look = || match slurm_tools::clusters(system, Duration::from_secs(20)) {
        Ok(clusters) => Look::Ready(clusters),
        Err(error) => Look::Missing(format!("slurmdbd does not answer ({error})")),
    };
    let clusters =
        context.wait(SLURMDBD_LIMIT, Duration::from_secs(2), look, |missing, after| {
            StepError::TooSlow { missing, after, hint: "journalctl --unit slurmdbd".to_owned() }
        })?;
    if clusters.iter().any(|known| known == cluster) {
        return Ok(Outcome::Unchanged);
    }
    slurm_tools::add_cluster(system, cluster)?;
    Ok(Outcome::Changed)
}

/// A file that a daemon reads again, and where it stands what it was told to
/// read.
struct Record {
    file: &'static str,
    stamp: &'static str,
}

impl Record {
    /// Acts unless the digest is on record and the file has not been written
    /// since, and records it afterwards: a run that was killed in between acts
    /// once more, which does no harm.
    fn unless_read(
        &self,
        system: &dyn System,
        digest: &Digest,
        act: impl FnOnce() -> Result<(), StepError>,
    ) -> Result<Outcome, StepError> {
        let (file, stamp) = (Path::new(self.file), Path::new(self.stamp));
        let is_recorded = read_trimmed(system, stamp).as_deref() == Some(digest.0.as_str());
        if is_recorded && written(system, stamp)? >= written(system, file)? {
            return Ok(Outcome::Unchanged);
        }
        act()?;
        ensure_parent(system, stamp)?;
        write_atomically(system, stamp, format!("{}\n", digest.0).as_bytes(), Ids::root(0o644))?;
        Ok(Outcome::Changed)
    }
}

fn written(system: &dyn System, path: &Path) -> Result<Option<Timestamp>, StepError> {
    Ok(system.metadata(path)?.map(|found| found.modified))
}
