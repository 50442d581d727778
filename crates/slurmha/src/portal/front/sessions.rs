// SPDX-License-Identifier: Apache-2.0
//! Who has signed in: a cookie each, and behind it a connection whose other end
//! is that user. Both end together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};
use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::protocol::{
    Admission, EndedJob, JobDetails, Refusal, Reply, Request, SignIn,
};
use slurmha_core::portal::submission::{TOKEN_RANDOM, Token};
use slurmha_core::portal::text::sentence;
use slurmha_host::System;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::attempts::Attempts;
use super::link::{Link, NoAnswer, Told};
use super::looks::Looks;
use crate::portal::host;
use crate::web::Peer;
use crate::web::shares::Shares;

/// How long a session lasts without being used, and at most.
const IDLE: Duration = Duration::from_secs(3600);
const LASTS: Duration = Duration::from_secs(12 * 3600);
/// Sessions at once, of all and of one user; of one user the oldest ends.
const SESSIONS: usize = 256;
const PER_USER: usize = 8;
/// Attempts that are looked at at once; more wait for their turn before they cost
/// anything.
const AT_ONCE: usize = 4;
/// And how many are looked at or wait, in all and from one address: who guesses leaves
/// turns to others. More are refused.
const ATTEMPTS: usize = 32;
const FROM_ONE: usize = 2;
/// How long one waits. PAM takes 3 s for a wrong password.
const TURN: Duration = Duration::from_secs(12);
/// A wrong password keeps its place for so long, so that all attempts together
/// are a few a second.
const WRONG: Duration = Duration::from_secs(1);
/// How long the accounting's answer is kept.
const ENDED_KEPT: Duration = Duration::from_secs(10);
/// How long a page waits for it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a cancellation may take: a connection ends after a minute.
const QUICK: Duration = Duration::from_secs(40);
/// How long a look is under way at most: two of Slurm's clients, each of which gives up
/// after 45 s, and a file. No page waits so long.
const LONGEST_LOOK: Duration = Duration::from_secs(100);

/// What becomes of an attempt to sign in.
pub enum Attempt {
    /// They are in; the cookie's value.
    In(String),
    /// They are not, for a reason that may be told.
    Out(String),
    /// Later, perhaps.
    Wait(String),
}

/// Jobs that have ended, or why they are not known.
type Ended = Result<Arc<[EndedJob]>, String>;

/// Somebody who has signed in.
pub struct Session {
    /// As the system spells it.
    pub user: String,
    link: Link,
    began: Duration,
    used: Mutex<Duration>,
    looks: Looks,
    /// And when that was.
    ended: Mutex<Option<(Duration, Ended)>>,
    ended_is_asked: AtomicBool,
    ended_rounds: watch::Sender<u64>,
}

/// Everybody who has signed in.
pub struct Sessions {
    system: Arc<dyn System + Send + Sync>,
    socket: PathBuf,
    by_digest: Mutex<HashMap<[u8; 32], Arc<Session>>>,
    attempts: Mutex<Attempts>,
    places: Semaphore,
    turns: Arc<Shares<Peer>>,
}

impl Sessions {
    /// Nobody yet; `socket` is where sessions are begun.
    pub fn new(system: Arc<dyn System + Send + Sync>, socket: PathBuf) -> Self {
        Self {
            system,
            socket,
            by_digest: Mutex::default(),
            attempts: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            turns: Shares::new(ATTEMPTS, FROM_ONE),
        }
    }

