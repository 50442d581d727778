// SPDX-License-Identifier: Apache-2.0
//! What to answer DRBD when it asks to have the peer fenced.
//!
//! DRBD calls the handler on a Primary that lost its peer (its I/O is frozen
//! until the answer) and on a Secondary that is promoted while disconnected
//! (promotion waits for it); drbd.conf(5), `fence-peer`. Wrong answers lose
//! data, so that there are only three of the six: [`Answer`].
//!
//! # What proves that the peer was fenced
//!
//! The fencer's history outlives incidents: a success of last week says
//! nothing about today. Pacemaker 2.1.5 itself dates it, in the CIB. Upon a
//! successful fence the controller writes `join=down` and `expected=down` and
//! deletes everything else below the node's `<node_state>`
//! (controld_fencing.c, `send_stonith_update`, `controld_section_all`); a node
//! that joins gets its `<lrm>` again (controld_join_dc.c, `do_dc_join_ack`)
//! and keeps it when it is lost, and also when it leaves cleanly
//! (controld_callbacks.c, `peer_update_callback`, deletes only its attributes
//! then). Therefore, for a node that is not there:
//!
//! - `<lrm>` present: it was a member after its last fencing, whatever the
//!   history says. A clean leave is of this kind: no fence.
//! - `<lrm>` absent, `join` and `expected` down: it was fenced and has not
//!   joined since. `expected` is written only by a join, a clean leave or a
//!   fence, so that a node this side has never seen does not pass.
//!
//! Both the erased record and a success in the history are asked for. Apart
//! from them only a fence request of this very call counts.
//!
//! # What proves that the peer cannot be promoted
//!
//! Updates of the CIB travel in Corosync's total order to every member, and
//! so does a question to one member's copy (daemons/based,
//! `parse_local_options_v2`). When the peer's own copy, asked after the
//! update, has the constraint, then no transition that starts later promotes
//! DRBD there, even if the cluster falls apart in the next moment.

use std::time::Duration;

use crate::observe::{DrbdStatus, NodeState, PeerRecord, ProcVolume, Reading};
use crate::render::cib::id;
use crate::xml::Element;

/// How the id of a constraint begins that keeps old data from being promoted;
/// the node's name follows.
pub const OUTDATED: &str = "slurmha-outdated-";

/// How long Pacemaker has to begin fencing by itself, counted from when the
/// peer is gone; on a primary that lost its peer from Corosync's membership,
/// no time at all.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer that makes no sense or does not come is asked for again
/// on a side that waits for its promotion: Pacemaker tries that again.
pub const UNKNOWN_LIMIT: Duration = Duration::from_secs(10);
/// How long all of it may take: less than Pacemaker gives a promotion (90 s).
pub const LIMIT: Duration = Duration::from_secs(60);
/// The same on a primary. DRBD asks once for each loss: after a "no" its I/O
/// stays frozen although the fence may succeed a minute later, so the answer
/// is kept back until there is one. More than a weekend and its holidays: whoever
/// repairs a BMC or confirms a fence by hand finds somebody who hears of it.
pub const PRIMARY_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a fence may take that is asked for here: `stonith-timeout`.
pub const FENCE_LIMIT: Duration = Duration::from_secs(60);
/// With less than this none is begun. Fence agents wait for 20 s until the power
/// is seen to be off (`power_timeout`, fencing.py of fence-agents 4.12).
pub const FENCE_LEAST: Duration = Duration::from_secs(25);
/// After a fence that failed, until the next one is asked for.
pub const FENCE_AGAIN: Duration = Duration::from_secs(60);
/// Time between two looks.
pub const POLL: Duration = Duration::from_millis(150);
/// The same after [`LIMIT`].
pub const LONG_POLL: Duration = Duration::from_secs(2);

/// The answers that slurmha gives; there is no 5 (peer down) without proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is proven: I/O stays frozen, promotion is refused.
    NotFenced = 1,
    /// The peer was not fenced and is kept from being promoted.
    Outdated = 4,
    /// The peer was fenced and has not been back since.
    Stonithed = 7,
}

/// Disks of the resource's volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// This side's, such as `UpToDate`.
    pub own: Vec<String>,
    /// The peer's, `DUnknown` when it is not connected.
    pub peer: Vec<String>,
    /// Whether this side is primary: it has frozen I/O, and is not waiting
    /// to be promoted.
    pub is_primary: bool,
}

