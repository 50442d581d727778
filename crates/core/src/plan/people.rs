// SPDX-License-Identifier: Apache-2.0
//! People's accounts: those of the site file, and those that were in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::build::PlannedStep;
use super::step::Step;
use crate::layout::{USER_KEYS, USERS_GROUP, USERS_GROUP_ID};
use crate::observe::{People, PersonState};
use crate::site::{Homes, Machine, People as SitesPeople, Role};

/// A person's account as it shall be on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Login name.
    pub name: String,
    /// User id, the same on every machine.
    pub uid: u32,
    /// Primary group.
    pub group: String,
    /// Its id.
    pub gid: u32,
    /// Further groups; with [`crate::layout::USERS_GROUP`], by which slurmha
    /// knows its accounts again.
    pub groups: BTreeSet<String>,
    /// Groups of the site file to which the person does not belong. Others,
    /// into which the administrator of a machine has put somebody, stay.
    pub not_groups: BTreeSet<String>,
    /// The person's name; may be empty.
    pub full_name: String,
    /// Home directory.
    pub home: PathBuf,
    /// Whether the home is made here when there is none.
    pub makes_home: bool,
    /// Login shell.
    pub shell: PathBuf,
}

impl Person {
    /// What differs on a machine, in a few words; nothing when the account is
    /// as it shall be. An account with another user id is left to the step,
    /// which refuses it.
    pub fn difference(&self, present: Option<&PersonState>) -> Option<String> {
        let Some(present) = present else { return Some("new".to_owned()) };
        let differs = [
            (present.uid != self.uid, "user id"),
            (present.gid != self.gid, "primary group"),
            (!present.groups.is_superset(&self.groups), "groups"),
            (!present.groups.is_disjoint(&self.not_groups), "groups"),
            (present.full_name != self.full_name, "name"),
            (present.home != self.home, "home"),
            (present.shell != self.shell, "shell"),
            (!present.is_open, "is closed"),
            (self.makes_home && !present.has_home, "no home"),
        ];
        let mut words: Vec<&str> =
            differs.into_iter().filter_map(|(differs, word)| differs.then_some(word)).collect();
        words.dedup();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// An account with the name and id of a person of the site file, which slurmha has not
/// made: what it is now would be lost, on a controller its shell, and with its table in the
/// site file the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// What is in the way.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// Those among the wanted people.
pub fn strangers(wanted: &[Person], seen: &People) -> Vec<Stranger> {
    let is_strange = |person: &&Person| {
        let present = seen.accounts.get(&person.name);
        present.is_some_and(|present| present.uid == person.uid && !present.is_ours)
    };
    let stranger = |Person { name, uid, shell, .. }: &Person| Stranger {
        what: format!(
            "slurmha has not made the account {name} ({uid}): its shell would be {}, and it would \
             be closed when it leaves the site file",
            shell.display()
        ),
        cure: format!(
            "give that person another name; or, if it is meant to be slurmha's from now on, there: \
             groupadd --force --gid {USERS_GROUP_ID} {USERS_GROUP}; usermod --append --groups \
             {USERS_GROUP} {name}"
        ),
    };
    wanted.iter().filter(is_strange).map(stranger).collect()
}

/// People whose home would move, and who have a process: usermod changes nothing of their
/// accounts then (status 8), and whoever it has moved before has left the others behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AtWork<'a> {
    people: Vec<&'a Person>,
    from: &'a Path,
}

/// Those among the wanted people, if there are any.
pub(super) fn at_work<'a>(wanted: &'a [Person], seen: &'a People) -> Option<AtWork<'a>> {
    let moving = wanted.iter().filter_map(|person| {
        let present = seen.accounts.get(&person.name)?;
        let moves = present.uid == person.uid && present.home != person.home;
        (moves && present.is_at_work).then_some((person, present.home.as_path()))
    });
    let (people, homes): (Vec<&Person>, Vec<&Path>) = moving.unzip();
    homes.first().map(|&from| AtWork { people, from })
}

impl AtWork<'_> {
    /// What is in the way.
    pub(super) fn what(&self) -> String {
        let Person { name, home, .. } = self.people[0];
        format!(
            "homes would move (that of {name} from {} to {}) of people who have processes here: {}",
            self.from.display(),
            home.display(),
            self.names().join(", "),
        )
    }

