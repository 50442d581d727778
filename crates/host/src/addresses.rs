// SPDX-License-Identifier: Apache-2.0
//! Addresses of this machine, from a file: who looks every few seconds must
//! not start a program for it.

use std::net::Ipv4Addr;

use slurmha_core::observe::{ParseError, parse_local_addresses};
use thiserror::Error;

use crate::system::{FileError, System};

/// Where the kernel tells its routes (proc(5)); each process sees those of
/// its own network namespace.
const FIB_TRIE: &str = "/proc/net/fib_trie";

/// Why the addresses are not known.
#[derive(Debug, Error)]
pub enum AddressesError {
    /// The kernel's file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not there.
    #[error("there is no {FIB_TRIE}")]
    Missing,
    /// It says something unexpected.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// IPv4 addresses on interfaces that are up.
///
/// # Errors
/// When the kernel does not tell.
pub fn local(system: &dyn System) -> Result<Vec<Ipv4Addr>, AddressesError> {
    let bytes = system.read(FIB_TRIE.as_ref())?.ok_or(AddressesError::Missing)?;
    Ok(parse_local_addresses(&String::from_utf8_lossy(&bytes))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Local, Simulated};

    #[test]
    fn the_real_kernel_tells_the_address_of_lo() {
        let addresses = local(&Local::new()).expect("it is readable");
        assert!(addresses.contains(&Ipv4Addr::LOCALHOST), "{addresses:?}");
    }

    #[test]
    fn a_kernel_that_does_not_tell_is_no_machine_without_addresses() {
        let error = local(&Simulated::new("ctl1", "ctl2")).expect_err("there is no such file");
        assert_eq!(error.to_string(), "there is no /proc/net/fib_trie");
    }
}
