// SPDX-License-Identifier: Apache-2.0
//! Which boot this is.

use slurmha_host::System;
use slurmha_host::system::read_trimmed;

use super::super::protocol::Reply;

/// Another one at each boot (proc(5)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Tells it.
pub fn tell(system: &dyn System) -> Reply {
    match read_trimmed(system, BOOT_ID) {
        Some(id) => Reply::Boot(id),
        None => Reply::Trouble(format!("{BOOT_ID} could not be read")),
    }
}

#[cfg(test)]
mod tests {
    use slurmha_host::Local;

    use super::*;

    #[test]
    fn one_boot_has_one_id() {
        let told = || match tell(&Local::new()) {
            Reply::Boot(id) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(), told());
        assert_eq!(told().len(), 36);
    }
}
