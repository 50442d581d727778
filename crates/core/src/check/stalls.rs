// SPDX-License-Identifier: Apache-2.0
//! Whether the controllers run often enough for the token.

use std::time::Duration;

use super::{Finding, Seen};
use crate::observe::Reading;
use crate::site::{Role, Site};

/// A token lasts for this many of the worst stall: the token travels round
/// more than once before it is given up, and the worst stall was not yet seen.
const MARGIN: u32 = 3;

/// Corosync passes the token on from a thread of the highest real-time
/// priority. Where even such a thread is not run for a while (a hypervisor
/// that gives the CPU to others, firmware, a frozen virtual machine), a token
/// that is too short makes a fence of every stall.
pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter()
        .filter(|seen| seen.is(Role::Controller))
        .filter_map(|seen| {
            let measured = seen.observed.preflight.as_ref()?.worst_stall.as_ref()?;
            Some(finding(site.timing.token, seen, measured))
        })
        .collect()
}

fn finding(token: Duration, seen: &Seen<'_>, measured: &Reading<Duration>) -> Finding {
    let stall = match measured {
        Reading::Known(stall) => *stall,
        Reading::Unknown(why) => return Finding::unknown("stalls", seen.name(), why.clone()),
    };
    let (safe, token_ms) = (stall * MARGIN, token.as_millis());
    let stood = format!("stood still for {} ms at worst", stall.as_millis());
    if safe <= token {
        return Finding::pass(
            "stalls",
            seen.name(),
            format!("{stood}: token_ms {token_ms} is safe"),
        );
    }
    Finding::warn(
        "stalls",
        seen.name(),
        format!("{stood}: with token_ms {token_ms} that comes close to a fence"),
        format!(
            "find what stops the machine, or set token_ms to {} or more; `slurmha check --stalls \
             600` watches for ten minutes",
            round_up(safe)
        ),
    )
}

/// To a whole tenth of a second: more digits than that would be no knowledge.
fn round_up(time: Duration) -> u128 {
    time.as_millis().div_ceil(100) * 100
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Verdict, check};
    use super::*;
    use crate::observe::{Observation, Preflight};

    /// What is said of ctl1, whose token is 1000 ms.
    fn said(measured: Option<Reading<Duration>>) -> Vec<(Verdict, String, String)> {
        let site = crate::site::parse("good.toml", include_str!("../../tests/site/good.toml"));
        let (mut site, _) = site.expect("a good site");
        site.timing.token = Duration::from_secs(1);
        let machine = site.machines().into_iter().find(|m| m.roles.contains(&Role::Controller));
        let observed = Observation {
            preflight: Some(Preflight { worst_stall: measured, ..Preflight::default() }),
            ..Observation::default()
        };
        let answers = BTreeMap::from([(machine.expect("a controller").name, Ok(observed))]);
        let all = check(&site, &answers).into_iter().filter(|f| f.rule == "stalls");
        all.map(|f| (f.verdict, f.message, f.cure)).collect()
    }

    #[test]
    fn a_third_of_the_token_is_the_limit() {
        let stall = |ms| Some(Reading::Known(Duration::from_millis(ms)));
        assert_eq!(said(stall(333))[0].0, Verdict::Pass);
        let (verdict, message, cure) = said(stall(412)).remove(0);
        assert_eq!(verdict, Verdict::Warn);
        assert!(message.contains("412 ms at worst"), "{message}");
        assert!(cure.contains("token_ms to 1300 or more"), "{cure}");
    }

    #[test]
    fn what_was_not_measured_is_unknown_or_not_mentioned() {
        assert_eq!(said(Some(Reading::Unknown("no chrt".to_owned())))[0].0, Verdict::Unknown);
        assert_eq!(said(None), []);
    }
}
