// SPDX-License-Identifier: Apache-2.0
//! What makes a login node a good place for many people: sshd's settings and
//! systemd's limits.

use crate::config_file::ConfigFile;
use crate::layout::{SSHD_FILE, SSHD_UNIT_FILE, USER_KEYS, USERS_GROUP};
use crate::site::Limits;

/// sshd's settings, sshd_config(5).
///
/// Nothing here can shut an administrator out who comes as root with a key, or
/// as another user in whatever way the machine's own settings allow: neither
/// passwords nor the places of keys are decided for anybody but the accounts
/// that slurmha has made. Those have no password, and keys at a place that is
/// there when the homes are not. Root comes in by key where slurmha does
/// (`by_root`); elsewhere the machine's own settings, which are read later and may be
/// stricter, say whether. Without PAM a login is in no slice of its own and so
/// within no limits, and nobody asks the directory whether the account is closed.
///
/// `Match` would go on into what is included next without the last line.
pub fn sshd(by_root: bool) -> ConfigFile {
    let root = if by_root { "PermitRootLogin prohibit-password\n" } else { "" };
    let text = format!(
        "{root}PermitEmptyPasswords no
LoginGraceTime 30
MaxStartups 30:30:120
UsePAM yes
X11Forwarding no

Match Group {USERS_GROUP}
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    AuthorizedKeysFile {USER_KEYS}/%u .ssh/authorized_keys
Match all
"
    );
    let mut file = ConfigFile::new(SSHD_FILE, format!("{}{text}", super::header("#")));
    // Together with everything else that sshd reads, in the order in which it
    // does. The new file has to be named, because `sshd_config` includes only
    // what ends in .conf.
    let check = "cat \"$0\" /etc/ssh/sshd_config | /usr/sbin/sshd -t -f /dev/stdin";
    file.validate = Some(["sh", "-c", check, "{}"].map(str::to_owned).to_vec());
    file
}

/// The unit whose start makes sshd read its settings again.
///
/// A reload, where "restart what reads a changed file" would end an sshd that
/// does not come back when another of its files is broken; and the check of
/// all of them before it. `try-`: where sshd is started for each connection,
/// it reads them anyway. `sshd -t` asks for its directory in /run, which is
/// not there then.
pub fn sshd_unit() -> ConfigFile {
    ConfigFile::new(
        SSHD_UNIT_FILE,
        format!(
            "{}[Unit]
Description=sshd reads its settings again, if they are valid
After=ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
ExecStart=/usr/sbin/sshd -t
ExecStart=/usr/bin/systemctl try-reload-or-restart ssh.service
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
CapabilityBoundingSet=CAP_DAC_READ_SEARCH

[Install]
WantedBy=multi-user.target
",
            super::header("#")
        ),
    )
}

/// Of all memory, what all people's processes together may use: sshd and munge have the
/// rest.
const ALL_PEOPLE_PERCENT: u32 = 90;

/// Root's sessions count as people's; so much of theirs is not taken away for others.
const ROOT_MEMORY: &str = "256M";

/// Limits of people's processes: systemd.resource-control(5), and
/// user@.service(5) for the slices.
///
/// `user-.slice.d` counts for every `user-UID.slice`, and a file of the same
/// name in `user-0.slice.d` takes its place for root (systemd.unit(5)).
/// `MemoryHigh` slows down who comes near the limit, `MemoryMax` kills what goes
/// beyond. `CPUWeight` at its default, because naming it makes systemd share
/// processors by user and no longer by process.
pub fn limits(limits: &Limits) -> [ConfigFile; 3] {
    let high = limits.memory_percent * 4 / 5;
    let quota = limits.cpus.map(|cpus| format!("CPUQuota={}%\n", u64::from(cpus) * 100));
    let person = format!(
        "[Slice]
MemoryHigh={high}%
MemoryMax={}%
TasksMax={}
CPUWeight=100
{}",
        limits.memory_percent,
        limits.tasks,
        quota.unwrap_or_default(),
    );
    let all = format!("[Slice]\nMemoryMax={ALL_PEOPLE_PERCENT}%\n");
    let root = format!(
        "[Slice]\nMemoryMin={ROOT_MEMORY}\nMemoryMax=infinity\nTasksMax=infinity\nCPUWeight=1000\n"
    );
    [("user-", person.as_str()), ("user-0", &root), ("user", &all)].map(|(slice, text)| {
        let path = format!("/etc/systemd/system/{slice}.slice.d/50-slurmha.conf");
        ConfigFile::new(path, format!("{}{text}", super::header("#")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_may_have_few_processors() {
        let chosen = Limits { memory_percent: 20, cpus: Some(4), tasks: 512 };
        let [person, ..] = limits(&chosen);
        insta::assert_snapshot!(person.text);
    }
}
