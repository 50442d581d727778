// SPDX-License-Identifier: Apache-2.0
//! The cheapest questions that tell what an answer depends on.

use std::path::Path;
use std::time::Duration;

use slurmha_core::fence_peer::{Disks, Seen};
use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::{NodeState, Reading, parse_proc_drbd};
use slurmha_host::System;
use slurmha_host::program::{drbd, pacemaker, stonith};
use slurmha_host::system::read_trimmed;

use super::{LATE_QUESTION, QUESTION, reading};

/// Minors of the resource's volumes, as `render::drbd` numbers them.
const MINORS: [u32; 2] = [0, 1];

/// This machine's name: DRBD, Corosync and Pacemaker all go by it.
pub(super) fn own_name(system: &dyn System) -> String {
    read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default()
}

/// `/proc/drbd` first: it takes no process and no lock while DRBD waits for
/// us. DRBD 9 tells nothing there.
pub fn disks(system: &dyn System) -> Reading<Disks> {
    let text = match system.read(Path::new("/proc/drbd")) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => return Reading::Unknown("there is no /proc/drbd".to_owned()),
        Err(error) => return Reading::Unknown(error.to_string()),
    };
    match parse_proc_drbd(&text) {
        Err(error) => Reading::Unknown(error.to_string()),
        Ok(volumes) => match Disks::of_minors(&volumes, &MINORS) {
            Some(disks) => Reading::Known(disks),
            None => reading(drbd::status(system, DRBD_RESOURCE, QUESTION))
                .map(|status| Disks::of_status(&status)),
        },
    }
}

/// Looks at this side.
pub(super) fn own_disks(system: &dyn System, seen: &mut Seen) {
    seen.disks = disks(system);
    if let Some(disks) = seen.disks.known() {
        seen.was_primary = disks.is_primary;
    }
}

/// Looks at the peer; the fencer's history only when it can decide.
pub(super) fn peer(system: &dyn System, seen: &mut Seen) {
    // A promotion has no time for that: Pacemaker tries it again.
    let more = if seen.was_primary { seen.unknown_for } else { Duration::ZERO };
    let patience = (QUESTION + more).min(LATE_QUESTION);
    seen.record = reading(pacemaker::peer_record(system, &seen.peer, patience));
    let record = seen.record.known();
    let is_fenced = record.and_then(|it| it.state.as_ref()).is_some_and(NodeState::is_erased);
    if is_fenced {
        let history = reading(stonith::history(system, &seen.peer, patience));
        seen.fenced = history.map(|events| events.iter().any(|it| it.has_fenced(&seen.peer)));
    }
}

/// Since when, on the machine's clock, the peer is not there, something cannot be
/// told, and nobody was asked for a fence.
#[derive(Default)]
pub(super) struct Since {
    gone: Option<Duration>,
    unknown: Option<Duration>,
    request: Option<Duration>,
}

impl Since {
    /// A fence that was asked for has ended.
    pub(super) fn request(&mut self, now: Duration) {
        self.request = Some(now);
    }

    pub(super) fn measure(&mut self, seen: &mut Seen, now: Duration) {
        let state = seen.record.known().map(|record| record.state.as_ref());
        let is_online = |state: Option<&NodeState>| state.is_some_and(|state| state.online);
        let is_gone = state.is_some_and(|state| !is_online(state));
        seen.gone_for = how_long(&mut self.gone, is_gone, now);
        seen.unknown_for = how_long(&mut self.unknown, !seen.is_known(), now);
        seen.since_request = self.request.map_or(Duration::ZERO, |at| now.saturating_sub(at));
    }
}

fn how_long(since: &mut Option<Duration>, is_so: bool, now: Duration) -> Duration {
    if !is_so {
        *since = None;
        return Duration::ZERO;
    }
    now.saturating_sub(*since.get_or_insert(now))
}

/// What was seen, for the journal.
pub(super) fn summary(seen: &Seen) -> String {
    let disks = match &seen.disks {
        Reading::Known(disks) => disks.own.join(","),
        Reading::Unknown(_) => "unknown".to_owned(),
    };
    let peer = match &seen.record {
        Reading::Unknown(_) => "unknown".to_owned(),
        Reading::Known(record) => match &record.state {
            None => "never seen".to_owned(),
            Some(state) => format!(
                "in_ccm={} crmd={} join={} expected={} lrm={}",
                state.in_membership, state.online, state.join, state.expected, state.has_history
            ),
        },
    };
    let quorate = seen.record.known().is_some_and(|record| record.quorate);
    let requested = seen.request.is_some();
    format!("disks {disks}, quorum {quorate}, peer {peer}, fence requested {requested}")
}
