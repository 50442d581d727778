// SPDX-License-Identifier: Apache-2.0
//! What Open OnDemand's applications read.

use crate::config_file::ConfigFile;
use crate::layout::SCHEDULER_AWAY;
use crate::render::header;
use crate::render::yaml::quoted;
use crate::site::{Desktop, Site};

/// Where a shell may go: the login nodes (`apps/shell/app.js`).
pub(super) fn shell(site: &Site) -> ConfigFile {
    let logins: Vec<&str> = site.logins.iter().map(|login| login.name.as_str()).collect();
    let text = format!("{}OOD_SSHHOST_ALLOWLIST={}\n", header("#"), logins.join(":"));
    ConfigFile::new("/etc/ood/config/apps/shell/env", text)
}

/// A desktop in a job; without an account to choose, which a cluster has only where its
/// accounting asks for one.
pub(super) fn desktop(site: &Site, desktop: Desktop) -> ConfigFile {
    let name = &site.cluster_name;
    let text = format!(
        "{}---
title: Desktop
cluster: {}
attributes:
  desktop: {}
  bc_account: null
",
        header("#"),
        quoted(name),
        desktop.as_str(),
    );
    ConfigFile::new(format!("/etc/ood/config/apps/bc_desktop/{name}.yml"), text)
}

/// How old the mark may be: the notice's service makes it anew every few seconds, and may
/// be killed.
const MARK_S: u32 = 30;

/// What every page of the dashboard says while the scheduler does not answer.
///
/// The dashboard reads it at each request, as ERB in the user's own process
/// (`app/models/announcement.rb`, `set_announcements` of `application_controller.rb`), and
/// shows nothing when there is no text. So the file is root's, and never changes: who could
/// write it could be every user. What changes is whether a file is there, which says nothing else.
pub(super) fn announcement() -> ConfigFile {
    let text = format!(
        "{}<%- away = begin File.mtime(\"{SCHEDULER_AWAY}\") > Time.now - {MARK_S}
     rescue SystemCallError then false end -%>
type: warning
dismissible: false
<%- if away -%>
msg: >-
  The scheduler does not answer; it may be moving to the other controller. Jobs that run go on. Pages
  about jobs wait, for half a minute or more. Before you submit something again, look whether it is
  there.
<%- else -%>
msg: \"\"
<%- end -%>
",
        header("#")
    );
    ConfigFile::new("/etc/ood/config/announcements.d/slurmha.yml", text)
}
