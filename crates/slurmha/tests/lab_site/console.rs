// SPDX-License-Identifier: Apache-2.0
//! An operator moves the active role from the console's page, of which nobody is told, sets
//! the other controller aside and takes it back; what is not safe, or not asked for by
//! somebody who may, is refused.

use super::{LabSite, portal, wait_until, watched};

/// What is added to the laboratory's site file.
const SECTION: &str = r#"
[console]
password_file = "~/.local/state/slurmha/lab/default/console_looking"
actions = ["switchover", "standby"]
actions_password_file = "~/.local/state/slurmha/lab/default/console_acting"
"#;

/// What console.py signs in with, and what it acts with.
const PASSWORDS: [(&str, &str); 2] =
    [("console_looking", "only for looking"), ("console_acting", "only for acting")];

const OPERATOR: &str = include_str!("console.py");
const OPERATOR_FILE: &str = "/run/lab_console.py";

/// The first controller, whose console offers actions.
const CONSOLE: &str = "10.77.0.11";

/// The whole story, from login1. The next `apply` takes the console away again: three of them
/// that look on cost emulated controllers too much beside a portal's users and a power loss.
pub fn moves_the_role(lab: &LabSite) {
    let site = lab.file("console.toml");
    let text = std::fs::read_to_string(lab.site()).expect("the lab's site file");
    std::fs::write(&site, text + SECTION).expect("a site file with a console");
    for (name, password) in PASSWORDS {
        lab.private_file(name, password);
    }
    lab.slurmha(&["apply", "--yes", &site]).succeeds();
    portal::put_browser(lab, "login1");
    lab.on("login1", &format!("cat >{OPERATOR_FILE} <<'LAB'\n{OPERATOR}\nLAB"));
    let (active, passive) = lab.active_and_passive();
    operator(lab, &format!("refused {CONSOLE} {active} {passive}"));
    let silence = watched::Silence::begin(lab);
    let takeover = || lab.on(&passive, "cat /var/lib/slurmha/takeover.json 2>/dev/null; true");
    let before = takeover();
    operator(lab, &format!("act {CONSOLE} switchover {passive}"));
    assert_eq!(lab.active_and_passive(), (passive.clone(), active.clone()), "the role has moved");
    assert_eq!(takeover(), before, "what was moved is no crash that has to be repaired");
    watched::has_counted(lab, "moved");
    silence.was_kept(lab);
    lab.on("ctl1", "! cibadmin --query --xpath \"//*[contains(@id,'cli-')]\" 2>/dev/null");
    wait_until("DRBD is in sync", || lab.in_sync(&passive));
    operator(lab, &format!("act {CONSOLE} standby {active}"));
    let members = lab.on(&passive, "crm_mon -1");
    assert!(members.contains(&format!("Node {active}: standby")), "{members}");
    operator(lab, &format!("act {CONSOLE} unstandby {active}"));
    let journal = lab.on("ctl1", "journalctl --no-pager --output=cat -t slurmha-console-action");
    assert!(journal.contains("10.77.0.31"), "the journal says from where: {journal}");
    for (_, password) in PASSWORDS {
        assert!(!journal.contains(password), "a password is in the journal");
    }
    lab.until_healthy();
    for file in [site, lab.file(PASSWORDS[0].0), lab.file(PASSWORDS[1].0)] {
        std::fs::remove_file(&file).expect("the file of this test is there");
    }
}

fn operator(lab: &LabSite, words: &str) {
    let play = format!("python3 {OPERATOR_FILE} {words} 2>&1");
    let told = lab.slurmha(&["lab", "ssh", "login1", "--", &play]);
    if told.is_ok() {
        eprint!("{}", told.stdout());
        return;
    }
    let journal = "journalctl --no-pager --lines 40 -u slurmha-console -t slurmha-console-action";
    let journal = lab.try_on("ctl1", journal).unwrap_or_default();
    panic!("console.py {words}\n{}\n=== ctl1\n{journal}", told.stdout());
}
