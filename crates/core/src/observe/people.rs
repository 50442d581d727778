// SPDX-License-Identifier: Apache-2.0
//! Accounts of people: passwd(5), group(5) and shadow(5).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::layout::{USERS_GROUP, USERS_GROUP_ID};

/// Whose accounts to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleRequest {
    /// Login names.
    pub names: BTreeSet<String>,
    /// User ids of which the holder is wanted.
    pub uids: BTreeSet<u32>,
    /// Group ids of which the holder is wanted.
    pub gids: BTreeSet<u32>,
    /// Homes that are on the machine's own disk.
    pub homes: BTreeSet<PathBuf>,
    /// Where each person's home shall be: whose home is elsewhere is looked for among the
    /// processes.
    #[serde(default)]
    pub places: BTreeMap<String, PathBuf>,
}

/// The accounts of people on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// The asked ones that exist, and all that slurmha has made.
    pub accounts: BTreeMap<String, PersonState>,
    /// Who has each of the asked user ids.
    pub uids: BTreeMap<u32, String>,
    /// Which group has each of the asked group ids.
    pub gids: BTreeMap<u32, String>,
}

/// An account that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonState {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Groups that name the person as a member.
    pub groups: BTreeSet<String>,
    /// The comment field.
    pub full_name: String,
    /// Home directory.
    pub home: PathBuf,
    /// Login shell.
    pub shell: PathBuf,
    /// Whether the account has not expired; see [`EXPIRED_DAY`].
    pub is_open: bool,
    /// Whether slurmha has made it.
    pub is_ours: bool,
    /// Whether the home exists, for a home that was asked for.
    pub has_home: bool,
    /// Whether a process is theirs, where the home shall be elsewhere: usermod refuses to move
    /// it then.
    #[serde(default)]
    pub is_at_work: bool,
}

/// The day of expiry of a closed account, in days since 1970: usermod(8) on
/// `--lock` says "set the EXPIRE_DATE to 1".
pub const EXPIRED_DAY: u32 = 1;

/// What `/etc/passwd`, `/etc/group` and `/etc/shadow` say about people. Lines
/// that make no sense are skipped. `has_home` and `is_at_work` are false in all of them.
pub fn parse_people(passwd: &str, group: &str, shadow: &str, request: &PeopleRequest) -> People {
    let groups: Vec<Group<'_>> = group.lines().filter_map(Group::parse).collect();
    let ours = groups.iter().find(|it| it.name == USERS_GROUP && it.gid == USERS_GROUP_ID);
    let mut people = People::default();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, full_name, home, shell] = fields.as_slice() else { continue };
        let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse()) else { continue };
        if request.uids.contains(&uid) {
            people.uids.entry(uid).or_insert_with(|| (*name).to_owned());
        }
        let is_ours = ours.is_some_and(|group| group.members.contains(name));
        if !is_ours && !request.names.contains(*name) {
            continue;
        }
        let memberships = groups.iter().filter(|group| group.members.contains(name));
        let state = PersonState {
            uid,
            gid,
            groups: memberships.map(|group| group.name.to_owned()).collect(),
            full_name: (*full_name).to_owned(),
            home: home.into(),
            shell: shell.into(),
            is_open: expiry(shadow, name) != Some(EXPIRED_DAY),
            is_ours,
            has_home: false,
            is_at_work: false,
        };
        people.accounts.insert((*name).to_owned(), state);
    }
    for group in &groups {
        if request.gids.contains(&group.gid) {
            people.gids.entry(group.gid).or_insert_with(|| group.name.to_owned());
        }
    }
    people
}

/// Whose a process is by `/proc/PID/status`, proc(5): its real, effective and saved user id, which
/// usermod asks for, too (`lib/user_busy.c` of shadow).
pub fn parse_process_owners(status: &str) -> BTreeSet<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let ids = ids.unwrap_or_default().split_ascii_whitespace().take(3);
    ids.filter_map(|id| id.parse().ok()).collect()
}

struct Group<'t> {
    name: &'t str,
    gid: u32,
    members: Vec<&'t str>,
}

impl<'t> Group<'t> {
    fn parse(line: &'t str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields.as_slice() else { return None };
        let members = members.split(',').filter(|member| !member.is_empty()).collect();
        Some(Self { name, gid: gid.parse().ok()?, members })
    }
}

/// The eighth field of shadow(5).
fn expiry(shadow: &str, name: &str) -> Option<u32> {
    let line = shadow.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(7)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As shadow 4.13 of Debian 12 writes them, after `useradd`, `usermod
    /// --expiredate 1 bob` and `usermod --expiredate '' carla`.
    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        anna:x:20001:20001:Anna Example:/home/anna:/bin/bash\n\
        bob:x:20002:30000::/home/bob:/bin/zsh\n\
        carla:x:20003:20003::/home/carla:/bin/bash\n+::::::\n";
    const GROUP: &str = "root:x:0:\nslurmha-users:x:64032:anna,bob\nphysics:x:30000:anna\n\
        anna:x:20001:\n";
    const SHADOW: &str = "root:*:20000:0:99999:7:::\nanna:*:20420:0:99999:7:::\n\
        bob:*:20420:0:99999:7::1:\ncarla:*:20420:0:99999:7:::\n";

    #[test]
    fn asked_people_and_those_that_slurmha_has_made() {
        let request = PeopleRequest {
            names: ["anna".to_owned(), "dora".to_owned()].into(),
            uids: [20_003, 20_009].into(),
            gids: [30_000].into(),
            ..PeopleRequest::default()
        };
        let people = parse_people(PASSWD, GROUP, SHADOW, &request);
        let names: Vec<&str> = people.accounts.keys().map(String::as_str).collect();
        assert_eq!(names, ["anna", "bob"]);
        let anna = &people.accounts["anna"];
        assert_eq!(anna.full_name, "Anna Example");
        assert_eq!(anna.groups, ["physics".to_owned(), USERS_GROUP.to_owned()].into());
        assert!(anna.is_open && anna.is_ours);
        assert!(!people.accounts["bob"].is_open);
        assert_eq!(people.uids, [(20_003, "carla".to_owned())].into());
        assert_eq!(people.gids, [(30_000, "physics".to_owned())].into());
    }

    #[test]
    fn a_process_is_of_each_of_its_users() {
        let status = "Name:\tpasswd\nUid:\t20001\t0\t0\t0\nGid:\t20001\t20001\t20001\t20001\n";
        assert_eq!(parse_process_owners(status), [0, 20_001].into());
        assert_eq!(parse_process_owners("Name:\tgone\n"), [].into());
    }
}
