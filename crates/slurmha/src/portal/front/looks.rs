// SPDX-License-Identifier: Apache-2.0
//! Looks of a session's pages: asked once however many wait for the answer, which is kept
//! when it comes too late for all of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::protocol::{JobDetails, Reply, Request};
use tokio::sync::watch;
use tokio::time::Instant;

use super::link::Told;

/// Of how many jobs it is kept what Slurm said last.
const MOST_KEPT: usize = 32;

/// What comes of a look, as soon as it has.
pub type Answer = watch::Receiver<Option<Told>>;

/// Looks that are under way, and what was seen of jobs.
#[derive(Default)]
pub struct Looks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    under_way: Vec<(Request, Answer)>,
    /// The one that was seen last comes last.
    jobs: Vec<(Instant, JobDetails)>,
}

/// A look that is to be begun.
pub struct Begun {
    request: Request,
    tell: watch::Sender<Option<Told>>,
}

impl Looks {
    /// The answer to that; whoever gets [`Begun`] as well is to ask.
    pub fn join(&self, request: &Request) -> (Answer, Option<Begun>) {
        let mut kept = self.lock();
        if let Some((_, answer)) = kept.under_way.iter().find(|(asked, _)| asked == request) {
            return (answer.clone(), None);
        }
        let (tell, answer) = watch::channel(None);
        kept.under_way.push((request.clone(), answer.clone()));
        (answer, Some(Begun { request: request.clone(), tell }))
    }

    /// It has come to its end.
    pub fn end(&self, begun: Begun, told: Told) {
        let mut kept = self.lock();
        kept.under_way.retain(|(asked, _)| *asked != begun.request);
        if let Ok(Ok(Reply::Job(details))) = &told {
            kept.keep(details);
        }
        drop(kept);
        begun.tell.send_replace(Some(told));
    }

    /// What Slurm said last of a job, and how long ago.
    pub fn last(&self, job: JobRef) -> Option<(Duration, JobDetails)> {
        let kept = self.lock();
        let (at, details) = kept.jobs.iter().find(|(_, details)| details.job == job)?;
        Some((at.elapsed(), details.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, details: &JobDetails) {
        self.jobs.retain(|(_, kept)| kept.job != details.job);
        if self.jobs.len() >= MOST_KEPT {
            self.jobs.remove(0);
        }
        self.jobs.push((Instant::now(), details.clone()));
    }
}
