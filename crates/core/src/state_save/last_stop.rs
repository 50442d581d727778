// SPDX-License-Identifier: Apache-2.0
//! How slurmctld ended the last time, as it stands beside its state.

use jiff::Timestamp;

/// How the last slurmctld on this volume ended.
///
/// The note travels with the volume, because the next slurmctld can start on
/// the other controller. It says "running" from before a start until after a
/// clean stop; whatever does not say "stopped" was no clean stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastStop {
    /// It was asked to stop, saved everything, and ended.
    Clean,
    /// It was not stopped: it crashed, was killed, or lost its machine.
    Unclean,
}

impl LastStop {
    /// Reads the note; `None` for a volume that has none yet.
    pub fn parse(note: Option<&[u8]>) -> Self {
        match note {
            Some(note) if note.starts_with(b"stopped ") => Self::Clean,
            _ => Self::Unclean,
        }
    }

    /// The note while slurmctld runs.
    pub fn running(machine: &str, now: Timestamp) -> String {
        format!("running on {machine} since {now:.0}\n")
    }

    /// The note after a clean stop.
    pub fn stopped(machine: &str, now: Timestamp) -> String {
        format!("stopped on {machine} at {now:.0}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_note_of_a_stop_is_clean() {
        let now = Timestamp::UNIX_EPOCH;
        let parse = |note: &str| LastStop::parse(Some(note.as_bytes()));
        assert_eq!(parse(&LastStop::stopped("ctl1", now)), LastStop::Clean);
        assert_eq!(parse(&LastStop::running("ctl1", now)), LastStop::Unclean);
        assert_eq!(parse(""), LastStop::Unclean);
        assert_eq!(LastStop::parse(None), LastStop::Unclean);
    }
}
