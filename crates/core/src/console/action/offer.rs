// SPDX-License-Identifier: Apache-2.0
//! What is offered at this moment.

use serde::Serialize;

use super::{Action, Refusal, refusal};
use crate::site::{ActionKind, Site};
use crate::status::{Member, Status};
use crate::switchover::View;

/// What the page offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offers {
    /// The controller whose console does it.
    pub at: String,
    /// Where that is.
    pub address: String,
    /// Whether this console is that one.
    pub here: bool,
    /// What it does.
    pub offers: Vec<Offer>,
}

/// Something that can be done, or could.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Where it is asked for.
    pub path: String,
    /// What it is.
    pub title: String,
    /// Why not now.
    pub refusal: Option<Refusal>,
}

/// What this site allows, with why not now; nothing when it allows nothing.
///
/// The first controller's console does it, and no other: its machine has the
/// lock that keeps two administrators apart, and one place with a door is
/// enough. While that machine is away there is nothing to move to or from it.
pub fn offers(site: &Site, status: &Status) -> Option<Offers> {
    let console = site.console.as_ref()?;
    let allowed = &console.actions.as_ref()?.allowed;
    let first = &site.controllers[0];
    let mut actions = Vec::new();
    if allowed.contains(&ActionKind::Switchover) {
        let active = status.active.as_ref();
        let others = site.controllers.iter().filter(|it| Some(&it.name) != active);
        // Without an active one both are shown, each with the reason.
        actions.extend(others.map(|it| Action::Switchover(it.name.clone())));
    }
    if allowed.contains(&ActionKind::Standby) {
        actions.extend(site.controllers.iter().map(|it| {
            let is_aside = status
                .machines
                .iter()
                .any(|machine| machine.name == it.name && machine.member == Some(Member::Standby));
            match is_aside {
                true => Action::Unstandby(it.name.clone()),
                false => Action::Standby(it.name.clone()),
            }
        }));
    }
    let offers = actions.into_iter().map(|action| Offer {
        path: format!("/act/{}/{}", action.verb(), action.controller()),
        title: action.title(),
        refusal: refusal(site, status, View::Whole, &action),
    });
    Some(Offers {
        at: first.name.to_string(),
        address: format!("https://{}:{}/", first.address, console.port),
        here: false,
        offers: offers.collect(),
    })
}
