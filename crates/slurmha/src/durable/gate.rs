// SPDX-License-Identifier: Apache-2.0
//! How many may do something at a time.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Condvar, Mutex, PoisonError};

/// Who takes up a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guest {
    /// A machine, whoever asks there.
    Address(Ipv4Addr),
    /// A user, proven by munge.
    User(u32),
}

/// All connections at a time; each is a thread.
const ALL: usize = 1024;
/// Of one machine: a login node's users share them, and no machine gets all.
const PER_ADDRESS: usize = 512;
/// Of one user: submissions that wait at the same moment.
const PER_USER: usize = 128;

/// Counts guests, and turns away who is one too many.
#[derive(Default)]
pub struct Guests(Mutex<HashMap<Guest, usize>>);

/// A place that is taken until this is dropped.
pub struct Place<'g> {
    guests: &'g Guests,
    guest: Guest,
}

impl Guests {
    /// A place for a guest, if there is one.
    pub fn admit(&self, guest: Guest) -> Option<Place<'_>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = counts
            .iter()
            .filter(|(guest, _)| matches!(guest, Guest::Address(_)))
            .map(|(_, count)| count)
            .sum();
        let count = counts.entry(guest).or_default();
        let is_full = match guest {
            Guest::Address(_) => *count >= PER_ADDRESS || all >= ALL,
            Guest::User(_) => *count >= PER_USER,
        };
        if is_full {
            return None;
        }
        *count += 1;
        Some(Place { guests: self, guest })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.guest) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.guest);
            }
        }
    }
}

/// Lets so many through at a time; the others wait their turn.
pub struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

impl Gate {
    /// A gate for that many.
    pub fn new(width: usize) -> Self {
        Self { free: Mutex::new(width), left: Condvar::new() }
    }

    /// Does something once there is room for it.
    pub fn pass<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.left.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let done = work();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.left.notify_one();
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_guest_has_left() {
        let guests = Guests::default();
        let places: Vec<_> = (0..PER_USER).map(|_| guests.admit(Guest::User(7))).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(guests.admit(Guest::User(7)).is_none());
        assert!(guests.admit(Guest::User(8)).is_some(), "others are not touched by it");
        drop(places);
        assert!(guests.admit(Guest::User(7)).is_some());
    }

    #[test]
    fn no_machine_gets_every_place_and_all_together_are_bounded() {
        let guests = Guests::default();
        let fill = |last| {
            let guest = Guest::Address(Ipv4Addr::new(10, 0, 0, last));
            (0..ALL).map_while(|_| guests.admit(guest)).collect::<Vec<_>>()
        };
        let places = [fill(1), fill(2), fill(3)];
        let counts = places.each_ref().map(Vec::len);
        assert_eq!(counts, [PER_ADDRESS, ALL - PER_ADDRESS, 0]);
    }

    #[test]
    fn a_gate_lets_the_next_one_through() {
        let gate = Gate::new(1);
        assert_eq!(gate.pass(|| 1) + gate.pass(|| 2), 3);
    }
}
