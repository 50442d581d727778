// SPDX-License-Identifier: Apache-2.0
//! From what both controllers tell to one picture.
//!
//! Each is believed about itself; about the cluster the one that has quorum.
//! What is wrong, and what to type next, is what `slurmha status` says.

mod deeds;
mod machines;
mod network;
mod parts;
mod replication;
mod scheduler;

use jiff::Timestamp;

use super::action::offers;
use super::picture::{Fact, Picture, Tone};
use super::{Heard, View};
use crate::observe::ClusterStatus;
use crate::site::Site;
use crate::status::{self, Answers, Member, Status, Verdict};

/// The picture of the cluster at that time of the console's clock.
pub fn draw(site: &Site, heard: &[Heard; 2], now: Timestamp) -> Picture {
    let seen = Seen::new(site, heard, now);
    Picture {
        cluster: site.cluster_name.clone(),
        at: now,
        verdict: seen.status.verdict,
        headline: headline(&seen),
        problems: seen.status.problems.clone(),
        controllers: [0, 1].map(|index| machines::controller(&seen, index)),
        arbiter: machines::arbiter(&seen),
        links: network::links(&seen),
        vip: network::vip(&seen),
        quorum: machines::quorum(&seen),
        connection: replication::connection(&seen),
        volumes: replication::volumes(&seen),
        parts: parts::parts(&seen),
        fences: machines::fences(&seen),
        fencing: machines::fencing(&seen),
        scheduler: scheduler::scheduler(&seen),
        deeds: deeds::deeds(&seen),
        actions: offers(site, &seen.status),
        status: Some(seen.status.clone()),
    }
}

/// Everything that is known at one moment.
struct Seen<'a> {
    site: &'a Site,
    heard: &'a [Heard; 2],
    now: Timestamp,
    /// The last word of each controller, unless it is of the past.
    views: [Option<&'a View>; 2],
    status: Status,
}

impl<'a> Seen<'a> {
    fn new(site: &'a Site, heard: &'a [Heard; 2], now: Timestamp) -> Self {
        let fresh = [0, 1].map(|index| heard[index].view(now));
        let views = [0, 1].map(|own| fresh[own].filter(|_| !is_past(site, heard, fresh, own)));
        let mut answers = Answers::new();
        for (controller, (view, heard)) in site.controllers.iter().zip(views.iter().zip(heard)) {
            let answer = match view {
                Some(view) => Ok(view.observation()),
                None => Err(heard.trouble.clone().unwrap_or_else(|| "it says nothing".to_owned())),
            };
            answers.insert(controller.name.clone(), answer);
        }
        Self { site, heard, now, views, status: status::assemble(site, &answers) }
    }

    /// Pacemaker's opinion, of the controller that has quorum if there is one.
    fn cluster(&self) -> Option<&'a ClusterStatus> {
        self.teller().map(|(_, cluster)| cluster)
    }

    /// The same, with the place of the controller that tells it.
    fn teller(&self) -> Option<(usize, &'a ClusterStatus)> {
        let told = || {
            let views = self.views.iter().enumerate();
            views.filter_map(|(index, view)| Some((index, (*view)?.pacemaker.known()?)))
        };
        told().find(|(_, cluster)| cluster.with_quorum).or_else(|| told().next())
    }

    fn name(&self, index: usize) -> &'a str {
        self.site.controllers[index].name.as_str()
    }
}

/// Whether its last word is from before its loss: it took the other one for a
/// member, which has meanwhile said, with quorum, that it is none itself. Two
/// halves of a cluster that are both heard each miss the other one.
fn is_past(site: &Site, heard: &[Heard; 2], fresh: [Option<&View>; 2], own: usize) -> bool {
    let peer = 1 - own;
    let at = |index: usize| heard[index].last.as_ref().map(|(_, at)| *at);
    let cluster = |index: usize| fresh[index]?.pacemaker.known();
    let (Some(old), Some(new)) = (cluster(own), cluster(peer)) else { return false };
    let misses = |cluster, index: usize| {
        let name = site.controllers[index].name.as_str();
        matches!(Member::told_by(cluster, name), Member::Unclean | Member::Offline)
    };
    at(peer) > at(own) && new.with_quorum && misses(new, own) && !misses(old, peer)
}

fn headline(seen: &Seen<'_>) -> Fact {
    let status = &seen.status;
    let tone = match status.verdict {
        Verdict::Healthy => Tone::Good,
        Verdict::Degraded => Tone::Warning,
        Verdict::Down => Tone::Bad,
        Verdict::Unknown => Tone::Unknown,
    };
    if status.verdict == Verdict::Healthy
        && let Some(text) = not_all_told(seen)
    {
        return Fact::new(Tone::Notice, text);
    }
    let text = match (status.verdict, &status.active) {
        (Verdict::Healthy, Some(active)) => format!("All is well. {active} is active."),
        (Verdict::Healthy, None) => "All is well.".to_owned(),
        (Verdict::Degraded, Some(active)) if status.is_only_outside() => {
            format!("{active} serves. Not all compute and login nodes are well.")
        }
        (Verdict::Degraded, Some(active)) => {
            format!("{active} serves, but the next failure may not be survived.")
        }
        (Verdict::Degraded, None) => "It serves, but not all is well.".to_owned(),
        (Verdict::Down, _) => "The scheduler does not serve.".to_owned(),
        (Verdict::Unknown, _) => "Too little is known.".to_owned(),
    };
    Fact::new(tone, text)
}

/// While the controllers are brought to another version, one tells what that
/// version asks for: nothing speaks against what it does not tell, and nothing
/// for it.
fn not_all_told(seen: &Seen<'_>) -> Option<String> {
    let view = seen.views.iter().flatten().find(|view| !view.tells_all())?;
    let View { controller, version, .. } = view;
    Some(format!(
        "Nothing wrong in what is told; {controller} has slurmha {version}, which tells less \
         than `slurmha status`."
    ))
}
