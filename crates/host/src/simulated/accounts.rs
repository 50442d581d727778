// SPDX-License-Identifier: Apache-2.0
//! Accounts: groupadd, useradd, usermod, gpasswd and mkhomedir_helper.

use super::programs::Answer;
use super::state::State;
use crate::system::Ids;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
const SHADOW: &str = "/etc/shadow";

impl State {
    pub(super) fn groupadd(&mut self, arguments: &[String]) -> Answer {
        let [.., gid, name] = arguments else { return Answer::fails(2, "usage") };
        self.append(GROUP, &format!("{name}:x:{gid}:\n"));
        Answer::ok()
    }

    pub(super) fn useradd(&mut self, arguments: &[String]) -> Answer {
        let (Some(uid), Some(group), Some(name)) =
            (value(arguments, "--uid"), value(arguments, "--gid"), arguments.last())
        else {
            return Answer::fails(2, "usage");
        };
        let Some(gid) = self.gid(&group) else {
            return Answer::fails(6, &format!("useradd: group '{group}' does not exist"));
        };
        let comment = value(arguments, "--comment").unwrap_or_default();
        let home = value(arguments, "--home-dir").or_else(|| value(arguments, "--home"));
        let home = home.unwrap_or_else(|| "/nonexistent".to_owned());
        let shell = value(arguments, "--shell").unwrap_or_default();
        self.append(PASSWD, &format!("{name}:x:{uid}:{gid}:{comment}:{home}:{shell}\n"));
        self.append(SHADOW, &format!("{name}:*:20000:0:99999:7:::\n"));
        self.join(name, &value(arguments, "--groups").unwrap_or_default());
        Answer::ok()
    }

    pub(super) fn usermod(&mut self, arguments: &[String]) -> Answer {
        let Some(name) = arguments.last() else { return Answer::fails(2, "usage") };
        if let Some(day) = value(arguments, "--expiredate") {
            self.change(SHADOW, name, &[(7, Some(day))]);
        }
        let gid = value(arguments, "--gid").and_then(|group| self.gid(&group));
        let is_regrouped = gid.is_some() && gid != self.field(PASSWD, name, 3);
        let changes = [
            (3, gid),
            (4, value(arguments, "--comment")),
            (5, value(arguments, "--home")),
            (6, value(arguments, "--shell")),
        ];
        self.change(PASSWD, name, &changes);
        self.join(name, &value(arguments, "--groups").unwrap_or_default());
        if is_regrouped && self.squashes_root {
            return Answer::fails(12, "");
        }
        Answer::ok()
    }

    /// `gpasswd --delete USER GROUP`
    pub(super) fn gpasswd(&mut self, arguments: &[String]) -> Answer {
        let [_, user, group] = arguments else { return Answer::fails(2, "usage") };
        let members = self.field(GROUP, group, 3).unwrap_or_default();
        let rest: Vec<&str> = members.split(',').filter(|member| member != user).collect();
        self.change(GROUP, group, &[(3, Some(rest.join(",")))]);
        Answer::ok()
    }

    pub(super) fn mkhomedir(&mut self, arguments: &[String]) -> Answer {
        let home = arguments.first().and_then(|name| self.field(PASSWD, name, 5));
        let Some(home) = home else { return Answer::fails(7, "") };
        self.put_directory(home.as_ref());
        Answer::ok()
    }

    fn gid(&self, group: &str) -> Option<String> {
        self.field(GROUP, group, 2)
    }

    fn field(&self, file: &str, name: &str, index: usize) -> Option<String> {
        let text = self.text(file);
        let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
        line.split(':').nth(index).map(str::to_owned)
    }

    fn join(&mut self, name: &str, groups: &str) {
        for group in groups.split(',').filter(|group| !group.is_empty()) {
            let members = self.field(GROUP, group, 3).unwrap_or_default();
            let mut members: Vec<&str> = members.split(',').filter(|it| !it.is_empty()).collect();
            if !members.contains(&name) {
                members.push(name);
            }
            let members = members.join(",");
            self.change(GROUP, group, &[(3, Some(members))]);
        }
    }

    /// Sets fields of the line of that name.
    fn change(&mut self, file: &str, name: &str, changes: &[(usize, Option<String>)]) {
        let lines = self.text(file);
        let lines = lines.lines().map(|line| {
            let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
            if fields.first().is_some_and(|first| first == name) {
                for (index, value) in changes {
                    if let (Some(field), Some(value)) = (fields.get_mut(*index), value) {
                        field.clone_from(value);
                    }
                }
            }
            fields.join(":") + "\n"
        });
        let text: String = lines.collect();
        self.put_file(file, text.as_bytes(), Ids::root(0o644));
    }
}

fn value(arguments: &[String], flag: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1).cloned()
}
