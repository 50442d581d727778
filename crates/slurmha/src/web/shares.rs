// SPDX-License-Identifier: Apache-2.0
//! Places that are few, of which nobody has more than a share.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places for whoever has a key: an address, or a user.
pub struct Shares<K> {
    all: usize,
    each: usize,
    expected: Vec<K>,
    taken: Mutex<HashMap<K, usize>>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// Who asks has their share.
    Own,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// So many places, of which one key has at most `each`.
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Self::expecting(all, each, Vec::new())
    }

    /// The same, with places of their own for those who are expected: what strangers take
    /// is not theirs.
    pub fn expecting(all: usize, each: usize, expected: Vec<K>) -> Arc<Self> {
        Arc::new(Self { all, each, expected, taken: Mutex::default() })
    }

    /// Whether this one has places of their own.
    pub fn expects(&self, key: &K) -> bool {
        self.expected.contains(key)
    }

    /// A place, until it is dropped.
    ///
    /// # Errors
    /// When there is none; nothing waits here.
    pub fn take(shares: &Arc<Self>, key: &K) -> Result<Share<K>, Full> {
        let mut taken = shares.lock();
        if taken.get(key).is_some_and(|own| *own >= shares.each) {
            return Err(Full::Own);
        }
        let strangers = taken.iter().filter(|(key, _)| !shares.expects(key));
        let strangers: usize = strangers.map(|(_, count)| count).sum();
        if !shares.expects(key) && strangers >= shares.all {
            return Err(Full::All);
        }
        *taken.entry(key.clone()).or_default() += 1;
        Ok(Share { shares: Arc::clone(shares), key: key.clone() })
    }
}

impl<K> Shares<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
pub struct Share<K: Eq + Hash> {
    shares: Arc<Shares<K>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.lock();
        match taken.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            // Keys are whatever comes along: none is kept.
            _ => drop(taken.remove(&self.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_a_share_and_gives_it_back() {
        let shares = Shares::new(3, 2);
        let take = |key: &'static str| Shares::take(&shares, &key);
        let (first, _second) = (take("ann").unwrap(), take("ann").unwrap());
        assert_eq!(take("ann").err(), Some(Full::Own));
        let _third = take("bob").unwrap();
        assert_eq!(take("bob").err(), Some(Full::All));
        drop(first);
        assert!(take("ann").is_ok());
        assert_eq!(shares.lock().len(), 2);
    }

    #[test]
    fn strangers_take_nothing_of_those_who_are_expected() {
        let shares = Shares::expecting(2, 2, vec!["mon1"]);
        let _strangers = ["ann", "bob"].map(|key| Shares::take(&shares, &key).unwrap());
        assert_eq!(Shares::take(&shares, &"carol").err(), Some(Full::All));
        let own = ["mon1", "mon1"].map(|key| Shares::take(&shares, &key).unwrap());
        assert_eq!(Shares::take(&shares, &"mon1").err(), Some(Full::Own));
        drop(own);
        assert!(shares.lock().get("mon1").is_none());
    }
}
