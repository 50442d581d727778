// SPDX-License-Identifier: Apache-2.0
//! Timings that cannot work together; see [`crate::site::timing`] for why.

use crate::site::assemble::timing_of;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragments::{SiteFile, Timing};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;
use crate::site::timing::{
    JOIN_MS, MAX_TOKEN_MS, MIN_QDEVICE_TIMEOUT_MS, MIN_TOKEN_MS, default_consensus_ms,
    default_sync_timeout_ms, dropped_after_ms, min_sync_timeout_ms, noticed_after_ms,
};

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(written) = &file.timing else { return };
    let effective = timing_of(file);
    let ms =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (token, consensus) = (ms(effective.token), ms(effective.consensus));
    if let Some(token) = &written.token_ms
        && !(MIN_TOKEN_MS..=MAX_TOKEN_MS).contains(&token.value)
    {
        report.push(token_out_of_range(token));
        return;
    }
    if let Some(consensus) = &written.consensus_ms
        && let Some(diagnostic) = check_consensus(token, consensus)
    {
        report.push(diagnostic);
        return;
    }
    if file.arbiter.is_none() {
        check_without_arbiter(written, report);
        return;
    }
    let pair = Pair { token, consensus, timeout: ms(effective.qdevice_timeout) };
    if let Some(diagnostic) = pair.check_timeout(written) {
        report.push(diagnostic);
        return;
    }
    if let Some(sync) = &written.qdevice_sync_timeout_ms {
        check_sync_timeout(sync, pair.timeout, report);
    }
}

fn token_out_of_range(token: &Spanned<u64>) -> Diagnostic {
    let help = if token.value < 100 {
        format!(
            "the unit is milliseconds: write {}",
            (token.value * 1000).clamp(MIN_TOKEN_MS, MAX_TOKEN_MS)
        )
    } else if token.value < MIN_TOKEN_MS {
        format!("use at least {MIN_TOKEN_MS}: with less, every stall of a machine becomes a fence")
    } else {
        format!("use at most {MAX_TOKEN_MS}; clients of Slurm wait 30 s")
    };
    Diagnostic::new(
        &rule::TOKEN_OUT_OF_RANGE,
        token.span.clone(),
        format!("a token of {} ms is not between {MIN_TOKEN_MS} and {MAX_TOKEN_MS}", token.value),
        help,
    )
}

/// `corosync.conf(5)`: at least 1.2 times the token; with two nodes, above
/// join and below the token is safe too. What is far longer is a slip: for all
/// that time nobody serves.
fn check_consensus(token: u64, consensus: &Spanned<u64>) -> Option<Diagnostic> {
    let usual = default_consensus_ms(token);
    let longest = 10 * token;
    let two_nodes = consensus.value > JOIN_MS && consensus.value < token;
    if two_nodes || (usual..=longest).contains(&consensus.value) {
        return None;
    }
    Some(Diagnostic::new(
        &rule::INVALID_CONSENSUS,
        consensus.span.clone(),
        format!(
            "a consensus of {} ms does not go with a token of {token} ms: it is {usual} (1.2 x \
             {token}) to {longest} (10 x {token}), or, with two controllers, between {JOIN_MS} \
             (join) and {token}",
            consensus.value
        ),
        format!("write {usual}, or remove the line"),
    ))
}

fn check_without_arbiter(written: &Timing, report: &mut Report) {
    let keys = [&written.qdevice_timeout_ms, &written.qdevice_sync_timeout_ms];
    for key in keys.into_iter().flatten() {
        report.push(Diagnostic::new(
            &rule::QDEVICE_WITHOUT_ARBITER,
            key.span.clone(),
            "this has no effect without an arbiter",
            "remove the line, or name an [arbiter]",
        ));
    }
}

/// What has to agree for the arbiter's vote to come in time.
struct Pair {
    token: u64,
    consensus: u64,
    timeout: u64,
}

impl Pair {
    fn check_timeout(&self, written: &Timing) -> Option<Diagnostic> {
        let Self { token, consensus, timeout } = self;
        let noticed = noticed_after_ms(*token, *consensus);
        let dropped = dropped_after_ms(*timeout);
        let set = written.qdevice_timeout_ms.as_ref();
        if let Some(set) = set
            && *timeout < MIN_QDEVICE_TIMEOUT_MS
        {
            return Some(Diagnostic::new(
                &rule::QDEVICE_TIMEOUT_TOO_SHORT,
                set.span.clone(),
                format!(
                    "a qdevice timeout of {timeout} ms makes heartbeats of {} ms (0.8 x {timeout}), \
                     and qnetd accepts none below 1000",
                    timeout * 4 / 5
                ),
                format!("write {MIN_QDEVICE_TIMEOUT_MS} or more, or remove the line"),
            ));
        }
        if dropped < noticed {
            return None;
        }
        let arithmetic = format!(
            "the arbiter drops a dead controller after {dropped} ms (1.2 x {timeout}), but its vote \
             is needed after {noticed} ms (token {token} + consensus {consensus})"
        );
        if let Some(set) = set {
            // The longest timeout whose 1.2-fold stays below.
            let longest = (noticed - 1) * 5 / 6;
            let help = match longest < MIN_QDEVICE_TIMEOUT_MS {
                true => "raise token_ms or consensus_ms, and remove this line".to_owned(),
                false => format!("write {longest} or less, or remove the line"),
            };
            return Some(Diagnostic::new(
                &rule::QDEVICE_TIMEOUT_TOO_LONG,
                set.span.clone(),
                arithmetic,
                help,
            ));
        }
        // The shortest timeout that qnetd takes is too long: consensus is to blame.
        let consensus = written.consensus_ms.as_ref()?;
        let least = dropped_after_ms(MIN_QDEVICE_TIMEOUT_MS) + 1 - token.min(&1500);
        Some(Diagnostic::new(
            &rule::INVALID_CONSENSUS,
            consensus.span.clone(),
            arithmetic,
            format!("write {least} or more, or remove the line"),
        ))
    }
}

fn check_sync_timeout(sync: &Spanned<u64>, timeout: u64, report: &mut Report) {
    let least = min_sync_timeout_ms(timeout);
    if sync.value < least {
        report.push(Diagnostic::new(
            &rule::SYNC_TIMEOUT_TOO_SHORT,
            sync.span.clone(),
            format!(
                "a sync timeout of {} ms can end before the vote comes: the arbiter drops a dead \
                 controller after {} ms (1.2 x {timeout}), and the survivor asks again up to {} ms \
                 later (0.8 x {timeout})",
                sync.value,
                dropped_after_ms(timeout),
                timeout * 4 / 5,
            ),
            format!(
                "write {} ({least} at least), or remove the line",
                default_sync_timeout_ms(timeout)
            ),
        ));
    }
}