    fn names(&self) -> Vec<&str> {
        self.people.iter().map(|person| person.name.as_str()).collect()
    }

    /// What to do about it.
    pub(super) fn cure(&self, machine: &Machine) -> String {
        let drain = if machine.roles.contains(&Role::Compute) {
            let name = machine.name.as_str();
            format!(
                "`scontrol update NodeName={name} State=DRAIN Reason=homes`, and when its jobs \
                 have ended, "
            )
        } else {
            String::new()
        };
        format!(
            "{drain}there: `loginctl terminate-user {}`; or leave `mount` of [homes] as it was",
            self.names().join(" ")
        )
    }
}

/// Of those who get another primary group, what becomes of their files on the homes' server.
/// usermod gives them to that group where it may, from every machine at once.
pub(super) fn regrouped(homes: &Homes, wanted: &[Person], seen: &People) -> Vec<String> {
    let Some((_, export)) = homes.nfs.as_ref().and_then(|nfs| nfs.export.split_once(":/")) else {
        return Vec::new();
    };
    let note = |person: &Person| {
        let present = seen.accounts.get(&person.name)?;
        let (name, old, new) = (&person.name, present.gid, person.gid);
        (present.uid == person.uid && old != new).then(|| {
            format!(
                "what {name} has in the home keeps the group {old} where the server lets root \
                 change nothing: on the server `find /{export}/{name} -group {old} -exec chgrp -h \
                 {new} {{}} +`"
            )
        })
    };
    wanted.iter().filter_map(note).collect()
}

/// A step for each account that differs, and for each that slurmha has made,
/// that is not wanted here any more, and that still lets somebody in. `known`
/// are all people of the site file: the machine may be the one that has changed.
pub(super) fn plan(wanted: &[Person], known: &SitesPeople, seen: &People) -> Vec<PlannedStep> {
    let set = wanted.iter().filter_map(|person| {
        let why = person.difference(seen.accounts.get(&person.name))?;
        Some(PlannedStep::because(Step::SetPerson(person.clone()), why))
    });
    let is_wanted = |name: &String| wanted.iter().any(|person| person.name == *name);
    let left = seen
        .accounts
        .iter()
        .filter(|(name, state)| state.is_ours && state.is_open && !is_wanted(name));
    let close = left.map(|(name, _)| {
        let step = Step::CloseAccount { name: name.clone(), keys: keys_of(name) };
        PlannedStep::because(step, why_closed(name, known))
    });
    set.chain(close).collect()
}

/// PAM asks the directory about nobody who has an account that has expired (Debian's
/// common-account), and names come from files before they come from SSSD.
fn why_closed(name: &str, known: &SitesPeople) -> String {
    if known.users.iter().any(|user| user.name == name) {
        return "people have no accounts here any more; its files stay".to_owned();
    }
    let by_directory = match known.sssd_conf_file {
        Some(_) => {
            format!("; if the directory has {name}: then `userdel {name}` there, without -r")
        }
        None => String::new(),
    };
    format!("not in the site file any more; its files stay{by_directory}")
}

