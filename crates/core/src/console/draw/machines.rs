// SPDX-License-Identifier: Apache-2.0
//! Controllers, votes and fences.

use std::collections::BTreeMap;

use super::Seen;
use crate::console::picture::{Arbiter, Contact, Controller, Fact, Tone};
use crate::observe::{FencingEvent, Reading};
use crate::status::Member;

pub(super) fn controller(seen: &Seen<'_>, index: usize) -> Controller {
    let site = &seen.site.controllers[index];
    let name = site.name.to_string();
    let silent_since = seen.heard[index].silent_since(seen.now);
    let heard_at = seen.heard[index].last.as_ref().map(|(_, at)| *at);
    let contact = match (heard_at, silent_since) {
        (None, _) => Contact::Never,
        (Some(_), None) => Contact::Heard,
        (Some(_), Some(_)) => Contact::Silent,
    };
    let told = seen.cluster().map_or(Member::Unknown, |cluster| Member::told_by(cluster, &name));
    let is_active = seen.status.active.as_ref().is_some_and(|active| *active == site.name);
    Controller {
        address: site.address.to_string(),
        contact,
        heard_at,
        silent_since,
        member: member(told),
        is_gone: match told {
            Member::Unknown => None,
            told => Some(matches!(told, Member::Unclean | Member::Offline)),
        },
        is_being_fenced: told == Member::Unclean || is_fence_pending(seen, &name),
        role: role(told, is_active),
        is_active,
        remarks: remarks(seen, index),
        name,
    }
}

fn member(member: Member) -> Fact {
    let tone = match member {
        Member::Online => Tone::Good,
        Member::Standby | Member::Maintenance => Tone::Warning,
        Member::Pending => Tone::Notice,
        Member::Unclean | Member::Offline => Tone::Bad,
        Member::Unknown => Tone::Unknown,
    };
    Fact::new(tone, member.word())
}

fn role(member: Member, is_active: bool) -> Fact {
    match (member, is_active) {
        (_, true) => Fact::new(Tone::Good, "active"),
        (Member::Online, false) => Fact::new(Tone::Good, "ready to take over"),
        (Member::Standby, false) => Fact::new(Tone::Warning, "set aside"),
        (Member::Maintenance, false) => Fact::new(Tone::Warning, "left alone"),
        (Member::Pending, false) => Fact::new(Tone::Notice, "joins"),
        (Member::Unclean, false) => Fact::new(Tone::Bad, "lost, and not yet proved dead"),
        (Member::Offline, false) => Fact::new(Tone::Bad, "away"),
        (Member::Unknown, false) => Fact::unknown(),
    }
}

fn remarks(seen: &Seen<'_>, index: usize) -> Vec<Fact> {
    let name = seen.name(index);
    let mut remarks = Vec::new();
    if let Some(view) = seen.views[index] {
        if view.watch_running == Reading::Known(false) {
            remarks.push(Fact::new(Tone::Warning, "nobody watches for daemons that hang"));
        }
        if view.drbd.known().is_some_and(|drbd| drbd.suspended) {
            remarks.push(Fact::new(Tone::Bad, "DRBD holds back all writes"));
        }
    }
    let nodes = seen.cluster().map(|cluster| cluster.nodes.as_slice()).unwrap_or_default();
    if nodes.iter().any(|node| node.name == name && node.online && node.reaches_nobody) {
        remarks.push(Fact::new(Tone::Bad, "reaches nobody in the cluster network"));
    }
    remarks
}

pub(super) fn arbiter(seen: &Seen<'_>) -> Option<Arbiter> {
    let arbiter = seen.site.arbiter.as_ref()?;
    let vote = match &seen.status.quorum {
        Reading::Unknown(_) => Fact::unknown(),
        Reading::Known(quorum) => match quorum.qdevice {
            Some(true) => Fact::new(Tone::Good, "votes"),
            Some(false) => Fact::new(Tone::Warning, "gives no vote"),
            None => Fact::new(Tone::Warning, "is not registered"),
        },
    };
    Some(Arbiter { name: arbiter.name.to_string(), vote })
}

pub(super) fn quorum(seen: &Seen<'_>) -> Fact {
    let Reading::Known(quorum) = &seen.status.quorum else { return Fact::unknown() };
    let votes = format!("{} of {} votes", quorum.total_votes, quorum.expected_votes);
    match (quorum.quorate, quorum.total_votes < quorum.expected_votes) {
        (false, _) => Fact::new(Tone::Bad, format!("no quorum, {votes}")),
        (true, true) => Fact::new(Tone::Warning, format!("quorum with {votes}")),
        (true, false) => Fact::new(Tone::Good, format!("quorum with {votes}")),
    }
}

pub(super) fn fencing(seen: &Seen<'_>) -> Fact {
    match seen.cluster().map(|cluster| cluster.fencing_enabled) {
        None => Fact::unknown(),
        Some(true) => Fact::new(Tone::Good, "on"),
        Some(false) => Fact::new(Tone::Bad, "switched off"),
    }
}

/// Pacemaker's list is newest first.
pub(super) fn fences(seen: &Seen<'_>) -> BTreeMap<String, Fact> {
    let Some(cluster) = seen.cluster() else { return BTreeMap::new() };
    let latest = |name: &str| cluster.fencing.iter().find(|event| event.is_fence_of(name));
    let names = [0, 1].map(|index| seen.name(index));
    names.into_iter().filter_map(|name| Some((name.to_owned(), fence(latest(name)?)))).collect()
}

fn is_fence_pending(seen: &Seen<'_>, name: &str) -> bool {
    let mut fences = seen.cluster().into_iter().flat_map(|cluster| &cluster.fencing);
    fences.any(|event| event.is_fence_of(name) && event.status == "pending")
}

fn fence(event: &FencingEvent) -> Fact {
    let FencingEvent { target, delegate, completed, .. } = event;
    match event.status.as_str() {
        "success" => {
            Fact::new(Tone::Notice, format!("{target} was fenced by {delegate}, {completed}"))
        }
        "pending" => Fact::new(Tone::Notice, format!("{target} is being fenced")),
        status => {
            Fact::new(Tone::Bad, format!("{target} could not be fenced: {status}, {completed}"))
        }
    }
}
