// SPDX-License-Identifier: Apache-2.0
//! Which release of Slurm can read which state.

/// Protocol versions by release: each release has a number of its own in the
/// high byte (slurm_protocol_common.h, `SLURM_*_PROTOCOL_VERSION`).
const RELEASES: [(&str, u16); 8] = [
    ("21.08", 37 << 8),
    ("22.05", 38 << 8),
    ("23.02", 39 << 8),
    ("23.11", 40 << 8),
    ("24.05", 41 << 8),
    ("24.11", 42 << 8),
    ("25.05", 43 << 8),
    ("25.11", 44 << 8),
];

/// What `slurmctld -V` says of the state that another slurmctld wrote with
/// this protocol version: the release that it needs at least, when it is too
/// old for it. `None` also for a release that is not known here.
pub fn needs_newer(slurmctld_version: &str, protocol: u16) -> Option<String> {
    // "slurm 22.05.8" or, Debian, "slurm-wlm 22.05.8".
    let version = slurmctld_version.split_whitespace().next_back()?;
    let installed = RELEASES.iter().find(|(release, _)| version.starts_with(release))?.1;
    let name = |(release, _): &(&str, u16)| (*release).to_owned();
    (protocol > installed).then(|| {
        let known = RELEASES.iter().find(|(_, number)| *number == protocol);
        known.map_or_else(|| format!("protocol version {protocol}"), name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_and_equal_state_is_read() {
        for protocol in [37 << 8, 38 << 8] {
            assert_eq!(needs_newer("slurm-wlm 22.05.8\n", protocol), None);
        }
    }

    #[test]
    fn newer_state_names_the_release_that_wrote_it() {
        assert_eq!(needs_newer("slurm-wlm 22.05.8", 39 << 8).as_deref(), Some("23.02"));
        assert_eq!(
            needs_newer("slurm 22.05.8", 60 << 8).as_deref(),
            Some("protocol version 15360")
        );
    }

    #[test]
    fn what_is_not_known_is_not_refused() {
        for version in ["slurm 19.05.1", "", "no version"] {
            assert_eq!(needs_newer(version, 39 << 8), None);
        }
    }
}
