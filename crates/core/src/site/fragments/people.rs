// SPDX-License-Identifier: Apache-2.0
//! Who may use the cluster, where their homes are, and what they may take.

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::Many;
use crate::site::diagnostic::Span;
use crate::site::fragment::{Field, Fragment, Need, fragment, read_table, take_value};
use crate::site::reader::{Report, Value, wrong_type};
use crate::site::schema::table_schema;
use crate::site::spanned::Spanned;
use crate::site::value::{
    FilePath, FullName, GroupName, MountOptions, MountPoint, NfsExport, Shell, SshKey, SshUser,
};

fragment! {
    /// A person with an account on login and compute nodes; there is no password.
    LocalUser as "[[user]]" {
        /// The login name.
        required name: SshUser,
        /// The user id, the same on every machine; never given to somebody else later.
        required uid: u64,
        /// The id of the primary group; that of a [[group]], or of a group of the person's own. The user id by default.
        optional gid: u64,
        /// Further groups, each with a [[group]] of its own.
        optional groups: Many<GroupName>,
        /// The person's name.
        optional full_name: FullName,
        /// Public ssh keys, each as ssh-keygen writes it to a .pub file.
        optional ssh_keys: Many<SshKey>,
        /// The login shell on login and compute nodes; /bin/bash by default.
        optional shell: Shell,
    }
}

fragment! {
    /// A group that several people belong to.
    LocalGroup as "[[group]]" {
        /// The group's name.
        required name: GroupName,
        /// The group id, the same on every machine.
        required gid: u64,
    }
}

fragment! {
    /// Where people's home directories are; without it each machine has its own.
    Homes as "[homes]" {
        /// The NFS export that holds them, such as nas.example.edu:/export/home.
        optional nfs: NfsExport,
        /// The directory that the homes are in; /home by default.
        optional mount: MountPoint,
        /// Further mount options for nfs(5), separated by commas.
        optional options: MountOptions,
    }
}

fragment! {
    /// The site's directory of people, such as LDAP, asked through SSSD.
    Directory as "[directory]" {
        /// A file on the administrator's machine that becomes sssd.conf.
        /// It often holds a password, so it never stands in the site file.
        required sssd_conf_file: FilePath,
    }
}

fragment! {
    /// What one person may take of a login node; root has no limit.
    Limits as "[limits]" {
        /// Percent of the memory that one person's processes may use together; 50 by default, 5 to 80.
        optional memory_percent: u64,
        /// Processors that one person may keep busy; by default all that others do not want.
        optional cpus: u64,
        /// Processes and threads of one person; 4096 by default, 64 to 1000000.
        optional tasks: u64,
    }
}
