// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of noticing a dead controller.
//!
//! Two clocks run when a controller loses power. Corosync gives up on it after
//! token + consensus (`exec/totemsrp.c`). corosync-qnetd drops it after 1.2
//! times qdevice's timeout: qdevice's heartbeat is 0.8 of the timeout
//! (`qdevice-net-instance.c`), and qnetd waits for 1.5 heartbeats
//! (`qnet-config.h`, DPD_INTERVAL_COEFFICIENT). Until then qnetd counts the
//! dead one as connected and gives the survivor no vote, so the second clock
//! must be the shorter one.
//!
//! It is done with whatever stands in the file, before anybody has looked at the
//! numbers: what is too large for a number stays the largest one, and is refused.

/// Token when the file names none: RHEL 7's default for years, and enough for
/// machines that do not stall.
pub(super) const DEFAULT_TOKEN_MS: u64 = 1000;

/// Below this, every scheduling stall becomes a fence.
pub(super) const MIN_TOKEN_MS: u64 = 1000;

/// Above this, a failover outlasts every client's patience many times over.
pub(super) const MAX_TOKEN_MS: u64 = 60_000;

/// Corosync's `join` timeout; consensus has to be longer.
pub(super) const JOIN_MS: u64 = 50;

/// qnetd refuses heartbeats below 1000 ms (heartbeat_interval_min), and the
/// heartbeat is 0.8 of the timeout.
pub(super) const MIN_QDEVICE_TIMEOUT_MS: u64 = 1250;

/// Corosync's own default: 1.2 times the token.
pub(super) fn default_consensus_ms(token_ms: u64) -> u64 {
    token_ms.saturating_mul(6) / 5
}

/// When a survivor notices: token + consensus.
pub(super) fn noticed_after_ms(token_ms: u64, consensus_ms: u64) -> u64 {
    token_ms.saturating_add(consensus_ms)
}

/// A timeout with which qnetd's drop comes at 0.82 of token + consensus; 1500
/// for 1000 + 1200.
pub(super) fn default_qdevice_timeout_ms(noticed_after_ms: u64) -> u64 {
    (noticed_after_ms.saturating_mul(15) / 22).max(MIN_QDEVICE_TIMEOUT_MS)
}

/// When qnetd drops a silent client.
pub(crate) fn dropped_after_ms(qdevice_timeout_ms: u64) -> u64 {
    qdevice_timeout_ms.saturating_mul(6) / 5
}

/// The least time that a membership change has to wait for the vote: the drop,
/// and one more heartbeat of the survivor that asks again.
pub(super) fn min_sync_timeout_ms(qdevice_timeout_ms: u64) -> u64 {
    qdevice_timeout_ms.saturating_mul(2)
}

/// Comfortably above the least; 4000 for a timeout of 1500.
pub(super) fn default_sync_timeout_ms(qdevice_timeout_ms: u64) -> u64 {
    qdevice_timeout_ms.saturating_mul(8) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_gives_the_values_that_were_worked_out_by_hand() {
        let noticed = noticed_after_ms(1000, default_consensus_ms(1000));
        let timeout = default_qdevice_timeout_ms(noticed);
        assert_eq!((noticed, timeout), (2200, 1500));
        assert_eq!(dropped_after_ms(timeout), 1800);
        assert_eq!(default_sync_timeout_ms(timeout), 4000);
    }

    #[test]
    fn no_number_is_too_large_to_be_looked_at() {
        let consensus = default_consensus_ms(u64::MAX);
        let timeout = default_qdevice_timeout_ms(noticed_after_ms(u64::MAX, consensus));
        assert!(default_sync_timeout_ms(timeout) > 0 && dropped_after_ms(u64::MAX) > 0);
    }

    #[test]
    fn every_token_gives_defaults_that_agree() {
        for token in (MIN_TOKEN_MS..=MAX_TOKEN_MS).step_by(7) {
            let noticed = noticed_after_ms(token, default_consensus_ms(token));
            let timeout = default_qdevice_timeout_ms(noticed);
            assert!(dropped_after_ms(timeout) < noticed, "token {token}");
            assert!(default_sync_timeout_ms(timeout) >= min_sync_timeout_ms(timeout));
        }
    }
}
