// SPDX-License-Identifier: Apache-2.0
//! The same for many machines at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Connections at the same time. Each costs an ssh process here; more do not
/// make an answer come sooner.
const AT_ONCE: usize = 64;

/// Calls a function for each host, in parallel, and returns the results in
/// the order of the hosts.
pub fn for_each_host<H: Sync, R: Send>(hosts: &[H], task: impl Fn(&H) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(hosts.len()));
    let work = || {
        while let Some((index, host)) = take(hosts, &next) {
            let result = task(host);
            // A panicking task poisons nothing that matters: its own result
            // is missing, and the scope below passes the panic on.
            results.lock().unwrap_or_else(|e| e.into_inner()).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..hosts.len().min(AT_ONCE) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, H>(hosts: &'a [H], next: &AtomicUsize) -> Option<(usize, &'a H)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    hosts.get(index).map(|host| (index, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let hosts: Vec<u64> = (0..200).collect();
        let results = for_each_host(&hosts, |n| {
            thread::sleep(std::time::Duration::from_micros(200 - n));
            n * 2
        });
        assert_eq!(results, hosts.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert!(for_each_host(&[] as &[u8], |_| 0).is_empty());
    }
}
