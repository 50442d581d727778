// SPDX-License-Identifier: Apache-2.0
//! Who is let in: one address that opens connections and says nothing leaves places to
//! the others.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Bounds;
use super::shares::{Full, Share, Shares};

/// Between two words to the journal about connections that are closed.
const SAID_AGAIN: Duration = Duration::from_secs(60);

/// Where connections come in.
pub struct Door {
    /// Who is served or waits: as many wait as are served, and cost a descriptor each.
    inside: Arc<Shares<IpAddr>>,
    served: Arc<Semaphore>,
    said: Option<Instant>,
}

/// A connection that is let in, and may have to wait.
pub struct Place {
    share: Share<IpAddr>,
    /// `None` for who is expected: their place is their own.
    served: Option<Arc<Semaphore>>,
}

/// A connection whose turn it is, until this is dropped.
pub struct Turn {
    _share: Share<IpAddr>,
    _served: Option<OwnedSemaphorePermit>,
}

impl Door {
    /// With places of their own for the addresses that are expected.
    pub fn new(bounds: Bounds, expected: Vec<IpAddr>) -> Self {
        Self {
            inside: Shares::expecting(bounds.connections * 2, bounds.from_one, expected),
            served: Arc::new(Semaphore::new(bounds.connections)),
            said: None,
        }
    }

    /// A place for a connection from there; `None` when it is to be closed.
    pub fn place(&mut self, from: IpAddr) -> Option<Place> {
        match Shares::take(&self.inside, &from) {
            Ok(share) => {
                let is_expected = self.inside.expects(&from);
                Some(Place { share, served: (!is_expected).then(|| Arc::clone(&self.served)) })
            }
            Err(full) => {
                self.say(from, full);
                None
            }
        }
    }

    fn say(&mut self, from: IpAddr, full: Full) {
        if self.said.is_some_and(|at| at.elapsed() < SAID_AGAIN) {
            return;
        }
        self.said = Some(Instant::now());
        match full {
            Full::Own => eprintln!("{from} has as many connections as one address may have"),
            Full::All => eprintln!("a connection from {from} is closed: too many wait"),
        }
    }
}

impl Place {
    /// Waits until it is served; `None` when that takes too long.
    pub async fn wait(self, longest: Duration) -> Option<Turn> {
        let served = match self.served {
            None => None,
            // Never closed, so never refused.
            Some(served) => Some(timeout(longest, served.acquire_owned()).await.ok()?.ok()?),
        };
        Some(Turn { _share: self.share, _served: served })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::runtime;

    const BOUNDS: Bounds =
        Bounds { connections: 2, from_one: 2, longest: Duration::from_millis(50) };

    fn host(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn one_address_leaves_places_to_the_others() {
        let mut door = Door::new(BOUNDS, vec![host(9)]);
        let own = [1, 1].map(|last| door.place(host(last)).expect("a place"));
        assert!(door.place(host(1)).is_none());
        runtime().expect("a runtime").block_on(async {
            let [first, second] = own;
            let first = first.wait(BOUNDS.longest).await.expect("a turn");
            let _second = second.wait(BOUNDS.longest).await.expect("a turn");
            let next = door.place(host(2)).expect("it waits");
            assert!(next.wait(BOUNDS.longest).await.is_none(), "both are being served");
            let next = door.place(host(2)).expect("it waits");
            let expected = door.place(host(9)).expect("a place of its own");
            assert!(expected.wait(BOUNDS.longest).await.is_some());
            drop(first);
            assert!(next.wait(BOUNDS.longest).await.is_some());
        });
    }
}
