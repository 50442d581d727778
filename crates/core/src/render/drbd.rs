// SPDX-License-Identifier: Apache-2.0
//! `/etc/drbd.d`: one resource, two volumes, fenced.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::config_file::{Access, ConfigFile};
use crate::layout::{BINARY, DRBD_PORT, DRBD_RESOURCE};
use crate::secret::SecretId;
use crate::site::{Controller, Site};

/// DRBD's files on a controller, the same on both.
pub fn render(site: &Site) -> Vec<ConfigFile> {
    vec![global(), resource(site)]
}

/// Debian's file of that name leaves `usage-count` at `yes`, which makes
/// `drbdadm create-md` call home: a wait on a network without a way out.
fn global() -> ConfigFile {
    let text = format!("{}global {{\n    usage-count no;\n}}\n", super::header("#"));
    ConfigFile::new("/etc/drbd.d/global_common.conf", text)
}

/// The resource in the syntax that DRBD 8.4 and 9 share as far as they can.
///
/// - `resource-and-stonith`: a primary that loses its peer freezes I/O until
///   the fence-peer handler has an answer. It is ours: see
///   [`crate::fence_peer`]. When the binary is missing the shell's 127 is not
///   an answer, and I/O stays frozen.
/// - `ping-int` and the rest: see [`Keepalive`].
/// - `al-extents` 67, the least there is: after a power loss of the primary
///   the peer is sent again what was in the activity log, 4 MiB each. Slurm's
///   state is small, and with the default 1237 all of it is sent every time.
/// - `csums-after-crash-only`: of what is sent again after such a loss nearly
///   all is the same on both sides, so that checksums are compared first.
///   Measured in emulation: 22 MB/s with SHA-256 against 14 to 16. CRC-32C (46)
///   is too short to call two blocks the same by it.
/// - `c-fill-target` 1 MiB, as LINBIT advises for local networks
///   (<https://kb.linbit.com/tuning-drbds-resync-controller>): so much of a
///   resync is under way at a time; the default is 50 KiB. `resync-rate` is
///   only where the controller begins, a third of `c-max-rate`.
/// - both volumes in one resource: one connection, one promotion, one fence.
fn resource(site: &Site) -> ConfigFile {
    let mut text = super::header("#");
    let [fence_peer, unfence_peer] = handlers(site);
    let Keepalive { ping_int, ping_timeout, timeout, ko_count } =
        Keepalive::for_token(site.timing.token);
    let _ = write!(
        text,
        "resource {DRBD_RESOURCE} {{
    net {{
        protocol C;
        cram-hmac-alg sha256;
        shared-secret \"{}\";
        timeout {timeout};
        ko-count {ko_count};
        ping-int {ping_int};
        ping-timeout {ping_timeout};
        connect-int 5;
        verify-alg crc32c;
        csums-alg sha256;
        csums-after-crash-only yes;
        after-sb-0pri discard-zero-changes;
        after-sb-1pri disconnect;
        after-sb-2pri disconnect;
    }}
    disk {{
        fencing resource-and-stonith;
        on-io-error detach;
        al-extents 67;
        c-plan-ahead 20;
        c-fill-target 1M;
        resync-rate 33M;
        c-max-rate 100M;
        c-min-rate 10M;
    }}
    handlers {{
        fence-peer \"{}\";
        after-resync-target \"{}\";
    }}
",
        SecretId::ReplicationKey.placeholder(),
        fence_peer,
        unfence_peer,
    );
    for controller in &site.controllers {
        host(&mut text, controller);
    }
    text.push_str("}\n");
    ConfigFile::new(resource_path(), text)
        .with_access(Access::root(0o600))
        .with_secret(SecretId::ReplicationKey)
}

/// How DRBD notices that its peer is gone.
///
/// Writes of the active controller wait from the moment at which the passive
/// one dies until its death is noticed, by a ping that is not answered, and
/// proven, by fencing, which begins when Corosync has given it up after token +
/// consensus, 2.2 tokens by default. Until then nothing is lost by noticing
/// later, and a DRBD that is quicker only finds stalls that Corosync forgives.
/// A promotion after the active one has died need not wait for DRBD either.
#[derive(Debug, PartialEq, Eq)]
struct Keepalive {
    /// Seconds between pings of an idle connection, whole ones.
    ping_int: u64,
    /// Tenths of a second in which a ping must be answered.
    ping_timeout: u64,
    /// Tenths of a second; below `ping-int` and `connect-int` (drbd.conf(5)).
    timeout: u64,
    /// A peer that is there and does not finish a write for so many times
    /// `timeout` is given up (drbd_req.c of 8.4, `request_timer_fn`).
    ko_count: u64,
}

/// A disk may take that long, in tenths of a second.
const SLOWEST_WRITE: u64 = 180;

impl Keepalive {
    fn for_token(token: Duration) -> Self {
        let token = u64::try_from(token.as_millis()).unwrap_or(u64::MAX);
        let ping_int = token.div_ceil(2000);
        let timeout = ping_int.min(5) * 10 - 1;
        Self {
            ping_int,
            // No more than DRBD allows (drbd_limits.h).
            ping_timeout: (token * 3 / 400).min(300),
            timeout,
            ko_count: SLOWEST_WRITE.div_ceil(timeout),
        }
    }
}

/// Where the resource's file is.
pub fn resource_path() -> PathBuf {
    format!("/etc/drbd.d/{DRBD_RESOURCE}.res").into()
}

/// `fence-peer` and `after-resync-target`.
///
/// Without fencing there is no proof for our handler to wait for, and a
/// primary would stay frozen whenever its peer dies. The distribution's go on
/// then, which is what such a site file accepts by name.
fn handlers(site: &Site) -> [String; 2] {
    if site.is_fenced() {
        ["fence-peer", "unfence-peer"].map(|command| format!("{BINARY} {command}"))
    } else {
        ["crm-fence-peer.sh", "crm-unfence-peer.sh"].map(|script| format!("/usr/lib/drbd/{script}"))
    }
}

fn host(text: &mut String, controller: &Controller) {
    let _ = write!(
        text,
        "    on {} {{\n        address ipv4 {}:{DRBD_PORT};\n",
        controller.name, controller.replication_address,
    );
    for (number, disk) in [&controller.state_device, &controller.database_device].iter().enumerate()
    {
        let _ = write!(
            text,
            "        volume {number} {{\n            device minor {number};\n            \
             disk {};\n            meta-disk internal;\n        }}\n",
            disk.display(),
        );
    }
    text.push_str("    }\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drbd_notices_before_corosyncs_membership_and_bears_half_a_token() {
        for token in (1000..=60_000).step_by(100) {
            let it = Keepalive::for_token(Duration::from_millis(token));
            let noticed = it.ping_int * 1000 + it.ping_timeout * 100;
            assert!(noticed < token * 22 / 10, "{token}: {it:?}");
            assert!(it.ping_timeout * 100 >= token / 2, "{token}: {it:?}");
            assert!(it.timeout < it.ping_int * 10 && it.timeout < 50, "{token}: {it:?}");
            assert!((180..300).contains(&(it.timeout * it.ko_count)), "{token}: {it:?}");
        }
        let one_second = Keepalive::for_token(Duration::from_secs(1));
        let expected = Keepalive { ping_int: 1, ping_timeout: 7, timeout: 9, ko_count: 20 };
        assert_eq!(one_second, expected);
    }
}
