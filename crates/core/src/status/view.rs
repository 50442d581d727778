// SPDX-License-Identifier: Apache-2.0
//! Which of several answers to believe.
//!
//! Every controller has its own opinion of the cluster. The one with quorum
//! is right: a controller without it knows that it cannot know.

use std::collections::BTreeMap;

use crate::observe::{
    ClusterStatus, Health, Observation, Preference, QuorumStatus, Reading, SlurmStatus,
};
use crate::site::{NodeName, Site};

/// The answer of each machine that was asked, or why there is none.
pub type Answers = BTreeMap<NodeName, Result<Observation, String>>;

/// Answers, seen as one.
pub(super) struct View<'a> {
    pub site: &'a Site,
    pub answers: &'a Answers,
}

impl<'a> View<'a> {
    /// What was seen on a machine that answered.
    pub fn observation(&self, name: &NodeName) -> Option<&'a Observation> {
        self.answers.get(name)?.as_ref().ok()
    }

    /// Every controller that answered.
    pub fn controllers(&self) -> impl Iterator<Item = (&'a NodeName, &'a Observation)> {
        let site = self.site;
        site.controllers.iter().filter_map(|c| Some((&c.name, self.observation(&c.name)?)))
    }

    /// Pacemaker's opinion, of the controller that has quorum if there is one.
    pub fn cluster(&self) -> Option<&'a ClusterStatus> {
        self.best(|o| o.cluster.known(), |cluster| cluster.with_quorum)
    }

    /// What somebody has moved by hand: the configuration is the same on both,
    /// and the first that can tell is believed. `None` where nobody was asked.
    pub fn preferences(&self) -> Option<&'a Reading<Vec<Preference>>> {
        let mut told = self.controllers().filter_map(|(_, o)| o.preferences.as_ref());
        let first = told.next()?;
        let known = |reading: &&Reading<_>| reading.known().is_some();
        Some(if known(&first) { first } else { told.find(known).unwrap_or(first) })
    }

    /// Corosync's opinion, of the controller that has quorum if there is one.
    pub fn quorum(&self) -> Reading<QuorumStatus> {
        match self.best(|o| o.quorum.known(), |quorum| quorum.quorate) {
            Some(quorum) => Reading::Known(quorum.clone()),
            None => Reading::Unknown(self.why_unknown(|o| &o.quorum)),
        }
    }

    /// What the arbiter gives to a controller: by that one's own word, or else
    /// by another's, which it has told.
    pub fn arbiter_vote(&self, name: &NodeName) -> Option<Option<bool>> {
        let own = || Some(self.observation(name)?.quorum.known()?.qdevice);
        let told = || {
            self.controllers()
                .find_map(|(_, o)| o.quorum.known()?.others.get(name.as_str()).copied())
        };
        own().or_else(told)
    }

    /// Why no controller could tell something.
    pub fn why_unknown<T: 'a>(&self, part: impl Fn(&'a Observation) -> &'a Reading<T>) -> String {
        let reason = |(name, observation): (&NodeName, &'a Observation)| match part(observation) {
            Reading::Known(_) => None,
            Reading::Unknown(why) => Some(format!("{name}: {why}")),
        };
        let reasons: Vec<String> = self.controllers().filter_map(reason).collect();
        if reasons.is_empty() {
            "no controller could be asked".to_owned()
        } else {
            reasons.join("; ")
        }
    }

    /// Whether both controllers believe to have quorum without the other.
    pub fn is_split(&self) -> bool {
        let alone = |(name, observation): (&NodeName, &Observation)| {
            observation.cluster.known().is_some_and(|cluster| {
                let others_gone =
                    cluster.nodes.iter().all(|node| node.name == name.as_str() || !node.online);
                cluster.with_quorum && others_gone
            })
        };
        self.controllers().filter(|controller| alone(*controller)).count() > 1
    }

    /// One daemon, asked from every machine that can: one good answer proves
    /// that it is up.
    pub fn health(&self, part: impl Fn(&SlurmStatus) -> &Health) -> Health {
        let told = || self.slurm().map(|(_, slurm)| part(slurm));
        let up = told().find(|health| **health == Health::Up);
        let down = told().find(|health| matches!(health, Health::Down(_)));
        let unknown = told().find(|health| matches!(health, Health::Unknown(_)));
        up.or(down).or(unknown).or_else(|| told().next()).cloned().unwrap_or_default()
    }

    /// What Slurm told, login nodes first: they see what users see.
    pub fn slurm(&self) -> impl Iterator<Item = (&'a NodeName, &'a SlurmStatus)> {
        let site = self.site;
        let logins = site.logins.iter().map(|login| &login.name);
        let controllers = site.controllers.iter().map(|controller| &controller.name);
        logins
            .chain(controllers)
            .filter_map(|name| Some((name, self.observation(name)?.slurm.known()?)))
    }

    fn best<T: 'a>(
        &self,
        part: impl Fn(&'a Observation) -> Option<&'a T>,
        informed: impl Fn(&T) -> bool,
    ) -> Option<&'a T> {
        let told = || self.controllers().filter_map(|(_, observation)| part(observation));
        told().find(|opinion| informed(opinion)).or_else(|| told().next())
    }
}
