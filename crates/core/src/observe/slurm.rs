// SPDX-License-Identifier: Apache-2.0
//! `scontrol ping`, and counts by state from `squeue` and `sinfo`.

use std::collections::BTreeMap;

use super::{Health, ParseError};

/// Reads what `scontrol ping` prints and its exit status.
///
/// A line per controller, as in `Slurmctld(primary) at ctl1 is UP`. With the
/// external-HA form of `SlurmctldHost` there is one line, and the address
/// behind it is the VIP. `DOWN` means that nothing answered at that address,
/// which from a cut-off machine proves little: whoever asks says from where.
///
/// # Errors
/// When no line has this form: scontrol could not even read its
/// configuration. The caller has its stderr and says so as "cannot tell".
pub fn parse_scontrol_ping(text: &str, exit_status: i32) -> Result<Health, ParseError> {
    const PROGRAM: &str = "scontrol ping";
    let mut down = None;
    for line in text.lines().filter(|line| line.starts_with("Slurmctld(")) {
        match line.rsplit_once(" is ").map(|(_, state)| state.trim()) {
            Some("UP") if exit_status == 0 => return Ok(Health::Up),
            Some("UP" | "DOWN") => down = Some(line.trim()),
            _ => return Err(ParseError::unexpected(PROGRAM, "UP or DOWN", line)),
        }
    }
    match down {
        Some(line) => Ok(Health::Down(line.to_owned())),
        None if text.trim().is_empty() => {
            Err(ParseError::Missing { program: PROGRAM, what: "answer" })
        }
        None => Err(ParseError::unexpected(PROGRAM, "Slurmctld(primary) at ...", text)),
    }
}

/// Counts jobs by state from `squeue --noheader --array --format %T` (a
/// state a line, such as `RUNNING`).
///
/// # Errors
/// When a line is no single upper-case word.
pub fn parse_squeue_states(text: &str) -> Result<BTreeMap<String, u64>, ParseError> {
    let mut counts = BTreeMap::new();
    for state in lines(text) {
        if !state.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
            return Err(ParseError::unexpected("squeue", "the state of a job", state));
        }
        *counts.entry(state.to_owned()).or_default() += 1;
    }
    Ok(counts)
}

/// Counts nodes by state from `sinfo --noheader --Node --format "%N %T"` (a
/// line per node and partition, such as `cn1 idle` or `cn2 down*`).
///
/// A node in several partitions counts once. The sign behind the state is
/// Slurm's own (`*` does not respond, `~` powered down, ...) and is kept.
///
/// # Errors
/// When a line does not have two words.
pub fn parse_sinfo_states(text: &str) -> Result<BTreeMap<String, u64>, ParseError> {
    let mut states = BTreeMap::new();
    for line in lines(text) {
        let (node, state) = line
            .split_once(' ')
            .map(|(node, state)| (node, state.trim()))
            .filter(|(_, state)| !state.is_empty() && !state.contains(' '))
            .ok_or_else(|| ParseError::unexpected("sinfo", "a node and its state", line))?;
        states.insert(node, state);
    }
    let mut counts = BTreeMap::new();
    for state in states.into_values() {
        *counts.entry(state.to_owned()).or_default() += 1;
    }
    Ok(counts)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_that_answers_is_up() {
        // Slurm 22.05.8 with SlurmctldHost=ctl1,ctl2(VIP).
        let text = "Slurmctld(primary) at ctl1,ctl2 is UP\n";
        assert_eq!(parse_scontrol_ping(text, 0), Ok(Health::Up));
    }

    #[test]
    fn a_controller_that_does_not_answer_is_down() {
        let text = "Slurmctld(primary) at ctl1 is DOWN\n\
             *****************************************\n\
             ** RESTORE SLURMCTLD DAEMON TO SERVICE **\n\
             *****************************************\n";
        let down = "Slurmctld(primary) at ctl1 is DOWN".to_owned();
        assert_eq!(parse_scontrol_ping(text, 1), Ok(Health::Down(down)));
    }

    #[test]
    fn no_answer_is_not_down() {
        let error = parse_scontrol_ping("", 1).unwrap_err().to_string();
        assert_eq!(error, "scontrol ping: the output has no answer");
        assert!(parse_scontrol_ping("scontrol: error: no slurm.conf", 1).is_err());
        assert!(parse_scontrol_ping("Slurmctld(primary) at ctl1 is BORED", 0).is_err());
    }

    #[test]
    fn jobs_are_counted_by_state() {
        let counts = parse_squeue_states("RUNNING\nPENDING\nRUNNING\n").unwrap();
        assert_eq!(counts, BTreeMap::from([("PENDING".to_owned(), 1), ("RUNNING".to_owned(), 2)]));
        assert_eq!(parse_squeue_states("").unwrap(), BTreeMap::new());
        assert!(parse_squeue_states("slurm_load_jobs error: Unable to contact").is_err());
    }

    #[test]
    fn a_node_in_two_partitions_counts_once() {
        let counts = parse_sinfo_states("cn1 idle\ncn1 idle\ncn2 down*\n").unwrap();
        assert_eq!(counts, BTreeMap::from([("down*".to_owned(), 1), ("idle".to_owned(), 1)]));
        assert!(parse_sinfo_states("sinfo: error: nobody there").is_err());
    }
}
