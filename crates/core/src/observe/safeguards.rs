// SPDX-License-Identifier: Apache-2.0
//! Settings that make no difference until something fails, as programs tell
//! them.

use super::ParseError;

/// DRBD's policy unless another one is set (`drbd_limits.h`,
/// `DRBD_FENCING_DEF`): a primary goes on alone, and a secondary is promoted,
/// whatever the peer does.
pub const DRBD_FENCES_NOBODY: &str = "dont-care";

/// `quorum.device.timeout` unless another one is set, in milliseconds
/// (`votequorum.h`, `VOTEQUORUM_QDEVICE_DEFAULT_TIMEOUT`).
pub const DEFAULT_QDEVICE_TIMEOUT_MS: u64 = 10_000;

/// The policy `fencing` in what `drbdsetup show RESOURCE` prints, which leaves
/// out whatever is at its default. It belongs to a volume's disk in DRBD 8.4 and
/// to the connection in DRBD 9.
pub fn parse_drbd_fencing(show: &str) -> String {
    let mut sections: Vec<&str> = Vec::new();
    let (mut volumes, mut of_volumes, mut of_connection) = (0, Vec::new(), None);
    for line in show.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("}") => drop(sections.pop()),
            Some(name) if line.ends_with('{') => {
                // A connection of DRBD 9 has sections for volumes, too.
                volumes += usize::from(name == "volume" && !sections.contains(&"connection"));
                sections.push(name);
            }
            Some("fencing") => {
                let policy = words.next().unwrap_or_default().trim_end_matches(';');
                match sections.contains(&"volume") {
                    true => of_volumes.push(policy),
                    false => of_connection = Some(policy),
                }
            }
            _ => {}
        }
    }
    if let Some(policy) = of_connection {
        return policy.to_owned();
    }
    let rank = |policy: &&str| ["dont-care", "resource-only"].iter().position(|p| p == policy);
    let weakest = of_volumes.iter().copied().min_by_key(|policy| rank(policy).unwrap_or(2));
    match weakest {
        Some(policy) if of_volumes.len() >= volumes => policy.to_owned(),
        _ => DRBD_FENCES_NOBODY.to_owned(),
    }
}

/// `quorum.device.timeout` in what `corosync-cmapctl quorum.device.` prints:
/// `quorum.device.timeout (u32) = 4500`.
///
/// # Errors
/// When the line is there and has no number.
pub fn parse_qdevice_timeout(cmap: &str) -> Result<u64, ParseError> {
    let Some(line) = cmap.lines().find(|line| line.starts_with("quorum.device.timeout ")) else {
        return Ok(DEFAULT_QDEVICE_TIMEOUT_MS);
    };
    let value = line.rsplit(" = ").next().unwrap_or_default();
    let strange = |_| ParseError::unexpected("corosync-cmapctl", "milliseconds", line);
    value.trim().parse().map_err(strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form in which drbdsetup of drbd-utils 9.22 shows a resource of
    /// the kernel's 8.4 (user/v84/drbdsetup.c, `print_options`).
    const SHOWN: &str = "\
resource slurm_data {
    options {
    }
    net {
        cram-hmac-alg   \t\"sha256\";
    }
    _remote_host {
        address\t\t\tipv4 10.77.1.12:7789;
    }
    _this_host {
        address\t\t\tipv4 10.77.1.11:7789;
        volume 0 {
            device\t\t\tminor 0;
            disk\t\t\t\"/dev/vdb\";
            meta-disk\t\t\tinternal;
            disk {
                fencing         \tresource-and-stonith;
                al-extents      \t67;
            }
        }
        volume 1 {
            device\t\t\tminor 1;
            disk\t\t\t\"/dev/vdc\";
            meta-disk\t\t\tinternal;
            disk {
                fencing         \tresource-and-stonith;
                al-extents      \t67;
            }
        }
    }
}
";

    #[test]
    fn the_policy_of_both_volumes_is_read() {
        assert_eq!(parse_drbd_fencing(SHOWN), "resource-and-stonith");
    }

    #[test]
    fn what_is_not_shown_is_the_default_and_one_volume_is_enough() {
        let line = "                fencing         \tresource-and-stonith;\n";
        assert_eq!(parse_drbd_fencing(&SHOWN.replace(line, "")), "dont-care");
        assert_eq!(parse_drbd_fencing(&SHOWN.replacen(line, "", 1)), "dont-care");
        let weaker = SHOWN.replacen("resource-and-stonith", "resource-only", 1);
        assert_eq!(parse_drbd_fencing(&weaker), "resource-only");
    }

    #[test]
    fn in_drbd_9_the_connection_has_the_policy() {
        let shown = "resource r {\n  _this_host {\n    volume 0 {\n      disk {\n      }\n    }\n  }\n  \
                     connection {\n    net {\n      fencing resource-and-stonith;\n    }\n    \
                     volume 0 {\n    }\n  }\n}\n";
        assert_eq!(parse_drbd_fencing(shown), "resource-and-stonith");
        assert_eq!(parse_drbd_fencing(&shown.replace("fencing", "protocol")), "dont-care");
    }

    #[test]
    fn the_arbiters_timeout_is_read_or_the_default() {
        let cmap = "quorum.device.model (str) = net\nquorum.device.sync_timeout (u32) = 12000\n\
                    quorum.device.timeout (u32) = 4500\nquorum.device.votes (u32) = 1\n";
        assert_eq!(parse_qdevice_timeout(cmap).unwrap(), 4500);
        assert_eq!(parse_qdevice_timeout("quorum.device.model (str) = net\n").unwrap(), 10_000);
        assert!(parse_qdevice_timeout("quorum.device.timeout (str) = ten\n").is_err());
    }
}
