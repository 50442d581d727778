// SPDX-License-Identifier: Apache-2.0
//! Accounts of people, their homes, and what they may take.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::site::assemble::DEFAULT_HOMES;
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment as _;
use crate::site::fragments::{Homes, Limits, LocalGroup, LocalUser, SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    check_ids(file, report);
    check_names(file, report);
    check_uniqueness(file, report);
    check_groups(file, report);
    if let Some(homes) = &file.homes {
        check_options(homes, report);
    }
    check_administrator(file, report);
    if let Some(limits) = &file.limits {
        check_limits(limits, report);
    }
}

/// What Debian leaves to the administrator: Debian Policy Manual, section
/// 9.2.2 "UID and GID classes".
fn is_free(id: u64) -> bool {
    (1000..=59_999).contains(&id) || (65_536..=2_147_483_647).contains(&id)
}

fn check_ids(file: &SiteFile, report: &mut Report) {
    let users = items(file.user.as_ref());
    let of_users = users.iter().flat_map(|user| [user.uid.as_ref(), user.gid.as_ref()]);
    let of_groups = items(file.group.as_ref()).iter().map(|group| group.gid.as_ref());
    for id in of_users.chain(of_groups).flatten().filter(|id| !is_free(id.value)) {
        report.push(Diagnostic::new(
            &rule::ACCOUNT_ID,
            id.span.clone(),
            format!("{} is no id for people", id.value),
            "use 1000 to 59999, or 65536 and above: Debian gives the others to daemons",
        ));
    }
}

/// Users and groups of Debian (base-passwd's `passwd.master` and `group.master`; systemd, udev)
/// and of what the cluster's machines have installed: Slurm, MariaDB, Pacemaker, the
/// monitoring, NFS, SSSD, Open OnDemand. A person's own group has the person's name.
const TAKEN: &str = "root daemon bin sys sync games man lp mail news uucp proxy www-data backup \
                     list irc gnats nobody nogroup adm tty disk kmem dialout fax voice cdrom \
                     floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff \
                     users input kvm render sgx netdev crontab ssl-cert messagebus polkitd sshd \
                     tss uuidd slurm munge mysql hacluster haclient coroqnetd prometheus grafana \
                     statd sssd ondemand-dex";

/// How names begin of which there will be more: those of slurmha's own, of systemd's daemons, and
/// of daemons whose packages keep out of people's way (Debian Policy Manual, section 9.2.1).
const TAKEN_BEGINNINGS: [&str; 3] = ["slurmha", "systemd-", "_"];

/// The administrator's account is his own: taken out of the file it would be
/// closed.
fn check_names(file: &SiteFile, report: &mut Report) {
    let administrator = file.ssh.as_ref().and_then(|ssh| ssh.user.as_ref());
    for name in items(file.user.as_ref()).iter().filter_map(|user| user.name.as_ref()) {
        if administrator.is_some_and(|administrator| administrator.0 == name.0) {
            reserved(&name.0, &name.span, "is the account by which `apply` comes in", report);
        } else if is_taken(&name.0) {
            reserved(&name.0, &name.span, "is an account of the system", report);
        }
    }
    for name in items(file.group.as_ref()).iter().filter_map(|group| group.name.as_ref()) {
        if is_taken(&name.0) {
            reserved(&name.0, &name.span, "is a group of the system", report);
        }
    }
}

