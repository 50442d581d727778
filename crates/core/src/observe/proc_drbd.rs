// SPDX-License-Identifier: Apache-2.0
//! `/proc/drbd` of the 8.4 kernel module: readable without a program and
//! without a lock, also while DRBD waits for one of its handlers.
//! DRBD 9 says its version there and nothing else.

use super::ParseError;

const PROGRAM: &str = "/proc/drbd";

/// One volume as `/proc/drbd` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcVolume {
    /// Minor number of the device.
    pub minor: u32,
    /// `Connected`, `WFConnection`, `SyncTarget`, `Unconfigured`, ...
    pub connection: String,
    /// This side's role, `Primary` or `Secondary`; empty when the volume is
    /// not configured.
    pub role: String,
    /// This side's disk, empty when the volume is not configured.
    pub disk: String,
    /// The other side's disk, `DUnknown` when not connected.
    pub peer_disk: String,
}

/// Reads the volumes, in the order of their minor numbers.
///
/// # Errors
/// When this is not DRBD's text, or a volume's line is not complete.
pub fn parse_proc_drbd(text: &str) -> Result<Vec<ProcVolume>, ParseError> {
    if !text.starts_with("version:") {
        return Err(ParseError::unexpected(PROGRAM, "version:", text));
    }
    text.lines().filter_map(minor_and_rest).map(|(minor, rest)| volume(minor, rest)).collect()
}

/// How far the comparison of one volume with its peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Minor number of the device.
    pub minor: u32,
    /// What is still to be compared, in the unit of `all`.
    pub left: u64,
    /// All of it: KiB, or MiB of a volume of 4 TiB or more.
    pub all: u64,
}

impl Verified {
    /// What is done, in per cent.
    pub fn percent(&self) -> f64 {
        let part = |of: u64| of as f64 / self.all.max(1) as f64;
        100.0 * part(self.all.saturating_sub(self.left))
    }
}

/// Reads how far an online verification is, of each volume that is compared. What
/// drbdsetup prints as `done:` is something else with this module: how much is in
/// sync.
pub fn parse_verified(text: &str) -> Vec<Verified> {
    let mut minor = None;
    let verified = |line: &str| {
        if let Some((number, _)) = minor_and_rest(line) {
            minor = Some(number);
        }
        // `[=>....] verified: 11.8% (465028/524236)K` (drbd_proc.c of 8.4.11).
        let (_, rest) = line.split_once("verified:")?;
        let (_, counts) = rest.split_once('(')?;
        let (left, all) = counts.split_once(')')?.0.split_once('/')?;
        Some(Verified { minor: minor?, left: left.parse().ok()?, all: all.parse().ok()? })
    };
    text.lines().filter_map(verified).collect()
}

/// ` 0: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----`;
/// the counters below it have no number in front.
fn minor_and_rest(line: &str) -> Option<(u32, &str)> {
    let (minor, rest) = line.trim_start().split_once(": ")?;
    rest.starts_with("cs:").then_some((minor.parse().ok()?, rest))
}

fn volume(minor: u32, rest: &str) -> Result<ProcVolume, ParseError> {
    let field = |name: &str| rest.split_whitespace().find_map(|word| word.strip_prefix(name));
    let missing = |what| ParseError::Missing { program: PROGRAM, what };
    let connection = field("cs:").ok_or_else(|| missing("cs:"))?.to_owned();
    let (disk, peer_disk) = match field("ds:") {
        None if connection == "Unconfigured" => ("", ""),
        None => return Err(missing("ds:")),
        Some(disks) => disks.split_once('/').ok_or_else(|| missing("disk of the peer"))?,
    };
    let (disk, peer_disk) = (disk.to_owned(), peer_disk.to_owned());
    let role =
        field("ro:").and_then(|roles| roles.split('/').next()).unwrap_or_default().to_owned();
    Ok(ProcVolume { minor, connection, role, disk, peer_disk })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form of drbd_proc.c of 8.4.11.
    const ALONE: &str = "\
version: 8.4.11 (api:1/proto:86-101)
srcversion: 211FB288A383ED945B83420 

 1: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C r---d-
    ns:0 nr:0 dw:8 dr:1097 al:1 bm:0 lo:0 pe:0 ua:0 ap:1 ep:1 wo:f oos:12
 2: cs:Unconfigured
";

    #[test]
    fn how_far_a_verification_is_is_read() {
        let text = "\
version: 8.4.11 (api:1/proto:86-101)
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:68320 nr:0 dw:1149728 dr:1128768 al:28 bm:0 lo:99 pe:335 ua:943 ap:0 ep:1 wo:f oos:0
 1: cs:VerifyS ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:9480 nr:0 dw:582952 dr:586354 al:20 bm:0 lo:0 pe:500 ua:435 ap:0 ep:1 wo:f oos:0
\t[=>..................] verified: 11.8% (465028/524236)K
\tfinish: 0:01:02 speed: 7,400 (7,400) want: 20,000 K/sec
";
        let verified = parse_verified(text);
        assert_eq!(verified, [Verified { minor: 1, left: 465_028, all: 524_236 }]);
        assert_eq!(format!("{:.2}", verified[0].percent()), "11.29");
        assert_eq!(parse_verified(ALONE), []);
    }

    #[test]
    fn volumes_are_read_and_counters_are_not() {
        let volumes = parse_proc_drbd(ALONE).unwrap();
        let of = |n: usize| {
            let it: &ProcVolume = &volumes[n];
            (it.minor, it.connection.as_str(), it.role.as_str(), it.disk.as_str())
        };
        assert_eq!(volumes.len(), 2);
        assert_eq!(of(0), (1, "WFConnection", "Primary", "UpToDate"));
        assert_eq!(volumes[0].peer_disk, "DUnknown");
        assert_eq!(of(1), (2, "Unconfigured", "", ""));
    }

    #[test]
    fn drbd_9_tells_no_volume_and_other_text_is_an_error() {
        assert_eq!(parse_proc_drbd("version: 9.2.0 (api:2/proto:86-122)\n").unwrap(), []);
        assert!(parse_proc_drbd("").is_err());
        assert!(parse_proc_drbd("version: 8\n 0: cs:Connected ro:a/b C\n").is_err());
        assert!(parse_proc_drbd("version: 8\n 0: cs:Connected ds:UpToDate C\n").is_err());
    }
}
