// SPDX-License-Identifier: Apache-2.0
//! Homes of a server, and what is where they shall be mounted.

use std::path::PathBuf;

use crate::observe::HomesState;

use super::build::in_quotes;

/// Where homes are on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomesPlace {
    /// The directory.
    pub directory: PathBuf,
    /// What mounts the server's there; `None` where the machine has homes of its own.
    pub automount: Option<String>,
}

/// Something else is there: systemd starts no automount at a place that is in use, and
/// slurmha's unit takes the place of the one that systemd makes of a line in `/etc/fstab`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What is in the way.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl HomesPlace {
    /// Whether the automount that is wanted stands.
    fn is_set_up(&self, seen: &HomesState) -> bool {
        seen.is_awaited && self.automount.as_ref().is_some_and(|it| seen.automounts.contains(it))
    }
}

/// What keeps homes from being mounted there.
pub(crate) fn obstacle(place: &HomesPlace, seen: &HomesState) -> Option<Obstacle> {
    if place.automount.is_none() || place.is_set_up(seen) {
        return None;
    }
    let directory = place.directory.display();
    let mounted = seen.mounted.as_ref().filter(|_| !seen.is_awaited);
    let or_elsewhere = "or name another `mount` in [homes]";
    if seen.in_fstab {
        return Some(Obstacle {
            what: format!("/etc/fstab mounts something at {directory}, where [homes] shall be"),
            cure: format!(
                "if that is not needed, there: take its line out of /etc/fstab; systemctl \
                 daemon-reload; umount {directory}; {or_elsewhere}"
            ),
        });
    }
    mounted.map(|mounted| Obstacle {
        what: format!("{mounted} is mounted at {directory}, where [homes] shall be"),
        cure: format!("if that is not needed, there: umount {directory}; {or_elsewhere}"),
    })
}

/// What is left there that only people can take away, because others may be at work in it.
pub(super) fn left(place: &HomesPlace, seen: &HomesState) -> Vec<String> {
    let old = seen.automounts.iter().filter(|unit| Some(*unit) != place.automount.as_ref());
    let mut left: Vec<String> = old
        .map(|unit| {
            format!(
                "{unit} still stands for homes of an earlier site file: there, when nobody works \
                 in them, `systemctl disable --now {}`",
                in_quotes(unit)
            )
        })
        .collect();
    if place.is_set_up(seen) && seen.in_fstab {
        let directory = place.directory.display();
        left.push(format!(
            "the line of {directory} in /etc/fstab counts no more, and a boot may wait for it: \
             take it out"
        ));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> HomesPlace {
        HomesPlace { directory: "/home".into(), automount: Some("home.automount".to_owned()) }
    }

    fn in_the_way(seen: &HomesState) -> Option<String> {
        obstacle(&place(), seen).map(|it| format!("{}; {}", it.what, it.cure))
    }

    #[test]
    fn what_is_mounted_already_is_in_the_way() {
        let disk = HomesState { mounted: Some("/dev/vda3".to_owned()), ..HomesState::default() };
        assert_eq!(
            in_the_way(&disk).expect("a disk"),
            "/dev/vda3 is mounted at /home, where [homes] shall be; if that is not needed, there: \
             umount /home; or name another `mount` in [homes]"
        );
        let of_its_own = HomesPlace { automount: None, ..place() };
        assert_eq!(obstacle(&of_its_own, &disk), None);
        let by_fstab = HomesState { in_fstab: true, ..disk };
        assert_eq!(
            in_the_way(&by_fstab).expect("its line"),
            "/etc/fstab mounts something at /home, where [homes] shall be; if that is not needed, \
             there: take its line out of /etc/fstab; systemctl daemon-reload; umount /home; or name \
             another `mount` in [homes]"
        );
        // `x-systemd.automount` in fstab has a unit of the same name, which is not ours.
        let awaited = HomesState { is_awaited: true, ..by_fstab };
        assert!(in_the_way(&awaited).is_some());
    }

    #[test]
    fn what_slurmha_has_mounted_is_not() {
        assert_eq!(in_the_way(&HomesState::default()), None);
        let half = HomesState { is_awaited: true, ..HomesState::default() };
        assert_eq!(in_the_way(&half), None, "a run that died before it was enabled");
        let server = Some("nas:/export/home".to_owned());
        let automounts = ["home.automount".to_owned(), "shared-home.automount".to_owned()].into();
        let done = HomesState { is_awaited: true, mounted: server, in_fstab: true, automounts };
        assert_eq!(in_the_way(&done), None);
        let left = left(&place(), &done);
        assert!(left[0].ends_with("`systemctl disable --now shared-home.automount`"), "{left:?}");
        assert!(left[1].starts_with("the line of /home in /etc/fstab counts no more"), "{left:?}");
        let by_hand = HomesState { is_awaited: false, in_fstab: false, ..done };
        assert!(in_the_way(&by_hand).is_some(), "the automount cannot be started over it");
    }
}