fn is_taken(name: &str) -> bool {
    TAKEN.split_whitespace().any(|taken| taken == name)
        || TAKEN_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn reserved(name: &str, span: &Span, why: &str, report: &mut Report) {
    let message = format!("`{name}` {why}");
    report.push(Diagnostic::new(
        &rule::RESERVED_NAME,
        span.clone(),
        message,
        "choose another name",
    ));
}

/// Users and groups each have names and ids of their own; a group of a
/// person's own has the person's name.
fn check_uniqueness(file: &SiteFile, report: &mut Report) {
    let users = items(file.user.as_ref());
    let groups = items(file.group.as_ref());
    let names = users.iter().filter_map(user_name).chain(groups.iter().filter_map(group_name));
    once(names, "this name", report);
    once(users.iter().filter_map(|user| id(user.uid.as_ref())), "this user id", report);
    let shared =
        |gid: u64| groups.iter().any(|group| group.gid.as_ref().is_some_and(|it| it.value == gid));
    // An id that two people share has been reported; their groups follow it.
    let mut seen = HashSet::new();
    let own = users.iter().filter_map(|user| match &user.gid {
        Some(gid) => Some(gid).filter(|gid| !shared(gid.value)),
        None => user.uid.as_ref().filter(|uid| seen.insert(uid.value)),
    });
    let gids = groups.iter().filter_map(|group| group.gid.as_ref()).chain(own);
    once(gids.filter_map(|gid| id(Some(gid))), "this group id", report);
}

fn user_name(user: &Spanned<LocalUser>) -> Option<(String, &Span)> {
    user.name.as_ref().map(|name| (name.0.clone(), &name.span))
}

fn group_name(group: &Spanned<LocalGroup>) -> Option<(String, &Span)> {
    group.name.as_ref().map(|name| (name.0.clone(), &name.span))
}

fn id(id: Option<&Spanned<u64>>) -> Option<(String, &Span)> {
    id.map(|id| (id.value.to_string(), &id.span))
}

fn once<'f>(values: impl Iterator<Item = (String, &'f Span)>, what: &str, report: &mut Report) {
    let mut known: HashMap<String, &Span> = HashMap::new();
    for (value, span) in values {
        if let Some(first) = known.get(&value) {
            report.push(
                Diagnostic::new(
                    &rule::DUPLICATE_ACCOUNT,
                    span.clone(),
                    format!("two accounts have {what}: {value}"),
                    "give each its own: files belong to ids, and whoever has the id has the files",
                )
                .related((*first).clone(), "the other one"),
            );
        } else {
            known.insert(value, span);
        }
    }
}

fn check_groups(file: &SiteFile, report: &mut Report) {
    let known: Vec<&str> = items(file.group.as_ref())
        .iter()
        .filter_map(|group| group.name.as_ref())
        .map(|name| name.0.as_str())
        .collect();
    let named = items(file.user.as_ref()).iter().flat_map(|user| items(user.groups.as_ref()));
    for group in named.filter(|group| !known.contains(&group.0.as_str())) {
        report.push(Diagnostic::new(
            &rule::UNKNOWN_GROUP,
            group.span.clone(),
            format!("no [[group]] is called {}", group.0),
            format!("add:\n[[group]]\nname = \"{}\"\ngid = 30000", group.0),
        ));
    }
}

fn check_options(homes: &Homes, report: &mut Report) {
    let Some(options) = homes.options.as_ref().filter(|_| homes.lacks("nfs")) else { return };
    report.push(Diagnostic::new(
        &rule::HOMES_OPTIONS_WITHOUT_NFS,
        options.span.clone(),
        "mount options have no effect without `nfs`: nothing is mounted",
        "remove the line, or add `nfs`, the export that holds the homes",
    ));
}

/// A user other than root has a home of which the keys are: by Debian's
/// default in /home. Each directory above the keys hides them.
fn check_administrator(file: &SiteFile, report: &mut Report) {
    let Some(user) = file.ssh.as_ref().and_then(|ssh| ssh.user.as_ref()) else { return };
    let Some(homes) = &file.homes else { return };
    let Some(nfs) = homes.nfs.as_ref().filter(|_| user.0 != "root") else { return };
    // Not the default in place of a mount that could not be read.
    if homes.mount.is_none() && !homes.lacks("mount") {
        return;
    }
    let mount = homes.mount.as_ref();
    let place = mount.map_or(DEFAULT_HOMES, |mount| &mount.0);
    let keys = format!("/home/{}/.ssh/authorized_keys", user.0);
    if Path::new(&keys).starts_with(place) {
        report.push(
            Diagnostic::new(
                &rule::HOMES_HIDE_ADMINISTRATOR,
                mount.map_or_else(|| nfs.span.clone(), |mount| mount.span.clone()),
                format!("mounted at {place}, this hides {keys}"),
                "add `mount = \"/shared/home\"`, or let `apply` come in as root: the way in must \
                 not depend on the NFS server",
            )
            .related(user.span.clone(), "who comes in"),
        );
    }
}

fn check_limits(limits: &Limits, report: &mut Report) {
    let bounds = [
        (&limits.memory_percent, 5..=80, "memory_percent", "5 to 80"),
        (&limits.cpus, 1..=4096, "cpus", "1 to 4096"),
        (&limits.tasks, 64..=1_000_000, "tasks", "64 to 1000000"),
    ];
    for (value, range, key, words) in bounds {
        let Some(value) = value.as_ref().filter(|value| !range.contains(&value.value)) else {
            continue;
        };
        report.push(Diagnostic::new(
            &rule::LIMIT_OUT_OF_RANGE,
            value.span.clone(),
            format!("`{key}` cannot be {}", value.value),
            format!("write {words}, or remove the line"),
        ));
    }
}
