// SPDX-License-Identifier: Apache-2.0
//! Waits until the controllers are members and Pacemaker knows it.

use std::time::Duration;

use slurmha_core::plan::Outcome;
use slurmha_core::site::NodeName;

use super::StepError;
use super::context::{Context, Look};
use crate::observe::QUERY_TIMEOUT;
use crate::program::{corosync, pacemaker};
use crate::system::System;

/// Daemons start, corosync forms, Pacemaker elects: seconds on real hardware,
/// a minute in an emulated machine.
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn wait(context: &Context<'_>, members: &[NodeName]) -> Result<Outcome, StepError> {
    let look = || match missing(context.system, members) {
        None => Look::Ready(Outcome::Unchanged),
        Some(missing) => Look::Missing(missing),
    };
    context.wait(LIMIT, PAUSE, look, |missing, after| StepError::TooSlow {
        missing,
        after,
        hint: "corosync-quorumtool -s; crm_mon -1; \
               journalctl --unit corosync --unit pacemaker --lines 50"
            .to_owned(),
    })
}

/// What is still missing, if anything.
fn missing(system: &dyn System, members: &[NodeName]) -> Option<String> {
    match corosync::quorum(system, QUERY_TIMEOUT) {
        Err(error) => return Some(format!("Corosync does not answer ({error})")),
        Ok(quorum) if !quorum.quorate => {
            let (total, expected) = (quorum.total_votes, quorum.expected_votes);
            return Some(format!("no quorum, {total} of {expected} votes"));
        }
        Ok(_) => {}
    }
    let status = match pacemaker::status(system, QUERY_TIMEOUT) {
        Err(error) => return Some(format!("Pacemaker does not answer ({error})")),
        Ok(status) => status,
    };
    let ready = |name: &NodeName| {
        let mut nodes = status.nodes.iter().filter(|node| node.name == name.as_str());
        nodes.any(|node| node.online && !node.pending && !node.unclean)
    };
    let absent: Vec<&str> =
        members.iter().filter(|name| !ready(name)).map(NodeName::as_str).collect();
    if !absent.is_empty() {
        return Some(format!("Pacemaker does not count {} as online", absent.join(" and ")));
    }
    status.dc.is_none().then(|| "Pacemaker has not elected its DC".to_owned())
}
