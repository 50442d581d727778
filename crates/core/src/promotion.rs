// SPDX-License-Identifier: Apache-2.0
//! How good a place a controller is for the active role, by its DRBD alone.
//!
//! Pacemaker promotes where the score is highest, and nowhere without one.
//! That old data are never promoted rests on other things: DRBD refuses
//! what it knows to be outdated or inconsistent, and asks
//! [`crate::fence_peer`] before it takes what may be old for new.

use crate::observe::DrbdStatus;

/// What becomes of the node's promotion score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// This is it.
    Is(u32),
    /// There is none: DRBD could not be promoted here.
    None,
    /// DRBD is about to find out, or to complete the data of the one that is active;
    /// what was said before stays.
    Unchanged,
}

/// All data are here, and as far as can be known the peer has no newer ones.
const BEST: u32 = 10_000;
/// All data are here, and of the peer nothing is known. Above the stickiness
/// of the resources (1000 each) there is nothing to win by a move.
pub(crate) const ALONE: u32 = 1_000;
/// All data are at the peer; every access goes there.
const REMOTE: u32 = 10;
/// They are consistent and may be old: after a failure of everything somebody
/// has to begin.
const CONSISTENT: u32 = 5;

/// The score of the controller with this status.
pub fn score(status: &DrbdStatus) -> Score {
    let own = |state: &[&str]| status.volumes.iter().all(|v| state.contains(&v.disk.as_str()));
    let peer = |state: &str| status.volumes.iter().all(|v| v.peer_disk == state);
    let peer_is_unknown = status.volumes.iter().any(|v| v.peer_disk == "DUnknown");
    if !status.up || status.volumes.is_empty() {
        Score::None
    } else if own(&["UpToDate"]) {
        // A primary knows: it would have been told that the peer has gone on.
        let sure = status.role == "Primary" || !peer_is_unknown;
        Score::Is(if sure { BEST } else { ALONE })
    } else if peer("UpToDate") {
        // A move away from data that are being completed has its outage for nothing:
        // they are whole before it is over (seen: disks that came back after a minute,
        // a resync of 12 s, and nobody served for 19 s).
        let catches_up = own(&["UpToDate", "Inconsistent", "Attaching", "Negotiating"]);
        let stays = status.role == "Primary" && catches_up;
        if stays { Score::Unchanged } else { Score::Is(REMOTE) }
    } else if is_changing(status) {
        Score::Unchanged
    } else if own(&["UpToDate", "Consistent"]) {
        Score::Is(CONSISTENT)
    } else {
        Score::None
    }
}

/// Whether one look is not enough to say that the active controller is the worse place: a
/// disk of it is gone, and whoever takes it back (an administrator, `drbdadm attach`) may be
/// at it. Seen: three seconds between a disk that hung and the same disk attached again,
/// a look in the middle of them, and 18 s of nobody served.
pub fn wants_a_second_look(status: &DrbdStatus) -> bool {
    let is_gone = |disk: &str| matches!(disk, "Failed" | "Detaching" | "Diskless");
    let disk_is_gone = status.volumes.iter().any(|v| is_gone(&v.disk));
    status.role == "Primary" && disk_is_gone && score(status) == Score::Is(REMOTE)
}

/// Whether a disk or the connection is on its way to another state by
/// itself.
pub fn is_changing(status: &DrbdStatus) -> bool {
    status.volumes.iter().any(|v| matches!(v.disk.as_str(), "Attaching" | "Negotiating"))
        || matches!(status.connection.as_str(), "WFReportParams" | "NetworkFailure" | "BrokenPipe")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::DrbdVolumeStatus;

    fn status(role: &str, disks: [(&str, &str); 2]) -> DrbdStatus {
        let volumes =
            disks.into_iter().zip(0..).map(|((disk, peer_disk), volume)| DrbdVolumeStatus {
                volume,
                disk: disk.to_owned(),
                peer_disk: peer_disk.to_owned(),
                ..Default::default()
            });
        DrbdStatus {
            up: true,
            role: role.to_owned(),
            volumes: volumes.collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_controller_in_sync_is_as_good_as_its_peer() {
        let both = [("UpToDate", "UpToDate"); 2];
        assert_eq!(score(&status("Primary", both)), Score::Is(BEST));
        assert_eq!(score(&status("Secondary", both)), Score::Is(BEST));
    }

    #[test]
    fn one_that_is_alone_may_go_on_and_may_begin() {
        let alone = [("UpToDate", "DUnknown"); 2];
        assert_eq!(score(&status("Primary", alone)), Score::Is(BEST));
        assert_eq!(score(&status("Secondary", alone)), Score::Is(ALONE));
        assert_eq!(score(&status("Primary", [("UpToDate", "Outdated"); 2])), Score::Is(BEST));
    }

    #[test]
    fn one_volume_that_is_behind_makes_the_other_side_better() {
        let behind = [("UpToDate", "UpToDate"), ("Inconsistent", "UpToDate")];
        assert_eq!(score(&status("Secondary", behind)), Score::Is(REMOTE));
        // A disk has failed below the one that is active.
        let diskless = [("Diskless", "UpToDate"), ("UpToDate", "UpToDate")];
        assert_eq!(score(&status("Primary", diskless)), Score::Is(REMOTE));
    }

    #[test]
    fn the_active_one_stays_while_its_data_are_completed() {
        for disk in ["Inconsistent", "Attaching", "Negotiating"] {
            let behind = [("UpToDate", "UpToDate"), (disk, "UpToDate")];
            assert_eq!(score(&status("Primary", behind)), Score::Unchanged, "{disk}");
            assert_eq!(score(&status("Secondary", behind)), Score::Is(REMOTE), "{disk}");
        }
        let failing = [("Diskless", "UpToDate"), ("Inconsistent", "UpToDate")];
        assert_eq!(score(&status("Primary", failing)), Score::Is(REMOTE));
    }

    #[test]
    fn a_disk_that_is_gone_below_the_active_one_is_looked_at_twice() {
        for disk in ["Failed", "Detaching", "Diskless"] {
            let gone = [(disk, "UpToDate"), ("UpToDate", "UpToDate")];
            assert!(wants_a_second_look(&status("Primary", gone)), "{disk}");
            assert!(!wants_a_second_look(&status("Secondary", gone)), "{disk}");
        }
        for disk in ["UpToDate", "Inconsistent", "Attaching", "Outdated"] {
            let there = [(disk, "UpToDate"), ("UpToDate", "UpToDate")];
            assert!(!wants_a_second_look(&status("Primary", there)), "{disk}");
        }
        // There is nowhere to go to.
        assert!(!wants_a_second_look(&status("Primary", [("Diskless", "DUnknown"); 2])));
    }

    #[test]
    fn one_that_may_be_old_is_the_last_choice() {
        let maybe = [("Consistent", "DUnknown"); 2];
        assert_eq!(score(&status("Secondary", maybe)), Score::Is(CONSISTENT));
    }

    #[test]
    fn old_or_half_data_and_no_data_have_no_score() {
        for disk in ["Outdated", "Inconsistent", "Failed", "Diskless"] {
            let one = [("UpToDate", "DUnknown"), (disk, "DUnknown")];
            assert_eq!(score(&status("Secondary", one)), Score::None, "{disk}");
        }
        assert_eq!(score(&DrbdStatus::default()), Score::None);
    }

    #[test]
    fn what_is_about_to_change_is_waited_for() {
        let attaching = [("Attaching", "DUnknown"), ("UpToDate", "DUnknown")];
        assert_eq!(score(&status("Secondary", attaching)), Score::Unchanged);
    }
}