impl Disks {
    /// From `/proc/drbd`; `None` when it does not tell all of these minors.
    pub fn of_minors(volumes: &[ProcVolume], minors: &[u32]) -> Option<Self> {
        let mut disks = Self::default();
        for minor in minors {
            let volume = volumes.iter().find(|v| v.minor == *minor && !v.disk.is_empty())?;
            disks.own.push(volume.disk.clone());
            disks.peer.push(volume.peer_disk.clone());
            disks.is_primary |= volume.role == "Primary";
        }
        Some(disks)
    }

    /// From `drbdsetup status`.
    pub fn of_status(status: &DrbdStatus) -> Self {
        Self {
            own: status.volumes.iter().map(|volume| volume.disk.clone()).collect(),
            peer: status.volumes.iter().map(|volume| volume.peer_disk.clone()).collect(),
            is_primary: status.role == "Primary",
        }
    }

    /// Whether this side has all of the newest data that it knows of.
    fn are_up_to_date(&self) -> bool {
        all_up_to_date(&self.own)
    }

    /// Whether the peer is connected: of one that is not, nothing is known but
    /// perhaps that its data are old.
    pub fn see_peer(&self) -> bool {
        let is_seen = |disk: &String| !matches!(disk.as_str(), "DUnknown" | "Outdated");
        !self.peer.is_empty() && self.peer.iter().all(is_seen)
    }

    /// Whether both sides have the same data: nobody is outdated any more.
    pub fn are_in_sync(&self) -> bool {
        all_up_to_date(&self.own) && all_up_to_date(&self.peer)
    }
}

fn all_up_to_date(disks: &[String]) -> bool {
    !disks.is_empty() && disks.iter().all(|disk| disk == "UpToDate")
}

/// What came of marking the peer as outdated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marking {
    /// The peer's own copy of the CIB has the mark.
    Confirmed,
    /// Pacemaker says that DRBD is promoted on the peer.
    PeerIsPromoted,
    /// It could not be done, or the peer does not answer.
    Failed(String),
}

/// Everything that an answer depends on.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// This node.
    pub own: String,
    /// The node that is to be fenced.
    pub peer: String,
    /// This side's disks.
    pub disks: Reading<Disks>,
    /// Whether this side was primary when that was last told.
    pub was_primary: bool,
    /// The CIB's record of the peer.
    pub record: Reading<PeerRecord>,
    /// Whether the fencer remembers a success; asked only when the record is
    /// that of a fenced node.
    pub fenced: Reading<bool>,
    /// What came of asking for the fence, if that was done.
    pub request: Option<Result<(), String>>,
    /// Since that ended.
    pub since_request: Duration,
    /// What came of marking the peer, if that was tried since the last look.
    pub marking: Option<Marking>,
    /// Since DRBD called.
    pub waited: Duration,
    /// Since the peer is not there.
    pub gone_for: Duration,
    /// Since something that is needed cannot be told.
    pub unknown_for: Duration,
}

impl Seen {
    /// How long an answer may take.
    pub fn limit(&self) -> Duration {
        if self.is_primary() { PRIMARY_LIMIT } else { LIMIT }
    }

    /// How long a fence may take that is asked for now.
    pub fn fence_limit(&self) -> Duration {
        self.limit().saturating_sub(self.waited).min(FENCE_LIMIT)
    }

    fn is_primary(&self) -> bool {
        self.disks.known().map_or(self.was_primary, |disks| disks.is_primary)
    }

    /// Whether a "no" could be the last word on frozen I/O: of a side that cannot
    /// tell what it is, too.
    fn may_be_primary(&self) -> bool {
        self.disks.known().is_none() || self.is_primary()
    }

    /// Whether the peer was fenced and has not been back since, whatever the
    /// answer to DRBD is.
    pub fn is_peer_fenced(&self) -> bool {
        let state = self.record.known().and_then(|record| record.state.as_ref());
        let is_erased = state.is_some_and(NodeState::is_erased);
        self.request == Some(Ok(())) || is_erased && self.fenced == Reading::Known(true)
    }

