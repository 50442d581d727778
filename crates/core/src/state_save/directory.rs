// SPDX-License-Identifier: Apache-2.0
//! A job's own directory: `hash.N/job.ID` with its script and environment.

use jiff::Timestamp;

use super::header::JobStateHeader;

/// What a job runs whose script or environment did not survive. It ends as
/// FAILED and says why where its owner looks first.
///
/// slurmctld keeps scripts with their NUL (job_mgr.c, `_copy_job_desc_to_file`).
pub const PLACEHOLDER_SCRIPT: &str = "#!/bin/sh
echo 'slurmha: the controller failed before the script of this job was on its disk.' >&2
echo 'Nothing of the job has been run. Submit it again.' >&2
exit 1
\0";

/// An environment with one variable, in slurmctld's form on this machine's
/// byte order (job_mgr.c, `_write_data_array_to_file`): a u32 count, then
/// that many texts with a NUL each. A count of 0 is taken for damage.
pub const PLACEHOLDER_ENVIRONMENT: [u8; 20] = {
    let mut bytes = *b"....PATH=/bin:/sbin\0";
    let count = 1u32.to_ne_bytes();
    bytes[0] = count[0];
    bytes[1] = count[1];
    bytes[2] = count[2];
    bytes[3] = count[3];
    bytes
};

/// What a job's directory tells; a length is `None` where the file is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobDirectory {
    /// From the directory's name.
    pub id: u32,
    /// The batch script, with a NUL at its end.
    pub script: Option<u64>,
    /// The environment of the submission.
    pub environment: Option<u64>,
    /// When it was filled: by the clock of the slurmctld that wrote the table, too.
    pub filled: Option<Timestamp>,
}

/// What is wrong with a job's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The script is empty or absent.
    Script,
    /// The environment is empty, cut off within its count, or absent.
    Environment,
}

impl Damage {
    /// The file's name.
    pub fn file(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Environment => "environment",
        }
    }
}

impl JobDirectory {
    /// The damage that slurmctld would end at when it starts the job. What
    /// has any content was written in one go before the table could name it.
    pub fn damage(&self) -> Option<Damage> {
        if self.script.unwrap_or(0) == 0 {
            Some(Damage::Script)
        } else if self.environment.unwrap_or(0) <= 4 {
            Some(Damage::Environment)
        } else {
            None
        }
    }

    /// Whether the saved table cannot know the job: it was submitted after
    /// the save, and slurmctld will remove its directory.
    ///
    /// The id alone does not tell: a reconfiguration sets the sequence back to the
    /// saved one, and until the next submission the table is saved with jobs above it
    /// (22.05, read_config.c, `load_last_job_id`).
    pub fn is_unknown_to(&self, header: &JobStateHeader) -> bool {
        let is_later = |filled: Timestamp| filled.as_second() >= header.saved.as_second();
        self.id >= header.next_id && self.filled.is_none_or(is_later)
    }
}

/// The id in a directory's name, `job.ID`.
pub fn job_id_of(name: &str) -> Option<u32> {
    name.strip_prefix("job.")?.parse().ok().filter(|id| *id > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(script: Option<u64>, environment: Option<u64>) -> JobDirectory {
        JobDirectory { id: 7, script, environment, filled: None }
    }

    #[test]
    fn what_slurmctld_would_end_at_is_damage() {
        assert_eq!(directory(Some(20), Some(300)).damage(), None);
        for script in [None, Some(0)] {
            assert_eq!(directory(script, Some(300)).damage(), Some(Damage::Script));
        }
        for environment in [None, Some(0), Some(3), Some(4)] {
            assert_eq!(directory(Some(20), environment).damage(), Some(Damage::Environment));
        }
    }

    #[test]
    fn a_job_from_after_the_save_is_unknown() {
        let header =
            |next_id| JobStateHeader { protocol: 1, saved: Timestamp::UNIX_EPOCH, next_id };
        assert!(directory(None, None).is_unknown_to(&header(7)));
        assert!(!directory(None, None).is_unknown_to(&header(8)));
        let filled = |second| JobDirectory {
            filled: Some(Timestamp::from_second(second).expect("a time")),
            ..directory(None, None)
        };
        assert!(filled(0).is_unknown_to(&header(7)));
        assert!(!filled(-1).is_unknown_to(&header(7)), "it was there when the table was saved");
        assert!(!filled(0).is_unknown_to(&header(8)));
    }

    #[test]
    fn only_job_directories_have_an_id() {
        assert_eq!(job_id_of("job.42"), Some(42));
        for name in ["job.", "job.0", "job.4x", "jobs.4", "script", "job.99999999999"] {
            assert_eq!(job_id_of(name), None, "{name}");
        }
    }

    #[test]
    fn the_placeholder_environment_has_one_text() {
        let (count, texts) = PLACEHOLDER_ENVIRONMENT.split_at(4);
        assert_eq!(u32::from_ne_bytes(count.try_into().unwrap()), 1);
        assert_eq!(texts, b"PATH=/bin:/sbin\0");
    }
}
