// SPDX-License-Identifier: Apache-2.0
//! `drbdsetup status RESOURCE --verbose --statistics`.
//!
//! drbd-utils 9 prints nearly the same text for the 8.4 and the 9 kernel
//! module: words `key:value`, a line per object, wrapped at 80 columns. The
//! wrapping makes the line breaks meaningless, so this reads words. A word
//! without a colon is the name of the resource (the first) or of a peer.

use super::{DrbdStatus, DrbdVolumeStatus, ParseError};

const PROGRAM: &str = "drbdsetup status";

/// Reads the status of one resource.
///
/// Empty text means that the resource is not up on this machine: that is an
/// answer (drbdsetup then says "No such resource" on stderr and exits 10).
///
/// # Errors
/// When the text is about another resource, has more than one peer (slurmha
/// replicates between two controllers), or lacks the role.
pub fn parse_drbd_status(resource: &str, text: &str) -> Result<DrbdStatus, ParseError> {
    let mut words = text.split_whitespace();
    match words.next() {
        None => return Ok(DrbdStatus::default()),
        Some(name) if name == resource => {}
        Some(_) if text.contains("No such resource") => return Ok(DrbdStatus::default()),
        Some(other) => {
            return Err(ParseError::unexpected(PROGRAM, "the name of the resource", other));
        }
    }
    let mut reader =
        Reader { status: DrbdStatus { up: true, ..Default::default() }, at: At::Resource };
    for word in words {
        reader.read(word)?;
    }
    reader.finish()
}

/// Which object the words belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Resource,
    Volume(u32),
    Peer,
    PeerVolume(u32),
}

impl At {
    fn is_peer(self) -> bool {
        matches!(self, Self::Peer | Self::PeerVolume(_))
    }
}

struct Reader {
    status: DrbdStatus,
    at: At,
}

impl Reader {
    fn read(&mut self, word: &str) -> Result<(), ParseError> {
        let Some((key, value)) = word.split_once(':') else {
            return self.begin_peer(word);
        };
        match (key, self.at.is_peer()) {
            ("volume", false) => self.at = At::Volume(number(value)?),
            ("volume", true) => self.at = At::PeerVolume(number(value)?),
            ("role", false) => self.status.role = value.to_owned(),
            ("role", true) => self.status.peer_role = value.to_owned(),
            ("suspended", false) => self.status.suspended = value != "no",
            ("connection", _) => self.status.connection = value.to_owned(),
            ("disk", false) => self.volume().disk = value.to_owned(),
            ("peer-disk", _) => self.volume().peer_disk = value.to_owned(),
            ("replication", _) => self.volume().replication = value.to_owned(),
            ("done", _) => self.volume().done_percent = Some(percent(value)?),
            ("out-of-sync", _) => self.volume().out_of_sync_kib = Some(number(value)?),
            // Statistics and flags that nobody has asked for.
            _ => {}
        }
        Ok(())
    }

    fn begin_peer(&mut self, name: &str) -> Result<(), ParseError> {
        if self.at.is_peer() {
            return Err(ParseError::unexpected(PROGRAM, "one peer", name));
        }
        self.at = At::Peer;
        Ok(())
    }

    /// The volume that the words are about. Without `--verbose` a resource
    /// with a single volume does not name it: then it is number 0.
    fn volume(&mut self) -> &mut DrbdVolumeStatus {
        let number = match self.at {
            At::Volume(number) | At::PeerVolume(number) => number,
            At::Resource | At::Peer => 0,
        };
        let volumes = &mut self.status.volumes;
        let index = match volumes.binary_search_by_key(&number, |v| v.volume) {
            Ok(index) => index,
            Err(index) => {
                volumes.insert(index, DrbdVolumeStatus { volume: number, ..Default::default() });
                index
            }
        };
        &mut volumes[index]
    }

