// SPDX-License-Identifier: Apache-2.0
//! The beginning of `job_state`.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

/// By how much the id sequence is raised after an unclean end.
///
/// What was acknowledged and not saved is bounded by the unsaved window: some
/// 2,000 submissions a second (measured natively) in at most 8 s. Ids are
/// cheap: Slurm counts to 67 million before it begins again.
pub const ID_MARGIN: u32 = 20_000;

/// The margin for one second, in which nothing was saved.
const MARGIN_PER_SECOND: u32 = ID_MARGIN / 8;

/// The least margin, whatever was measured: clocks and looks are not exact.
const LEAST_MARGIN: u32 = 1000;

/// Slurm's own default for the highest id, slurm.conf(5).
pub(crate) const MAX_JOB_ID: u32 = 0x03ff_0000;

/// What `dump_all_job_state` writes first (22.05, job_mgr.c), big-endian: a
/// u32 length, that many bytes of text with a NUL at the end, a u16 protocol
/// version, a u64 time, and a u32 with the next job id.
const MAGIC: &[u8] = b"PROTOCOL_VERSION\0";

/// The margin after a slurmctld that lived no longer than this.
pub(super) fn margin_after(lived: Duration) -> u32 {
    let ms = u32::try_from(lived.as_millis()).unwrap_or(u32::MAX);
    (ms.saturating_mul(MARGIN_PER_SECOND) / 1000).clamp(LEAST_MARGIN, ID_MARGIN)
}

/// The header of a saved job table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobStateHeader {
    /// The protocol version of the slurmctld that wrote it; 9728 is 22.05.
    pub protocol: u16,
    /// When it began to be written, in whole seconds.
    pub saved: Timestamp,
    /// The id that the next job would have been given. It is taken before
    /// the table is locked, so every job with a lower id is in the table.
    pub next_id: u32,
}

/// Why a job table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// It ends within its header.
    #[error("it is only {0} bytes long")]
    Short(usize),
    /// It does not begin as Slurm's tables do.
    #[error("it does not begin with PROTOCOL_VERSION")]
    Foreign,
    /// The time of its save is none.
    #[error("it was saved at second {0}, which is no time")]
    Time(u64),
}

impl JobStateHeader {
    /// Where the next id stands.
    const NEXT_ID: usize = 4 + MAGIC.len() + 2 + 8;

    /// Reads the header of a saved table.
    ///
    /// # Errors
    /// When the bytes are no table, or were cut short.
    pub fn parse(table: &[u8]) -> Result<Self, HeaderError> {
        let short = || HeaderError::Short(table.len());
        let length = u32::from_be_bytes(field(table, 0).ok_or_else(short)?);
        let magic = table.get(4..4 + MAGIC.len()).ok_or_else(short)?;
        if usize::try_from(length) != Ok(MAGIC.len()) || magic != MAGIC {
            return Err(HeaderError::Foreign);
        }
        let protocol = u16::from_be_bytes(field(table, 4 + MAGIC.len()).ok_or_else(short)?);
        let seconds = u64::from_be_bytes(field(table, 6 + MAGIC.len()).ok_or_else(short)?);
        let next_id = u32::from_be_bytes(field(table, Self::NEXT_ID).ok_or_else(short)?);
        let saved = i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok());
        Ok(Self { protocol, saved: saved.ok_or(HeaderError::Time(seconds))?, next_id })
    }

    /// The id sequence raised over everything that can have been given out
    /// since the save: over `highest_seen`, and over a margin.
    /// Near the end of Slurm's ids it stays as it is: there they begin again.
    #[must_use]
    pub fn raised_id(&self, highest_seen: Option<u32>, margin: u32) -> u32 {
        let seen = highest_seen.filter(|id| *id < MAX_JOB_ID).map_or(0, |id| id + 1);
        let raised = self.next_id.max(seen).saturating_add(margin);
        if raised < MAX_JOB_ID { raised } else { self.next_id }
    }

    /// The same table with another next id.
    ///
    /// # Errors
    /// When the bytes are no table.
    pub fn with_next_id(table: &[u8], next_id: u32) -> Result<Vec<u8>, HeaderError> {
        Self::parse(table)?;
        let mut table = table.to_vec();
        table[Self::NEXT_ID..Self::NEXT_ID + 4].copy_from_slice(&next_id.to_be_bytes());
        Ok(table)
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a table that slurmctld 22.05.8 wrote, with one
    /// byte of a job behind.
    fn table() -> Vec<u8> {
        let mut table = vec![0, 0, 0, 17];
        table.extend(MAGIC);
        table.extend([0x26, 0x00]);
        table.extend(1_764_000_000u64.to_be_bytes());
        table.extend(1234u32.to_be_bytes());
        table.push(7);
        table
    }

    #[test]
    fn a_header_is_read() {
        let header = JobStateHeader::parse(&table()).unwrap();
        assert_eq!((header.protocol, header.next_id), (9728, 1234));
        assert_eq!(header.saved.as_second(), 1_764_000_000);
    }

    #[test]
    fn the_next_id_and_nothing_else_changes() {
        let raised = JobStateHeader::with_next_id(&table(), 99_999).unwrap();
        assert_eq!(JobStateHeader::parse(&raised).unwrap().next_id, 99_999);
        let back = JobStateHeader::with_next_id(&raised, 1234).unwrap();
        assert_eq!(back, table());
    }

    #[test]
    fn ids_are_raised_over_what_was_seen_on_the_disk() {
        let header = JobStateHeader::parse(&table()).unwrap();
        assert_eq!(header.raised_id(None, ID_MARGIN), 1234 + ID_MARGIN);
        assert_eq!(header.raised_id(Some(1300), ID_MARGIN), 1301 + ID_MARGIN);
        assert_eq!(header.raised_id(Some(10), ID_MARGIN), 1234 + ID_MARGIN);
    }

    #[test]
    fn at_the_end_of_the_ids_the_sequence_is_left_to_begin_again() {
        let header =
            JobStateHeader { next_id: MAX_JOB_ID - 5, ..JobStateHeader::parse(&table()).unwrap() };
        assert_eq!(header.raised_id(Some(MAX_JOB_ID - 3), ID_MARGIN), MAX_JOB_ID - 5);
        assert_eq!(header.raised_id(Some(u32::MAX), ID_MARGIN), MAX_JOB_ID - 5);
    }

    #[test]
    fn what_is_no_table_is_told_apart_from_one_that_was_cut_short() {
        assert_eq!(JobStateHeader::parse(&[]), Err(HeaderError::Short(0)));
        assert_eq!(JobStateHeader::parse(&table()[..20]), Err(HeaderError::Short(20)));
        assert_eq!(JobStateHeader::parse(&table()[..34]), Err(HeaderError::Short(34)));
        assert_eq!(JobStateHeader::parse(&[b'x'; 64]), Err(HeaderError::Foreign));
        let mut strange = table();
        strange[23..31].copy_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(JobStateHeader::parse(&strange), Err(HeaderError::Time(u64::MAX)));
    }
}
