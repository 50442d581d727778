// SPDX-License-Identifier: Apache-2.0
//! What is worth a line on the terminal while a fault is survived.

use slurmha_core::drill::{ControllerState, ProcessFate};
use slurmha_core::site::NodeName;

use super::preflight::Cast;
use super::seen::Seen;

/// Each piece of news is told once.
#[derive(Default)]
pub struct News {
    told: Vec<&'static str>,
}

impl News {
    /// What is new, and where.
    pub fn look(&mut self, seen: &Seen, cast: &Cast) -> Vec<(NodeName, &'static str)> {
        let state = seen.last_state(&cast.survivor).unwrap_or_default();
        let fate = seen.process().unwrap_or_default();
        let survivor = self.of_takeover(&state).into_iter().map(|n| (cast.survivor.clone(), n));
        let victim = self.of_process(&fate).into_iter().map(|n| (cast.victim.clone(), n));
        survivor.collect::<Vec<_>>().into_iter().chain(victim.collect::<Vec<_>>()).collect()
    }

    fn of_takeover(&mut self, state: &ControllerState) -> Vec<&'static str> {
        self.untold([
            (state.drbd_role.as_deref() == Some("Primary"), "DRBD is primary"),
            (state.state_mounted == Some(true), "the state is mounted"),
            (state.vip == Some(true), "holds the VIP"),
            (state.slurmctld == Some(true), "slurmctld runs"),
            (state.mariadbd == Some(true), "MariaDB runs"),
            (state.slurmdbd == Some(true), "slurmdbd runs"),
        ])
    }

    fn of_process(&mut self, fate: &ProcessFate) -> Vec<&'static str> {
        self.untold([
            (fate.restarted.is_some(), "it was started again"),
            (fate.answered.is_some(), "it answers again"),
        ])
    }

    fn untold<const N: usize>(&mut self, news: [(bool, &'static str); N]) -> Vec<&'static str> {
        let news: Vec<_> = news
            .into_iter()
            .filter(|(reached, piece)| *reached && !self.told.contains(piece))
            .map(|(_, piece)| piece)
            .collect();
        self.told.extend(&news);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_takeover_is_told_once() {
        let mut news = News::default();
        let mut state = ControllerState::default();
        assert_eq!(news.of_takeover(&state), [""; 0]);
        state.drbd_role = Some("Primary".to_owned());
        state.vip = Some(true);
        assert_eq!(news.of_takeover(&state), ["DRBD is primary", "holds the VIP"]);
        state.slurmctld = Some(true);
        assert_eq!(news.of_takeover(&state), ["slurmctld runs"]);
    }
}
