// SPDX-License-Identifier: Apache-2.0
//! What can be done from the page: what that is, why not now, and what the
//! console and the helper that does it say to each other.
//!
//! The console has no rights. It shows who it serves what is offered, and
//! hands what they ask for, with the password that they typed for it, to the
//! helper, which runs as root and believes none of it: it looks at the
//! password, the site file and the cluster by itself.

mod offer;
pub mod page;
mod refusal;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::site::{ActionKind, NodeName, Site};

pub use self::offer::{Offer, Offers, offers};
pub use self::refusal::{Refusal, refusal, unsafe_move};

#[cfg(test)]
mod tests;

/// Something that a person can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verb", content = "controller")]
pub enum Action {
    /// Move the active role to this controller.
    Switchover(NodeName),
    /// Set this controller aside: it takes nothing over.
    Standby(NodeName),
    /// Take it back.
    Unstandby(NodeName),
}

impl Action {
    /// The action of that verb on a controller of this site; every other
    /// name is none.
    pub fn parse(site: &Site, verb: &str, controller: &str) -> Option<Self> {
        let mut names = site.controllers.iter().map(|controller| &controller.name);
        let name = names.find(|name| name.as_str() == controller)?.clone();
        match verb {
            "switchover" => Some(Self::Switchover(name)),
            "standby" => Some(Self::Standby(name)),
            "unstandby" => Some(Self::Unstandby(name)),
            _ => None,
        }
    }

    /// As it stands in an address.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Switchover(_) => "switchover",
            Self::Standby(_) => "standby",
            Self::Unstandby(_) => "unstandby",
        }
    }

    /// The controller that it is about.
    pub fn controller(&self) -> &NodeName {
        match self {
            Self::Switchover(name) | Self::Standby(name) | Self::Unstandby(name) => name,
        }
    }

    /// What allows it in the site file.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Switchover(_) => ActionKind::Switchover,
            Self::Standby(_) | Self::Unstandby(_) => ActionKind::Standby,
        }
    }

    /// Whether this site allows it.
    pub fn is_allowed(&self, site: &Site) -> bool {
        let actions = site.console.as_ref().and_then(|console| console.actions.as_ref());
        actions.is_some_and(|actions| actions.allowed.contains(&self.kind()))
            && site.controller(self.controller()).is_some()
    }

    /// What is done, as on a button.
    pub fn title(&self) -> String {
        match self {
            Self::Switchover(to) => format!("Move the active role to {to}"),
            Self::Standby(name) => format!("Set {name} aside"),
            Self::Unstandby(name) => format!("Take {name} back"),
        }
    }

    /// What will happen, a sentence each.
    pub fn consequences(&self) -> Vec<String> {
        match self {
            Self::Switchover(to) => vec![
                format!("slurmctld, slurmdbd, MariaDB, their volumes and the VIP move to {to}."),
                "Jobs go on. Clients wait some seconds and try again.".to_owned(),
                "If something fails on the way, the order is taken back, and Pacemaker decides \
                 alone. At no moment is a controller kept from taking over."
                    .to_owned(),
            ],
            Self::Standby(name) => vec![
                format!(
                    "Everything that Pacemaker runs on {name} stops, its copy of the data, too."
                ),
                format!(
                    "Until {name} is taken back the next failure is not survived: nothing can move \
                     to it."
                ),
                "The scheduler is not touched.".to_owned(),
            ],
            Self::Unstandby(name) => vec![
                format!("{name} takes part again, and gets what it has missed of the data."),
                "The scheduler is not touched, and stays where it is.".to_owned(),
            ],
        }
    }
}

/// What the console hands to the helper. No `Debug`: nothing is to print it.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// What is asked for.
    pub action: Action,
    /// The password of the actions, as it was typed.
    pub password: String,
    /// Who is signed in, for the journal.
    pub user: String,
    /// From where, for the journal.
    pub from: IpAddr,
}

/// The longest [`Order`] as a line, in bytes: a form with every byte escaped.
pub const LONGEST_ORDER: usize = 32 * 1024;

/// The longest [`Word`] as a line, in bytes.
pub const LONGEST_WORD: usize = 64 * 1024;

/// What the helper says, a line each. The first is `Wrong` or `In`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// That is not the password; nothing else follows.
    Wrong,
    /// It is, and the action is looked at.
    In,
    /// Something has been reached.
    Step(String),
    /// It is over; nothing else follows.
    Ended(Outcome),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The exit status of the same on the command line (`docs/guide/exit-status.md`).
    pub code: u8,
    /// What became of it, in the words of the command line.
    pub text: String,
    /// What to type next.
    pub next: Vec<String>,
}