/// The file with a person's keys.
pub(crate) fn keys_of(name: &str) -> PathBuf {
    Path::new(USER_KEYS).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::USERS_GROUP;

    fn anna() -> Person {
        Person {
            name: "anna".to_owned(),
            uid: 20_001,
            group: "anna".to_owned(),
            gid: 20_001,
            groups: [USERS_GROUP.to_owned(), "physics".to_owned()].into(),
            not_groups: ["chemistry".to_owned()].into(),
            full_name: "Anna Example".to_owned(),
            home: "/home/anna".into(),
            makes_home: true,
            shell: "/bin/bash".into(),
        }
    }

    fn present() -> PersonState {
        let anna = anna();
        PersonState {
            uid: anna.uid,
            gid: anna.gid,
            groups: [USERS_GROUP.to_owned(), "physics".to_owned(), "docker".to_owned()].into(),
            full_name: anna.full_name,
            home: anna.home,
            shell: anna.shell,
            is_open: true,
            is_ours: true,
            has_home: true,
            is_at_work: false,
        }
    }

    fn nobody(sssd_conf_file: Option<PathBuf>) -> SitesPeople {
        let homes = Homes { directory: "/home".into(), nfs: None };
        SitesPeople { users: Vec::new(), groups: Vec::new(), homes, sssd_conf_file }
    }

    fn steps(wanted: &[Person], name: &str, state: PersonState) -> Vec<String> {
        let seen = People { accounts: [(name.to_owned(), state)].into(), ..People::default() };
        let steps = plan(wanted, &nobody(None), &seen);
        steps.iter().map(|it| format!("{} ({})", it.step.summary(), it.why)).collect()
    }

    #[test]
    fn an_account_that_is_as_wanted_is_left_alone() {
        assert!(steps(&[anna()], "anna", present()).is_empty());
        let elsewhere = Person { makes_home: false, ..anna() };
        assert!(
            steps(&[elsewhere], "anna", PersonState { has_home: false, ..present() }).is_empty()
        );
    }

    #[test]
    fn an_account_that_somebody_else_has_made_is_not_taken_over() {
        let seen =
            |state| People { accounts: [("anna".to_owned(), state)].into(), ..People::default() };
        assert_eq!(strangers(&[anna()], &seen(present())), []);
        let theirs = PersonState { is_ours: false, ..present() };
        let found = strangers(&[anna()], &seen(theirs.clone()));
        assert!(found[0].what.contains("the account anna (20001)"), "{found:?}");
        assert!(found[0].cure.ends_with("usermod --append --groups slurmha-users anna"));
        let other = PersonState { uid: 1000, ..theirs };
        assert_eq!(strangers(&[anna()], &seen(other)), [], "the step refuses it");
    }

    #[test]
    fn a_home_moves_when_nobody_works_in_it() {
        let moved = Person { home: "/shared/home/anna".into(), ..anna() };
        let wanted = [moved.clone(), Person { name: "bob".to_owned(), ..moved }];
        let busy = PersonState { is_at_work: true, ..present() };
        let seen = |anna: &PersonState, bob: &PersonState| People {
            accounts: [("anna".to_owned(), anna.clone()), ("bob".to_owned(), bob.clone())].into(),
            ..People::default()
        };
        assert_eq!(at_work(&wanted, &seen(&present(), &present())), None);
        assert_eq!(at_work(&[anna()], &seen(&busy, &busy)), None, "nothing moves");
        let seen = seen(&busy, &busy);
        let found = at_work(&wanted, &seen).expect("both");
        assert_eq!(
            found.what(),
            "homes would move (that of anna from /home/anna to /shared/home/anna) of people who \
             have processes here: anna, bob"
        );
    }

    #[test]
    fn what_differs_is_said() {
        let step = |state| steps(&[anna()], "anna", state).join("; ");
        let moved = PersonState {
            groups: [USERS_GROUP.to_owned(), "chemistry".to_owned()].into(),
            shell: "/bin/zsh".into(),
            ..present()
        };
        assert_eq!(step(moved), "account anna (20001) (groups, shell)");
        let closed = PersonState { is_open: false, has_home: false, ..present() };
        assert_eq!(step(closed), "account anna (20001) (is closed, no home)");
        assert_eq!(
            steps(&[anna()], "bob", PersonState { is_ours: false, ..present() }),
            ["account anna (20001) (new)"],
            "an account of somebody else's is nobody's business"
        );
    }

    #[test]
    fn who_is_taken_out_of_the_file_is_closed_once() {
        assert_eq!(
            steps(&[], "bob", present()),
            ["close account bob (not in the site file any more; its files stay)"]
        );
        assert!(steps(&[], "bob", PersonState { is_open: false, ..present() }).is_empty());
        let why = why_closed("bob", &nobody(Some("~/sssd.conf".into())));
        assert!(why.ends_with("if the directory has bob: then `userdel bob` there, without -r"));
    }
}
