// SPDX-License-Identifier: Apache-2.0
//! Who may sign in, before and after the password has been looked at.

/// The first uid of people; `UID_MIN` in Debian's login.defs(5).
const FIRST_UID: u32 = 1000;
/// What systemd gives to services that run, and `nobody` (systemd's
/// "Users, Groups, UIDs and GIDs on systemd Systems").
const NOBODYS_UIDS: std::ops::RangeInclusive<u32> = 61184..=65535;
/// The longest name, in bytes; useradd(8).
const LONGEST_NAME: usize = 32;
/// The longest answer that PAM takes, in bytes, with its end
/// (`PAM_MAX_RESP_SIZE`, pam_conv(3)).
const LONGEST_PASSWORD: usize = 511;

/// A user of the system, as passwd(5) has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// Login shell; empty means `/bin/sh`.
    pub shell: String,
}

/// Whether a text can be a person's login name: what useradd(8) takes, and
/// the dots that directories allow. No look-up is made for anything else, so that
/// no program gets to see it.
pub fn is_user_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    text.starts_with(first) && text.len() <= LONGEST_NAME && text.bytes().all(rest)
}

/// Whether a text can be a password that is worth asking about. An empty one is not,
/// even where PAM would take it; one with an end of line would be cut there.
pub fn is_password(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_PASSWORD && !text.contains(['\0', '\n', '\r'])
}

impl Account {
    /// The account in a line of passwd(5), such as getent(1) prints; `None` when it
    /// is no such line.
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim_end_matches('\n').split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
        Some(Self {
            name: (*name).to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: (*home).to_owned(),
            shell: (*shell).to_owned(),
        })
    }

    /// Why this account never signs in, whatever the password is; PAM is not even
    /// asked, so that nobody tries root's password here.
    pub fn is_no_person(&self) -> Option<String> {
        let is_person = self.uid >= FIRST_UID && !NOBODYS_UIDS.contains(&self.uid) && self.gid != 0;
        (!is_person).then(|| {
            format!("{} is an account of the system; the portal is for people's own", self.name)
        })
    }

    /// Why this account may not work here; told only to whoever has its password.
    pub fn may_not_log_in(&self) -> Option<String> {
        let program = self.shell.rsplit('/').next().unwrap_or_default();
        matches!(program, "nologin" | "false").then(|| {
            format!(
                "{} may not log in to this machine (its shell is {}); ask the administrators",
                self.name, self.shell
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["anna", "_apt", "j.doe", "x-1", "a_b"] {
            assert!(is_user_name(name), "{name}");
        }
        let long = "a".repeat(33);
        for name in [
            "", "-v", "Anna", "1000", "a b", "a\n", "a'b", "a/../b", "..", "аnna", "anna@x", "a:b",
            "a\0", &long,
        ] {
            assert!(!is_user_name(name), "{name:?}");
        }
    }

    #[test]
    fn passwords_are_one_line_that_pam_takes() {
        assert!(is_password(" p\"ä'\\ "));
        assert!(is_password(&"x".repeat(511)));
        for text in ["", "a\nb", "a\r", "a\0", &"x".repeat(512)] {
            assert!(!is_password(text));
        }
    }

    fn account(line: &str) -> Account {
        Account::parse(line).expect("an account")
    }

    #[test]
    fn people_may_and_the_system_may_not() {
        let anna = account("anna:x:1000:1000:Anna,,,:/home/anna:/bin/bash\n");
        assert_eq!((anna.uid, anna.home.as_str()), (1000, "/home/anna"));
        assert_eq!(anna.is_no_person().or(anna.may_not_log_in()), None);
        for line in [
            "root:x:0:0:root:/root:/bin/bash",
            "toor:x:0:0::/:",
            "munge:x:64031:64031::/nonexistent:/bin/sh",
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
            "x:x:999:999::/:/bin/sh",
            "wheel:x:1001:0::/:/bin/sh",
        ] {
            assert!(account(line).is_no_person().is_some(), "{line}");
        }
        for shell in ["/usr/sbin/nologin", "/bin/false", "/sbin/nologin"] {
            let account = account(&format!("bob:x:200001:513::/home/bob:{shell}"));
            assert_eq!(account.is_no_person(), None);
            assert!(account.may_not_log_in().is_some_and(|why| why.contains(shell)));
        }
    }

    #[test]
    fn what_is_no_line_of_passwd_is_no_account() {
        for line in ["", "anna", "anna:x:-1:1000::/:/bin/sh", "a:x:1:1:::/home:/bin/sh"] {
            assert_eq!(Account::parse(line), None, "{line}");
        }
    }
}
