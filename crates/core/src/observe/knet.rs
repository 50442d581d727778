// SPDX-License-Identifier: Apache-2.0
//! `corosync-cmapctl -m stats stats.knet. stats.srp.operational_token_lost`:
//! each link to each member, and the ring's token.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ParseError;

const PROGRAM: &str = "corosync-cmapctl";

/// One link of Corosync to one member, as this member sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// The member's `nodeid`. A member has one link to itself.
    pub node: u32,
    /// The link's number.
    pub link: u32,
    /// Whether the member answers on it.
    pub connected: bool,
    /// Mean time of an answer; absent while there has been none. A link that
    /// is no longer connected keeps its last one.
    pub latency: Option<Duration>,
    /// How often it was not connected, since Corosync started: before the
    /// first connection, too.
    #[serde(default)]
    pub downs: u64,
}

/// What Corosync counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorosyncStats {
    /// Links to every member, also this one.
    pub links: Vec<LinkStatus>,
    /// How often the token did not come round in its time while all was well,
    /// since Corosync started.
    pub token_losses: u64,
}

/// Reads both.
///
/// # Errors
/// Those of [`parse_links`], and when there is no count of tokens.
pub fn parse_corosync_stats(text: &str) -> Result<CorosyncStats, ParseError> {
    let lost = text
        .lines()
        .find_map(|line| line.strip_prefix("stats.srp.operational_token_lost ")?.split_once(" = "));
    let missing = ParseError::Missing { program: PROGRAM, what: "operational_token_lost" };
    let (_type, lost) = lost.ok_or(missing)?;
    Ok(CorosyncStats { links: parse_links(text)?, token_losses: number(lost.trim())? })
}

/// Reads the lines `stats.knet.node2.link0.connected (u8) = 1`.
///
/// The keys are those of cmap_keys(7); latencies are in microseconds
/// (`struct knet_link_stats` in libknet.h of kronosnet 1.25).
///
/// # Errors
/// When there is no link at all, or a value that is needed is no number.
pub fn parse_links(text: &str) -> Result<Vec<LinkStatus>, ParseError> {
    let mut links: BTreeMap<(u32, u32), BTreeMap<&str, u64>> = BTreeMap::new();
    for (place, key, value) in text.lines().filter_map(entry) {
        if ["connected", "down_count", "latency_ave", "latency_samples"].contains(&key) {
            links.entry(place).or_default().insert(key, number(value)?);
        }
    }
    if links.is_empty() {
        return Err(ParseError::Missing { program: PROGRAM, what: "link of stats.knet" });
    }
    links.into_iter().map(|(place, values)| link(place, &values)).collect()
}

/// Node and link, the last part of the key, and the value.
fn entry(line: &str) -> Option<((u32, u32), &str, &str)> {
    let (key, value) = line.split_once(" = ")?;
    let (key, _type) = key.split_once(' ')?;
    let mut parts = key.strip_prefix("stats.knet.node")?.splitn(3, '.');
    let node = parts.next()?.parse().ok()?;
    let link = parts.next()?.strip_prefix("link")?.parse().ok()?;
    Some(((node, link), parts.next()?, value.trim()))
}

fn link((node, link): (u32, u32), values: &BTreeMap<&str, u64>) -> Result<LinkStatus, ParseError> {
    let connected = values.get("connected");
    let connected =
        *connected.ok_or(ParseError::Missing { program: PROGRAM, what: "connected" })?;
    let answered = values.get("latency_samples").is_some_and(|samples| *samples > 0);
    let latency = values.get("latency_ave").filter(|_| answered).copied();
    Ok(LinkStatus {
        node,
        link,
        connected: connected != 0,
        latency: latency.map(Duration::from_micros),
        downs: values.get("down_count").copied().unwrap_or_default(),
    })
}

fn number(value: &str) -> Result<u64, ParseError> {
    value.parse().map_err(|_| ParseError::unexpected(PROGRAM, "a number", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// corosync-cmapctl 3.1.7 (Debian 12) on member 1 of two with two links.
    const CONNECTED: &str = include_str!("../../tests/fixtures/observe/knet-connected.txt");
    /// The same with the second link's interface down.
    const LINK_CUT: &str = include_str!("../../tests/fixtures/observe/knet-link-cut.txt");
    /// The same with the other member killed.
    const PEER_GONE: &str = include_str!("../../tests/fixtures/observe/knet-peer-gone.txt");

    fn to_peer(text: &str) -> Vec<(u32, bool, Option<u128>)> {
        let links = parse_links(text).unwrap().into_iter().filter(|link| link.node == 2);
        links.map(|it| (it.link, it.connected, it.latency.map(|t| t.as_micros()))).collect()
    }

    #[test]
    fn both_links_are_read_with_their_latencies() {
        assert_eq!(to_peer(CONNECTED), [(0, true, Some(601)), (1, true, Some(504))]);
        let own = parse_links(CONNECTED).unwrap().remove(0);
        assert_eq!((own.node, own.connected, own.latency), (1, true, None));
    }

    #[test]
    fn a_link_that_is_cut_is_told_from_a_member_that_is_gone() {
        assert_eq!(to_peer(LINK_CUT), [(0, true, Some(2450)), (1, false, Some(1534))]);
        assert_eq!(to_peer(PEER_GONE), [(0, false, Some(2450)), (1, false, Some(1534))]);
    }

    #[test]
    fn what_has_happened_so_far_is_counted() {
        let downs = |text| parse_links(text).unwrap().iter().map(|it| it.downs).collect::<Vec<_>>();
        assert_eq!(downs(CONNECTED), [0, 1, 1], "the first connection counts");
        assert_eq!(downs(PEER_GONE), [0, 2, 2]);
        let with = |line: &str| parse_corosync_stats(&format!("{CONNECTED}{line}\n"));
        let stats = with("stats.srp.operational_token_lost (u64) = 3").unwrap();
        assert_eq!((stats.links.len(), stats.token_losses), (3, 3));
        assert_eq!(
            with("").unwrap_err().to_string(),
            "corosync-cmapctl: the output has no operational_token_lost"
        );
    }

    #[test]
    fn no_link_and_no_number_are_errors() {
        let nothing = parse_links("stats.srp.commit_token_lost (u64) = 0\n").unwrap_err();
        assert_eq!(nothing.to_string(), "corosync-cmapctl: the output has no link of stats.knet");
        assert!(parse_links("stats.knet.node2.link0.connected (u8) = maybe\n").is_err());
        assert!(parse_links("stats.knet.node2.link0.latency_ave (u32) = 4\n").is_err());
    }
}
