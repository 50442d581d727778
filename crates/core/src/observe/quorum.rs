// SPDX-License-Identifier: Apache-2.0
//! `corosync-quorumtool -s`.

use std::collections::BTreeMap;

use super::{ParseError, QuorumStatus};

const PROGRAM: &str = "corosync-quorumtool";

/// Reads what `corosync-quorumtool -s` prints on a member.
///
/// The program ends with status 2 when the partition is not quorate and
/// still prints everything, so its exit status is of no interest here.
///
/// # Errors
/// When a line that every version prints is missing or is no number. A member
/// without votequorum (`Quorum provider: Not configured`) is such a case.
pub fn parse_quorum(text: &str) -> Result<QuorumStatus, ParseError> {
    Ok(QuorumStatus {
        quorate: yes_or_no(field(text, "Quorate")?)?,
        expected_votes: number(field(text, "Expected votes")?)?,
        total_votes: number(field(text, "Total votes")?)?,
        ring_id: field(text, "Ring ID")?.to_owned(),
        qdevice: qdevice_votes(text)?,
        others: votes_of_others(text),
    })
}

/// Whether the arbiter gives its vote; `None` when no qdevice is registered.
///
/// The local line of the member list carries `A,V,NMW`: alive, votes, master
/// wins; `NR` means not registered.
fn qdevice_votes(text: &str) -> Result<Option<bool>, ParseError> {
    let flags = field(text, "Flags")?;
    if !flags.split_whitespace().any(|flag| flag == "Qdevice") {
        return Ok(None);
    }
    let local = text
        .lines()
        .find(|line| line.trim_end().ends_with("(local)"))
        .ok_or(ParseError::Missing { program: PROGRAM, what: "line of the local member" })?;
    let state = local.split_whitespace().nth(2).unwrap_or_default();
    match state {
        "NR" => Ok(None),
        _ if state.contains(',') => Ok(Some(state.starts_with("A,V,"))),
        _ => Err(ParseError::unexpected(PROGRAM, "the qdevice's state, such as A,V,NMW", local)),
    }
}

/// The same column of every other member: each tells all others what it has
/// (votequorum.c of 3.1, `votequorum_exec_send_nodeinfo`). Without the column
/// nothing is known of them.
fn votes_of_others(text: &str) -> BTreeMap<String, Option<bool>> {
    let is_heading = |line: &&str| line.trim_start().starts_with("Nodeid");
    let mut lines = text.lines().skip_while(|line| !is_heading(line));
    if !lines.next().is_some_and(|heading| heading.contains("Qdevice")) {
        return BTreeMap::new();
    }
    let other = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The arbiter's own line has the id 0 and no state, our own one more word.
        let [id, _, state, name] = words[..] else { return None };
        let vote = match state {
            "NR" => None,
            _ if state.contains(',') => Some(state.starts_with("A,V,")),
            _ => return None,
        };
        (id != "0").then(|| (name.to_owned(), vote))
    };
    lines.filter_map(other).collect()
}

fn field<'a>(text: &'a str, name: &'static str) -> Result<&'a str, ParseError> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
        .ok_or(ParseError::Missing { program: PROGRAM, what: name })
}

fn yes_or_no(value: &str) -> Result<bool, ParseError> {
    match value {
        "Yes" => Ok(true),
        "No" => Ok(false),
        other => Err(ParseError::unexpected(PROGRAM, "Yes or No", other)),
    }
}

fn number(value: &str) -> Result<u32, ParseError> {
    value.parse().map_err(|_| ParseError::unexpected(PROGRAM, "a number of votes", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of corosync-quorumtool 3.1.7 (Debian 12) on a member that is
    /// cut off from the other one and from the arbiter.
    const CUT_OFF: &str = "\
Quorum information
------------------
Date:             Wed Nov 25 08:00:00 2026
Quorum provider:  corosync_votequorum
Nodes:            1
Node ID:          2
Ring ID:          2.9
Quorate:          No

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      1
Quorum:           2 Activity blocked
Flags:            Qdevice 

Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         2          1  NA,NV,NMW ctl2 (local)
         0          0            Qdevice (votes 1)
";

    /// corosync-quorumtool 3.1.7 on a controller whose peer has lost its power
    /// and for which the arbiter votes.
    const ONE_CONTROLLER: &str =
        include_str!("../../tests/fixtures/observe/quorumtool-one-controller.txt");

    /// The same cluster in good health.
    const ALL_VOTES: &str = include_str!("../../tests/fixtures/observe/quorumtool-all-votes.txt");

    #[test]
    fn all_votes_are_read() {
        let status = parse_quorum(ALL_VOTES).unwrap();
        assert_eq!((status.total_votes, status.expected_votes), (3, 3));
        assert_eq!((status.quorate, status.qdevice), (true, Some(true)));
        assert_eq!(status.others, [("ctl2".to_owned(), Some(true))].into());
    }

    #[test]
    fn what_the_arbiter_gives_to_the_other_member_is_read() {
        let of = |state: &str| {
            let text = ALL_VOTES.replace("A,V,NMW ctl2", &format!("{state} ctl2"));
            parse_quorum(&text).unwrap().others
        };
        assert_eq!(of("A,NV,NMW"), [("ctl2".to_owned(), Some(false))].into());
        assert_eq!(of("NA,NV,NMW"), [("ctl2".to_owned(), Some(false))].into());
        assert_eq!(of("NR"), [("ctl2".to_owned(), None)].into());
        // What is not understood is not known.
        assert_eq!(of("?"), [].into());
        let alone = ALL_VOTES.replace("    Qdevice Name", " Name").replace("A,V,NMW ctl2", "ctl2");
        assert_eq!(parse_quorum(&alone).unwrap().others, [].into());
    }

    #[test]
    fn the_survivor_of_two_controllers_is_read() {
        assert_eq!(
            parse_quorum(ONE_CONTROLLER).unwrap(),
            QuorumStatus {
                quorate: true,
                expected_votes: 3,
                total_votes: 2,
                ring_id: "2.11".to_owned(),
                qdevice: Some(true),
                others: BTreeMap::new(),
            }
        );
    }

    #[test]
    fn a_member_without_quorum_is_read() {
        let status = parse_quorum(CUT_OFF).unwrap();
        assert!(!status.quorate);
        assert_eq!((status.total_votes, status.expected_votes), (1, 3));
        assert_eq!(status.qdevice, Some(false));
        assert_eq!(status.ring_id, "2.9");
    }

    #[test]
    fn a_cluster_without_arbiter_has_no_qdevice() {
        let text = CUT_OFF.replace("Qdevice ", "2Node ").replace("NA,NV,NMW ", "");
        assert_eq!(parse_quorum(&text).unwrap().qdevice, None);
    }

    #[test]
    fn missing_and_strange_lines_are_errors() {
        let cases = [
            ("", "corosync-quorumtool: the output has no Quorate"),
            (
                &CUT_OFF.replace("Quorate:          No", "Quorate: Maybe"),
                "corosync-quorumtool: expected Yes or No, found \"Maybe\"",
            ),
            (
                &CUT_OFF.replace("Total votes:      1", "Total votes: one"),
                "corosync-quorumtool: expected a number of votes, found \"one\"",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(parse_quorum(text).unwrap_err().to_string(), message);
        }
    }
}
