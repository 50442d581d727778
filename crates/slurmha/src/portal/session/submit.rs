// SPDX-License-Identifier: Apache-2.0
//! A submission, once: what [`Course`] decides, done.

use slurmha_core::portal::client::Failure;
use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::options::arguments;
use slurmha_core::portal::protocol::{Refusal, Submission};
use slurmha_core::portal::sbatch::Sent;
use slurmha_core::portal::script::prepared;
use slurmha_core::portal::submission::{Course, End, Found, Line, Record, Step, Token, contents};
use slurmha_host::System;
use slurmha_host::program::slurm_user;

use super::record::{RecordFile, is_full};
use super::serve::Session;

/// How much earlier than the submission the accounting is searched, in seconds: clocks
/// differ, and time zones of the past are nobody's business here.
const MARGIN: i64 = 3600;

impl<S: System> Session<S> {
    /// Submits, or tells what has become of the submission.
    pub fn submit(&self, submission: &Submission) -> Result<JobRef, Refusal> {
        let token = Token::parse(&submission.token).ok_or_else(|| {
            Refusal::No("the form has no valid name of its own; open an empty one".to_owned())
        })?;
        let script = prepared(&submission.script).map_err(Refusal::No)?;
        let options = arguments(&submission.options).map_err(Refusal::No)?;
        let Some(mut record) = RecordFile::open(&self.state, &token).map_err(no_record)? else {
            return Err(Refusal::UnderWay);
        };
        if record.record == Record::New && is_full(&self.system, &self.state) {
            let _ = record.forget();
            return Err(Refusal::No(
                "you have submitted too much through the portal this month; use sbatch".to_owned(),
            ));
        }
        let contents = contents(&script, &options);
        let mut is_another = record.contents.as_ref().is_some_and(|sent| *sent != contents);
        let user = &self.user.submitter;
        let known = record.record.seen_from(&self.mark, &token);
        let (mut course, mut step) = Course::begin(known, submission.again);
        loop {
            step = match step {
                Step::Send => {
                    self.announce(&mut record, &contents)?;
                    is_another = false;
                    let system = &self.system;
                    let sent = slurm_user::submit(system, user, &token, &options, &script);
                    if let Sent::Unclear(why) = &sent {
                        eprintln!("a submission of {} has no clear answer: {why}", user.name);
                    }
                    course.sent(sent)
                }
                Step::Ask { pause } => {
                    self.system.sleep(pause);
                    course.asked(self.find(&token, record.record))
                }
                Step::End(end) => {
                    let job = conclude(record, end)?;
                    return if is_another { Err(Refusal::Changed(job)) } else { Ok(job) };
                }
            };
        }
    }

    /// Before sbatch runs, it is on the disk that it will, and with what.
    fn announce(&self, record: &mut RecordFile, contents: &str) -> Result<(), Refusal> {
        record.add(Line::Sending(self.system.now().as_second())).map_err(no_record)?;
        record.add(Line::Contents(contents.to_owned())).map_err(no_record)
    }

    /// Asks Slurm: the queue first, then the accounting for what has left it.
    fn find(&self, token: &Token, record: Record) -> Found {
        let since = match record {
            Record::Sending(at) if at > 0 => at - MARGIN,
            _ => self.system.now().as_second() - 7 * 24 * 3600,
        };
        let name = &self.user.submitter.name;
        let in_queue = slurm_user::comments_in_queue(&self.system);
        let found = in_queue.map(|text| token.find(&text, ' ')).and_then(|job| match job {
            Some(job) => Ok(Some(job)),
            None => slurm_user::comments_in_accounting(&self.system, name, since)
                .map(|text| token.find(&text, '|')),
        });
        match found {
            Ok(Some(job)) => Found::Job(job),
            Ok(None) => Found::None,
            Err(Failure::Away(why) | Failure::No(why)) => Found::CannotTell(why),
        }
    }
}

fn conclude(mut record: RecordFile, end: End) -> Result<JobRef, Refusal> {
    match end {
        End::Job(job) => {
            // Without the line Slurm is asked for the job again; that is no harm.
            if !matches!(record.record, Record::Job(_))
                && let Err(error) = record.add(Line::Job(job))
            {
                eprintln!("job {job} is not in the record of its submission: {error}");
            }
            Ok(job)
        }
        End::Forget(refusal) => {
            // What stays is asked about instead of being sent.
            if let Err(error) = record.forget() {
                eprintln!("the record of a submission that was refused stays: {error}");
            }
            Err(refusal)
        }
        End::Keep(refusal) => Err(refusal),
    }
}

fn no_record(error: std::io::Error) -> Refusal {
    Refusal::No(format!(
        "nothing was submitted: the portal cannot keep a record of it, without which it could be \
         submitted twice ({error}); ask the administrators to look at /var/lib/slurmha/portal on \
         this machine"
    ))
}