    fn finish(mut self) -> Result<DrbdStatus, ParseError> {
        if self.status.role.is_empty() {
            return Err(ParseError::Missing { program: PROGRAM, what: "role" });
        }
        if self.status.peer_role.is_empty() {
            "Unknown".clone_into(&mut self.status.peer_role);
        }
        // Without --verbose a connected peer does not say so.
        if self.status.connection.is_empty() {
            let connection = if self.at.is_peer() { "Connected" } else { "StandAlone" };
            connection.clone_into(&mut self.status.connection);
        }
        for volume in &mut self.status.volumes {
            if volume.peer_disk.is_empty() {
                "DUnknown".clone_into(&mut volume.peer_disk);
            }
            if volume.replication.is_empty() {
                let connected = self.status.connection == "Connected";
                let replication = if connected { "Established" } else { "Off" };
                replication.clone_into(&mut volume.replication);
            }
        }
        Ok(self.status)
    }
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, ParseError> {
    value.parse().map_err(|_| ParseError::unexpected(PROGRAM, "a number", value))
}

fn percent(value: &str) -> Result<f64, ParseError> {
    let percent: f64 = number(value)?;
    if (0.0..=100.0).contains(&percent) {
        Ok(percent)
    } else {
        Err(ParseError::unexpected(PROGRAM, "a percentage", value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of drbd-utils 9.22 with kernel module 9 and two volumes, of
    /// which one is being sent to the peer.
    const DRBD9_RESYNC: &str = include_str!("../../tests/fixtures/observe/drbd-9-resync.txt");

    /// drbd-utils 9.22 with kernel module 8.4.11 (Debian 12): the peer has
    /// lost its power.
    const DRBD84_ALONE: &str = include_str!("../../tests/fixtures/observe/drbd-84-alone.txt");
    /// The same cluster when the peer was back, from the side that receives
    /// and from the one that sends.
    const DRBD84_TARGET: &str =
        include_str!("../../tests/fixtures/observe/drbd-84-sync-target.txt");
    const DRBD84_SOURCE: &str =
        include_str!("../../tests/fixtures/observe/drbd-84-sync-source.txt");

    /// The same cluster in good health, from the side that follows.
    const DRBD84_IN_SYNC: &str = include_str!("../../tests/fixtures/observe/drbd-84-in-sync.txt");

    #[test]
    fn drbd84_in_good_health_is_read() {
        let status = parse_drbd_status("slurm_data", DRBD84_IN_SYNC).unwrap();
        assert_eq!((status.role.as_str(), status.peer_role.as_str()), ("Secondary", "Primary"));
        assert!(!status.suspended);
        assert_eq!(status.volumes.len(), 2);
        for volume in &status.volumes {
            assert_eq!((volume.disk.as_str(), volume.peer_disk.as_str()), ("UpToDate", "UpToDate"));
            assert_eq!((volume.done_percent, volume.out_of_sync_kib), (None, Some(0)));
        }
    }

    #[test]
    fn drbd84_without_its_peer_is_read() {
        let status = parse_drbd_status("slurm_data", DRBD84_ALONE).unwrap();
        assert_eq!((status.role.as_str(), status.peer_role.as_str()), ("Primary", "Unknown"));
        assert_eq!(status.connection, "Connecting");
        let [state, database] = status.volumes.as_slice() else { panic!("{status:?}") };
        assert_eq!((state.disk.as_str(), state.peer_disk.as_str()), ("UpToDate", "Outdated"));
        assert_eq!((state.replication.as_str(), state.out_of_sync_kib), ("Off", Some(112)));
        assert_eq!(database.out_of_sync_kib, Some(776));
    }

    #[test]
    fn drbd84_with_a_resync_is_read_from_both_sides() {
        let target = parse_drbd_status("slurm_data", DRBD84_TARGET).unwrap();
        let source = parse_drbd_status("slurm_data", DRBD84_SOURCE).unwrap();
        assert_eq!((target.role.as_str(), target.peer_role.as_str()), ("Secondary", "Primary"));
        let seen = |status: &DrbdStatus, number: usize| {
            let volume = &status.volumes[number];
            (volume.replication.clone(), volume.disk.clone(), volume.done_percent)
        };
        let inconsistent = "Inconsistent".to_owned();
        assert_eq!(seen(&target, 1), ("SyncTarget".to_owned(), inconsistent, Some(26.23)));
        assert_eq!(seen(&source, 0), ("SyncSource".to_owned(), "UpToDate".to_owned(), Some(54.49)));
        assert_eq!(source.volumes[0].peer_disk, "Inconsistent");
        assert_eq!(source.volumes[0].out_of_sync_kib, Some(238_556));
    }

    #[test]
    fn drbd9_with_a_resync_is_read() {
        let status = parse_drbd_status("r0", DRBD9_RESYNC).unwrap();
        assert_eq!(
            (status.up, status.role.as_str(), status.suspended, status.connection.as_str()),
            (true, "Primary", false, "Connected")
        );
        assert_eq!(status.peer_role, "Secondary");
        let [state, database] = status.volumes.as_slice() else { panic!("{status:?}") };
        assert_eq!(
            (state.disk.as_str(), state.peer_disk.as_str(), state.replication.as_str()),
            ("UpToDate", "UpToDate", "Established")
        );
        assert_eq!((state.done_percent, state.out_of_sync_kib), (None, Some(0)));
        assert_eq!(database.peer_disk, "Inconsistent");
        assert_eq!(database.replication, "SyncSource");
        assert_eq!(
            (database.done_percent, database.out_of_sync_kib),
            (Some(41.25), Some(1_232_016))
        );
    }

    /// Without --verbose most words are left out when all is well.
    #[test]
    fn the_short_form_is_completed() {
        let text =
            "r0 role:Secondary\n  disk:UpToDate\n  ctl2 role:Primary\n    peer-disk:UpToDate\n";
        let status = parse_drbd_status("r0", text).unwrap();
        assert_eq!(
            (status.connection.as_str(), status.peer_role.as_str()),
            ("Connected", "Primary")
        );
        assert_eq!(status.volumes[0].replication, "Established");
        assert_eq!(status.volumes[0].peer_disk, "UpToDate");
    }

    #[test]
    fn a_resource_that_is_not_up_is_an_answer() {
        for text in ["", "\n", "slurm_data: No such resource\n"] {
            let status = parse_drbd_status("slurm_data", text).unwrap();
            assert!(!status.up);
            assert!(status.volumes.is_empty());
        }
    }

    #[test]
    fn strange_output_is_an_error() {
        let second_peer = format!("{DRBD9_RESYNC}  ctl3 connection:Connecting\n");
        let cases = [
            ("other role:Primary", "expected the name of the resource, found \"other\""),
            ("r0 suspended:no", "the output has no role"),
            ("r0 role:Primary volume:x", "expected a number, found \"x\""),
            ("r0 role:Primary p volume:0 done:-3", "expected a percentage, found \"-3\""),
            (second_peer.as_str(), "expected one peer, found \"ctl3\""),
        ];
        for (text, message) in cases {
            let error = parse_drbd_status("r0", text).unwrap_err().to_string();
            assert_eq!(error, format!("drbdsetup status: {message}"));
        }
    }
}
