// SPDX-License-Identifier: Apache-2.0
//! When corosync-qdevice may start on a controller.
//!
//! Corosync ends itself (`assert (sender_node != NULL)` in votequorum.c, 3.1.7 and later)
//! when the arbiter is registered on a member of which it has not been told yet: in the
//! moment between a new ring and the votes of who is on it. Two controllers that boot at
//! the same time, as after a power cut, come into that moment together. So the arbiter is
//! registered when both are members, or nobody else is there.

use std::time::Duration;

/// Between two looks.
pub const PAUSE: Duration = Duration::from_millis(250);

/// What Corosync says. What it does not say is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Votes of the members that have told theirs; the arbiter's is not among them yet.
    pub votes: Option<u32>,
    /// Whether the other controller answers on a link.
    pub linked: Option<bool>,
}

/// Why it may start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Both know each other's votes.
    Members,
    /// There is nobody to join.
    Alone,
    /// They should have joined, and have not.
    Late,
}

impl Go {
    /// For the journal.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Members => "both controllers are members",
            Self::Alone => "the other controller answers on no link",
            Self::Late => "the controllers have not joined in time",
        }
    }
}

/// Whether it may start, after waiting for so long; `None` is "not yet".
///
/// A link is up after two answers, a quarter of a token apart (`knet_ping_interval`,
/// `knet_pong_count`; corosync.conf(5)): who answers at all is there within one. A ring takes
/// a consensus, which is a little longer than a token; ten leave room for a slow boot.
pub fn may_start(seen: Seen, waited: Duration, token: Duration) -> Option<Go> {
    if seen.votes.is_some_and(|votes| votes >= 2) {
        return Some(Go::Members);
    }
    if waited >= token * 10 {
        return Some(Go::Late);
    }
    (seen.linked == Some(false) && waited >= token).then_some(Go::Alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Duration = Duration::from_secs(3);

    fn after(seconds: u64, votes: impl Into<Option<u32>>, linked: Option<bool>) -> Option<Go> {
        may_start(Seen { votes: votes.into(), linked }, Duration::from_secs(seconds), TOKEN)
    }

    #[test]
    fn members_start_at_once() {
        assert_eq!(after(0, 2, None), Some(Go::Members));
        assert_eq!(after(20, 2, Some(true)), Some(Go::Members));
    }

    #[test]
    fn who_is_alone_waits_for_a_token() {
        assert_eq!(after(2, 1, Some(false)), None);
        assert_eq!(after(3, 1, Some(false)), Some(Go::Alone));
    }

    #[test]
    fn whose_peer_is_there_waits_for_the_ring_and_not_for_ever() {
        assert_eq!(after(3, 1, Some(true)), None);
        assert_eq!(after(29, 1, Some(true)), None);
        assert_eq!(after(30, 1, Some(true)), Some(Go::Late));
    }

    #[test]
    fn silence_is_not_taken_for_nobody() {
        assert_eq!(after(29, None, None), None);
        assert_eq!(after(30, None, None), Some(Go::Late));
    }
}
