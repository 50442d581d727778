// SPDX-License-Identifier: Apache-2.0
//! Jobs that have ended, from `sacct --parsable2` of Slurm 22.05.

use super::protocol::EndedJob;
use super::text::moment;

/// What sacct is asked for; the name comes last, because it may hold anything.
pub const SACCT_FIELDS: &str = "JobID,State,Partition,Start,End,ExitCode,JobName";

/// How many are told.
pub const MOST_ENDED: usize = 200;

/// The jobs in what sacct printed under `TZ=UTC`, the last that ended first. Lines that
/// are none (the rest of a name with an end of line, array tasks that still wait
/// together) are left out, as are jobs that have not ended.
pub fn parse_ended(text: &str) -> Vec<EndedJob> {
    let mut jobs: Vec<EndedJob> = text.lines().filter_map(job).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse((job.ended, job.job)));
    jobs.truncate(MOST_ENDED);
    jobs
}

fn job(line: &str) -> Option<EndedJob> {
    let fields: Vec<&str> = line.splitn(7, '|').collect();
    let [id, state, partition, began, ended, exit, name] = fields.as_slice() else { return None };
    // A heterogeneous job is told as its first part, `42+0`.
    let id = match id.split_once('+') {
        None => id,
        Some((leader, "0")) => leader,
        Some(_) => return None,
    };
    Some(EndedJob {
        job: id.parse().ok()?,
        name: (*name).to_owned(),
        // `CANCELLED by 1000`.
        state: state.split(' ').next()?.to_owned(),
        partition: (*partition).to_owned(),
        began: moment(began),
        ended: Some(moment(ended)?),
        exit: (*exit).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
41|COMPLETED|main|2026-11-28T20:00:00|2026-11-28T20:00:10|0:0|a|b
42_7|CANCELLED by 1000|main|None|2026-11-28T20:01:00|0:15|two
lines
43|RUNNING|main|2026-11-28T20:00:00|Unknown|0:0|runs
44_[1-9%2]|PENDING|main|Unknown|Unknown|0:0|waits
46+0|COMPLETED|main|2026-11-28T18:00:00|2026-11-28T18:30:00|0:0|two parts
46+1|COMPLETED|main|2026-11-28T18:00:00|2026-11-28T18:20:00|0:0|two parts
45|FAILED|gpu|2026-11-28T19:00:00|2026-11-28T19:00:10|3:0|ü
";

    #[test]
    fn the_last_comes_first_and_names_may_hold_anything() {
        let jobs = parse_ended(TEXT);
        let shown: Vec<String> =
            jobs.iter().map(|j| format!("{} {} {}", j.job, j.state, j.name)).collect();
        assert_eq!(
            shown,
            ["42_7 CANCELLED two", "41 COMPLETED a|b", "45 FAILED ü", "46 COMPLETED two parts"]
        );
        assert_eq!((jobs[0].began, jobs[0].exit.as_str()), (None, "0:15"));
        assert_eq!(jobs[1].began, "2026-11-28T20:00:00Z".parse().ok());
    }

    #[test]
    fn there_is_an_end_to_it() {
        let text: String = (1..=300)
            .map(|id| {
                let second = id % 60;
                format!("{id}|COMPLETED|m|Unknown|2026-11-28T20:00:{second:02}|0:0|x\n")
            })
            .collect();
        assert_eq!(parse_ended(&text).len(), MOST_ENDED);
    }
}
