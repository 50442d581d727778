// SPDX-License-Identifier: Apache-2.0
//! Whether a controller still reaches anybody in the cluster network.
//!
//! The controllers see each other over two links; clients, the VIP and the
//! compute nodes have one. An active controller whose link to them is dead
//! looks well to Corosync and Pacemaker, while nobody is served. Each
//! controller therefore tells Pacemaker whether anybody answers it there, and
//! the active role prefers one that is answered
//! ([`crate::render::cib`]).

/// The node attribute: [`REACHES`] or [`REACHES_NOBODY`]; without it nothing
/// is held against the node.
pub const REACH_ATTRIBUTE: &str = "slurmha-reach";
/// Somebody answers.
pub const REACHES: &str = "1";
/// Nobody has answered for some looks in a row.
pub const REACHES_NOBODY: &str = "0";

/// Looks in a row without any answer before a link is called dead. A look asks
/// every neighbour and waits for a second.
const MISSES: u32 = 3;

/// What is known so far.
#[derive(Debug, Default)]
pub struct Reach {
    misses: u32,
    /// What Pacemaker was told last.
    told: Option<bool>,
}

impl Reach {
    /// Takes in a look: did anybody answer? Gives back what Pacemaker is to be
    /// told, if that is something new.
    ///
    /// One answer is enough to be reachable again: what makes a link that
    /// comes and goes harmless is that the role stays where it went.
    pub fn look(&mut self, answered: bool) -> Option<bool> {
        self.misses = if answered { 0 } else { self.misses.saturating_add(1) };
        let reaches = match self.misses {
            0 => true,
            1..MISSES => return None,
            _ => false,
        };
        (self.told != Some(reaches)).then_some(reaches)
    }

    /// Pacemaker has been told that.
    pub fn tell(&mut self, reaches: bool) {
        self.told = Some(reaches);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_looks_without_an_answer_are_a_dead_link() {
        let mut reach = Reach::default();
        assert_eq!(reach.look(true), Some(true));
        reach.tell(true);
        assert_eq!(reach.look(true), None);
        assert_eq!([false, false, true].map(|it| reach.look(it)), [None; 3], "one that was lost");
        assert_eq!([false; 3].map(|it| reach.look(it)), [None, None, Some(false)]);
    }

    /// What was not heard is said again.
    #[test]
    fn it_is_told_until_it_has_been_told() {
        let mut reach = Reach::default();
        assert_eq!([false; 4].map(|it| reach.look(it)), [None, None, Some(false), Some(false)]);
        reach.tell(false);
        assert_eq!(reach.look(false), None);
        assert_eq!([true; 2].map(|it| reach.look(it)), [Some(true); 2]);
    }
}
