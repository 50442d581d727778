// SPDX-License-Identifier: Apache-2.0
//! Who may look: one user with a password, and sessions in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest as _, Sha256};
use slurmha_host::System;
use tokio::sync::Semaphore;

/// How long a session lasts: a day's work.
const LASTS: Duration = Duration::from_secs(12 * 3600);
/// Sessions at once; the oldest ends when one more begins.
const SESSIONS: usize = 64;
/// Attempts that wait while one is looked at. More are refused at once, so
/// that guessing costs one processor a part of its time and no more.
const WAITING: usize = 4;
/// A wrong password keeps everybody waiting for so long.
const WRONG: Duration = Duration::from_millis(500);
/// How a password begins that has been hashed already.
const HASHED: &str = "$argon2id$";

/// What a browser shows that has signed in.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// As it came from a browser.
    pub fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the browser alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the session's forms carry, so that none is sent that was not asked
    /// for here: nobody can make it who does not have the token, and it does
    /// not tell the token.
    pub fn form(&self) -> String {
        BASE64.encode(Sha256::digest(format!("form {}", self.0)))
    }

    /// What is kept of it.
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// What becomes of an attempt to sign in.
pub enum Attempt {
    /// It is the user.
    In(Token),
    /// It is not.
    Wrong,
    /// Too many try at once.
    Busy,
}

/// Who may look.
pub struct Login {
    system: Arc<dyn System + Send + Sync>,
    user: String,
    password: Password,
    /// When each session ends, by [`System::elapsed`].
    sessions: Mutex<HashMap<[u8; 32], Duration>>,
    waiting: Semaphore,
    turn: Semaphore,
}

impl Login {
    /// `password` is what the password's file holds: itself, or its hash.
    ///
    /// # Errors
    /// When it is empty, or a hash that cannot be read; in a sentence.
    pub fn new(
        system: Arc<dyn System + Send + Sync>,
        user: &str,
        password: &str,
    ) -> Result<Self, String> {
        let password = Password::new(&*system, password)?;
        Ok(Self {
            system,
            user: user.to_owned(),
            password,
            sessions: Mutex::default(),
            waiting: Semaphore::new(WAITING),
            turn: Semaphore::new(1),
        })
    }

    /// Looks at one attempt at a time. A wrong user costs the same work as a
    /// wrong password.
    pub async fn attempt(&self, user: &str, password: String) -> Attempt {
        let Ok(_place) = self.waiting.try_acquire() else { return Attempt::Busy };
        let Ok(_turn) = self.turn.acquire().await else { return Attempt::Busy };
        let own = self.password.clone();
        let is_right = tokio::task::spawn_blocking(move || own.is(&password)).await;
        if !matches!(is_right, Ok(true)) || user != self.user {
            tokio::time::sleep(WRONG).await;
            return Attempt::Wrong;
        }
        match self.begin() {
            Some(token) => Attempt::In(token),
            None => Attempt::Busy,
        }
    }

    /// Whether the session lasts.
    pub fn is_in(&self, token: &Token) -> bool {
        let ends = self.lock().get(&token.digest()).copied();
        ends.is_some_and(|ends| self.system.elapsed() < ends)
    }

    /// Ends the session.
    pub fn end(&self, token: &Token) {
        self.lock().remove(&token.digest());
    }

    fn begin(&self) -> Option<Token> {
        let token = Token(BASE64.encode(self.system.random(32).ok()?));
        let now = self.system.elapsed();
        let mut sessions = self.lock();
        sessions.retain(|_, ends| now < *ends);
        if sessions.len() >= SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, ends)| **ends).map(|(digest, _)| *digest);
            oldest.and_then(|digest| sessions.remove(&digest));
        }
        sessions.insert(token.digest(), now + LASTS);
        Some(token)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Duration>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a password is compared with. No `Debug`: nothing is to print it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// `text` is what its file holds: the password, or its hash.
    ///
    /// # Errors
    /// When it is empty, or a hash that cannot be read; in a sentence.
    pub fn new(system: &dyn System, text: &str) -> Result<Self, String> {
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.starts_with(HASHED) {
            return hashed(system, text).map(Self);
        }
        PasswordHash::new(text).map_err(|error| format!("the hash is none: {error}"))?;
        Ok(Self(text.to_owned()))
    }

    /// Whether that is it; takes the time and the memory that guessing is to
    /// cost.
    pub fn is(&self, given: &str) -> bool {
        PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(given.as_bytes(), &hash).is_ok())
    }
}

/// The password as it may lie in a file: what it is hashed with lies beside it.
///
/// # Errors
/// When it is empty, or too long; in a sentence.
pub fn hashed(system: &dyn System, password: &str) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    let salt = system.random(16).map_err(|error| error.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}
