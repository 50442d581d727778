// SPDX-License-Identifier: Apache-2.0
//! How often somebody may try to sign in.

use std::collections::HashMap;
use std::time::Duration;

/// Wrong passwords in a row that cost no waiting.
const FREE: u32 = 2;
/// The wait after the first that does; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest: who guesses somebody's password must not lock them out.
const LONGEST: Duration = Duration::from_secs(16);
/// Users remembered at once; names are whatever somebody types.
const USERS: usize = 1024;

/// Failed attempts by user. Times are those of [`slurmha_host::System::elapsed`].
#[derive(Default)]
pub struct Attempts(HashMap<String, Failed>);

struct Failed {
    times: u32,
    until: Duration,
}

impl Attempts {
    /// How long this user has to wait before the next attempt.
    pub fn wait(&self, user: &str, now: Duration) -> Option<Duration> {
        let until = self.0.get(user)?.until;
        until.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// It was the wrong password.
    pub fn failed(&mut self, user: &str, now: Duration) {
        if self.0.len() >= USERS && !self.0.contains_key(user) {
            let oldest = self.0.iter().min_by_key(|(_, failed)| failed.until);
            let oldest = oldest.map(|(user, _)| user.clone());
            oldest.and_then(|user| self.0.remove(&user));
        }
        let failed = self.0.entry(user.to_owned()).or_insert(Failed { times: 0, until: now });
        failed.times = failed.times.saturating_add(1);
        if let Some(nth) = failed.times.checked_sub(FREE + 1) {
            failed.until = now + (FIRST * 2_u32.pow(nth.min(8))).min(LONGEST);
        }
    }

    /// It was the right one.
    pub fn succeeded(&mut self, user: &str) {
        self.0.remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    #[test]
    fn waiting_doubles_and_ends() {
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            attempts.failed("ann", NOW);
            waits.push(attempts.wait("ann", NOW).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 16, 16]);
        assert_eq!(attempts.wait("ann", NOW + LONGEST), None);
        assert_eq!(attempts.wait("bob", NOW), None);
        attempts.succeeded("ann");
        assert_eq!(attempts.wait("ann", NOW), None);
    }

    #[test]
    fn made_up_names_fill_no_memory() {
        let mut attempts = Attempts::default();
        for nth in 0..3000 {
            attempts.failed(&format!("user{nth}"), NOW);
        }
        assert_eq!(attempts.0.len(), USERS);
    }
}