    /// Whether everything that could be asked was answered.
    pub fn is_known(&self) -> bool {
        let state = self.record.known().map(|record| record.state.as_ref());
        let Some(state) = state else { return false };
        let is_erased = state.is_some_and(NodeState::is_erased);
        self.disks.known().is_some() && (!is_erased || self.fenced.known().is_some())
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer DRBD, for this reason.
    Answer(Answer, String),
    /// Look again after [`POLL`]; what is waited for.
    Wait(String),
    /// Forbid promotion on the peer, which is alive or has left.
    Mark,
    /// Ask the fencer to fence the peer.
    Request,
}

/// The next thing to do. Called again and again it answers after
/// [`Seen::limit`].
pub fn decide(seen: &Seen) -> Decision {
    if seen.request == Some(Ok(())) {
        // Whatever else holds, but old data stay old.
        return own_data(seen).unwrap_or_else(|| {
            let reason = format!("the fencer confirmed that it fenced {} for this call", seen.peer);
            Decision::Answer(Answer::Stonithed, reason)
        });
    }
    if let Some(refusal) = own_data(seen) {
        return refusal;
    }
    if seen.disks.known().is_some_and(Disks::are_in_sync) {
        // A stall and no loss: DRBD has let its I/O go on by itself, and looks
        // at no answer any more (drbd_nl.c, `conn_try_outdate_peer`).
        let reason = format!("{} is connected again and has the same data", seen.peer);
        return Decision::Answer(Answer::NotFenced, reason);
    }
    let record = match &seen.record {
        Reading::Known(record) => record,
        Reading::Unknown(why) => return unknown(seen, "the cluster's state is not known", why),
    };
    match presence(record.state.as_ref()) {
        Presence::Member => mark(seen),
        Presence::Left => mark_absent(seen, record),
        Presence::Changing(what) => wait(seen, format!("{} is {what}", seen.peer)),
        Presence::Gone { fenced: true } => match &seen.fenced {
            Reading::Known(true) => {
                let reason = format!("{} was fenced and has not joined since", seen.peer);
                Decision::Answer(Answer::Stonithed, reason)
            }
            Reading::Known(false) => request(seen, record, "no success in the fencer's history"),
            Reading::Unknown(why) => unknown(seen, "the fencer's history is not known", why),
        },
        Presence::Gone { fenced: false } => request(seen, record, "not fenced since it was here"),
    }
}

/// Being able to shoot the other side does not make one's own data newer.
///
/// DRBD asks also when this side is only `Consistent`, which is what it is
/// after a start on which the peer was not there: the peer may have written
/// alone since.
fn own_data(seen: &Seen) -> Option<Decision> {
    let disks = match &seen.disks {
        Reading::Known(disks) => disks,
        Reading::Unknown(why) => return Some(unknown(seen, "DRBD's state is not known", why)),
    };
    if !disks.are_up_to_date() {
        let reason = format!("this side's disks are {}, not UpToDate", disks.own.join(", "));
        return Some(Decision::Answer(Answer::NotFenced, reason));
    }
    let record = seen.record.known()?;
    record.outdated.contains(&seen.own).then(|| {
        let reason = format!("{OUTDATED}{} says that {} has newer data", seen.own, seen.peer);
        Decision::Answer(Answer::NotFenced, reason)
    })
}

enum Presence {
    /// A member that takes part.
    Member,
    /// Stopped DRBD and left, as it was asked to.
    Left,
    /// Neither here nor gone.
    Changing(&'static str),
    /// Not there; whether the record is that of a fenced node.
    Gone { fenced: bool },
}

fn presence(state: Option<&NodeState>) -> Presence {
    let Some(state) = state else { return Presence::Gone { fenced: false } };
    if state.has_left() {
        return Presence::Left;
    }
    match (state.in_membership, state.online) {
        (true, true) if state.join == "member" => Presence::Member,
        (true, true) => Presence::Changing("joining"),
        (false, true) => Presence::Changing("leaving"),
        // Its Pacemaker is gone and its Corosync is not: it can be fenced,
        // and until then it is not.
        (true, false) => Presence::Gone { fenced: false },
        (false, false) => Presence::Gone { fenced: state.is_erased() },
    }
}

fn mark(seen: &Seen) -> Decision {
    let peer = &seen.peer;
    match &seen.marking {
        Some(Marking::Confirmed) => {
            let reason = format!("{peer} is a member and has {OUTDATED}{peer} in its CIB");
            Decision::Answer(Answer::Outdated, reason)
        }
        Some(Marking::PeerIsPromoted) => {
            let reason = format!("Pacemaker says that DRBD is promoted on {peer}");
            Decision::Answer(Answer::NotFenced, reason)
        }
        Some(Marking::Failed(why)) => wait(seen, format!("{peer} could not be marked: {why}")),
        None => Decision::Mark,
    }
}

/// A controller that is rebooted stops DRBD, hands the role over and leaves,
/// and the other one is promoted in the same moments. Shooting it would turn
/// every reboot into a power-off. Nothing starts DRBD there before it has
/// joined again, and with that comes the mark; alone, it would find itself
/// `Consistent` and be refused by its own handler.
fn mark_absent(seen: &Seen, record: &PeerRecord) -> Decision {
    let peer = &seen.peer;
    match &seen.marking {
        _ if record.outdated.contains(peer) => {
            let reason = format!("{peer} stopped DRBD and left, and {OUTDATED}{peer} is set");
            Decision::Answer(Answer::Outdated, reason)
        }
        Some(Marking::Failed(why)) => wait(seen, format!("{peer} could not be marked: {why}")),
        Some(_) => wait(seen, format!("{peer} is not marked yet")),
        None => Decision::Mark,
    }
}

/// Pacemaker fences by itself a node that was lost. It does not fence one
/// that left cleanly (with DRBD running, when it gets here), and gives up on one whose fencing failed often.
///
/// Without quorum nobody is asked: Pacemaker would not fence then, but
/// stonith_admin would, and an isolated side would shoot the healthy one.
fn request(seen: &Seen, record: &PeerRecord, missing: &str) -> Decision {
    let gone = format!("{} is gone, {missing}", seen.peer);
    let gone = match &seen.request {
        Some(Err(why)) => format!("{gone}; fencing failed: {why}"),
        _ => gone,
    };
    let has_just_failed = seen.request.is_some() && seen.since_request < FENCE_AGAIN;
    let is_due = is_urgent(seen) || seen.gone_for >= PATIENCE;
    if !record.quorate {
        wait(seen, format!("{gone}, and this side has no quorum to fence it"))
    } else if is_due && !has_just_failed && seen.fence_limit() >= FENCE_LEAST {
        Decision::Request
    } else {
        wait(seen, gone)
    }
}

/// Whether programs wait for the answer while Pacemaker still makes its plan
/// (more than a second). It fences whoever is lost from the membership without
/// having left, and its own request is then joined with ours.
///
/// Not when a machine's Pacemaker alone is gone: that may be coming back.
fn is_urgent(seen: &Seen) -> bool {
    let state = seen.record.known().and_then(|record| record.state.as_ref());
    let was_expected = |state: &NodeState| !state.in_membership && state.expected == "member";
    seen.is_primary() && state.is_some_and(was_expected)
}

fn wait(seen: &Seen, reason: String) -> Decision {
    wait_or_give_up(seen.waited >= seen.limit(), reason)
}

/// A machine that stands still for some seconds cannot tell, and would not be
/// asked again.
fn unknown(seen: &Seen, what: &str, why: &str) -> Decision {
    let is_enough = !seen.may_be_primary() && seen.unknown_for >= UNKNOWN_LIMIT;
    let is_over = seen.waited >= seen.limit() || is_enough;
    wait_or_give_up(is_over, format!("{what}: {why}"))
}

fn wait_or_give_up(is_over: bool, reason: String) -> Decision {
    if is_over { Decision::Answer(Answer::NotFenced, reason) } else { Decision::Wait(reason) }
}

/// The id of the constraint that marks a node.
pub fn mark_id(node: &str) -> String {
    format!("{OUTDATED}{node}")
}

/// The constraint that keeps DRBD from being promoted on a node with old
/// data. It runs there all the same: that is how it gets the new.
pub fn mark_element(node: &str) -> Element {
    Element::new("rsc_location")
        .with("id", mark_id(node))
        .with("rsc", id::DRBD_CLONE)
        .with("role", "Promoted")
        .with("node", node)
        .with("score", "-INFINITY")
}

#[cfg(test)]
mod tests;