    /// Tries to sign in. What was begun goes on when who asked hangs up: it keeps its
    /// place and counts like every other, or guessing would cost nothing.
    pub async fn attempt(self: &Arc<Self>, peer: Peer, given: SignIn) -> Attempt {
        let sessions = Arc::clone(self);
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let attempt = sessions.try_to_sign_in(peer, given).await;
            if let Err(Attempt::In(cookie)) = tell.send(attempt) {
                // Nobody has the cookie.
                sessions.end(&cookie);
            }
        });
        told.await.unwrap_or_else(|_| Attempt::Wait("Try again.".to_owned()))
    }

    async fn try_to_sign_in(&self, peer: Peer, given: SignIn) -> Attempt {
        if let Some(wait) = self.wait(&given.user) {
            return wait;
        }
        let many = "Too many try to sign in at this moment. Try again in a few seconds.";
        let Ok(_turn) = Shares::take(&self.turns, &peer) else {
            return Attempt::Wait(many.to_owned());
        };
        let Ok(Ok(_place)) = timeout(TURN, self.places.acquire()).await else {
            return Attempt::Wait(many.to_owned());
        };
        // What others tried meanwhile counts.
        if let Some(wait) = self.wait(&given.user) {
            return wait;
        }
        match Link::open(&self.socket, &given).await {
            Ok((Admission::In { user }, Some(link))) => {
                lock(&self.attempts).succeeded(&given.user);
                self.begin(user, link)
            }
            Ok((Admission::Refused(why), _)) => Attempt::Out(why),
            Ok((Admission::Trouble(why), _)) => Attempt::Wait(why),
            Ok(_) => {
                // The name, which may be a password in the wrong place, is for the session's side.
                eprintln!("a sign-in from {} has failed", peer.0);
                // PAM has taken its time since.
                lock(&self.attempts).failed(&given.user, self.system.elapsed());
                tokio::time::sleep(WRONG).await;
                Attempt::Out("That is not the user, or not the password.".to_owned())
            }
            Err(error) => {
                eprintln!("cannot begin a session at {}: {error}", self.socket.display());
                Attempt::Wait(
                    "Nobody can sign in at this moment. Tell your administrator: \
                     `systemctl status slurmha-portal-session.socket`."
                        .to_owned(),
                )
            }
        }
    }

    /// After wrong passwords.
    fn wait(&self, user: &str) -> Option<Attempt> {
        let wait = lock(&self.attempts).wait(user, self.system.elapsed())?;
        let seconds = wait.as_secs() + 1;
        Some(Attempt::Wait(format!(
            "Too many wrong passwords for this user. Try again in {seconds} s."
        )))
    }

    fn begin(&self, user: String, link: Link) -> Attempt {
        let Ok(random) = self.system.random(32) else {
            return Attempt::Wait("This machine gives no random numbers.".to_owned());
        };
        let cookie = BASE64.encode(random);
        let now = self.system.elapsed();
        self.sweep();
        let mut sessions = lock(&self.by_digest);
        let own = || sessions.iter().filter(|(_, session)| session.user == user);
        if own().count() >= PER_USER {
            let oldest = own().min_by_key(|(_, session)| session.began).map(|(digest, _)| *digest);
            oldest.and_then(|digest| sessions.remove(&digest)).inspect(|it| it.link.end());
        }
        if sessions.len() >= SESSIONS {
            return Attempt::Wait("As many have signed in as are allowed.".to_owned());
        }
        let session = Session {
            user,
            link,
            began: now,
            used: Mutex::new(now),
            looks: Looks::default(),
            ended: Mutex::default(),
            ended_is_asked: AtomicBool::new(false),
            ended_rounds: watch::Sender::new(0),
        };
        sessions.insert(digest(&cookie), Arc::new(session));
        Attempt::In(cookie)
    }

    /// Whose cookie it is. A look of the page's script is not counted as use.
    pub fn find(&self, cookie: &str, is_use: bool) -> Option<Arc<Session>> {
        let digest = digest(cookie);
        let now = self.system.elapsed();
        let mut sessions = lock(&self.by_digest);
        if !sessions.get(&digest)?.lasts(now) {
            sessions.remove(&digest)?.link.end();
            return None;
        }
        let session = sessions.get(&digest)?;
        if is_use {
            session.is_used(now);
        }
        Some(Arc::clone(session))
    }

    /// Whether that session is still one.
    pub fn has(&self, session: &Session) -> bool {
        let now = self.system.elapsed();
        let sessions = lock(&self.by_digest);
        let mut all = sessions.values().map(Arc::as_ptr);
        all.any(|it| std::ptr::eq(it, session)) && session.lasts(now)
    }

    /// Ends a session, and its connection, also while something is under way in it: what
    /// is being submitted, its other end brings to an end.
    pub fn end(&self, cookie: &str) {
        if let Some(session) = lock(&self.by_digest).remove(&digest(cookie)) {
            session.link.end();
        }
    }

    /// Ends those whose time is over.
    pub fn sweep(&self) {
        let now = self.system.elapsed();
        lock(&self.by_digest).retain(|_, session| {
            let lasts = session.lasts(now);
            if !lasts {
                session.link.end();
            }
            lasts
        });
    }

    /// The name of a new form, which nobody can guess and which tells this host.
    pub fn token(&self) -> Option<String> {
        let random = self.system.random(TOKEN_RANDOM).ok()?;
        Some(Token::made(&host(&*self.system), &random))
    }
}

impl Session {
    fn lasts(&self, now: Duration) -> bool {
        let idle = now.saturating_sub(*lock(&self.used));
        !self.link.is_over() && idle < IDLE && now.saturating_sub(self.began) < LASTS
    }

    /// Somebody does something with it.
    pub fn is_used(&self, now: Duration) {
        *lock(&self.used) = now;
    }

    /// Cancels a job.
    pub async fn cancel(&self, job: JobRef) -> Told {
        self.link.ask(Request::Cancel(job), QUICK).await
    }

    /// Asks for something that may last.
    pub async fn ask_within(&self, request: Request, limit: Duration) -> Told {
        self.link.ask(request, limit).await
    }

    /// Looks, and waits so long for the answer. The look itself goes on: who looks again
    /// meanwhile, in whichever tab, waits for the same one.
    pub async fn look(self: &Arc<Self>, request: &Request, limit: Duration) -> Told {
        let (mut answer, begun) = self.looks.join(request);
        if let Some(begun) = begun {
            let (session, request) = (Arc::clone(self), request.clone());
            tokio::spawn(async move {
                let told = session.link.ask(request, LONGEST_LOOK).await;
                session.looks.end(begun, told);
            });
        }
        match timeout(limit, answer.wait_for(Option::is_some)).await {
            Ok(Ok(told)) => told.clone().unwrap_or(Err(NoAnswer::Late)),
            Ok(Err(_)) => Err(NoAnswer::Ended),
            Err(_) => Err(NoAnswer::Late),
        }
    }

    /// What Slurm said last of a job, and how long ago.
    pub fn last_seen(&self, job: JobRef) -> Option<(Duration, JobDetails)> {
        self.looks.last(job)
    }

    /// The user's jobs that have ended. No page waits long for the accounting: what it
    /// said before is shown while it is asked again.
    pub async fn ended(self: &Arc<Self>, now: Duration) -> Ended {
        let mut rounds = self.ended_rounds.subscribe();
        let is_fresh = |(at, _): &(Duration, _)| now.saturating_sub(*at) < ENDED_KEPT;
        let is_kept = lock(&self.ended).as_ref().is_some_and(is_fresh);
        if !is_kept && !self.ended_is_asked.swap(true, Ordering::SeqCst) {
            let session = Arc::clone(self);
            tokio::spawn(async move { session.ask_for_ended(now).await });
        }
        if lock(&self.ended).is_none() {
            // Whether it came in time or not: what is there is shown.
            let _ = timeout(PATIENCE, rounds.changed()).await;
        }
        let kept = lock(&self.ended).as_ref().map(|(_, told)| told.clone());
        kept.unwrap_or_else(|| Err("Not known yet: the accounting has not answered.".to_owned()))
    }

    async fn ask_for_ended(&self, now: Duration) {
        let told = match self.link.ask(Request::Ended, LONGEST_LOOK).await {
            Ok(Ok(Reply::Ended(jobs))) => Ok(jobs.into()),
            Ok(Err(Refusal::No(why) | Refusal::SchedulerAway(why))) => Err(sentence(&why)),
            _ => Err("Not known: the accounting gave no answer.".to_owned()),
        };
        *lock(&self.ended) = Some((now, told));
        self.ended_is_asked.store(false, Ordering::SeqCst);
        self.ended_rounds.send_modify(|rounds| *rounds += 1);
    }
}

/// What is kept of a cookie.
fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
