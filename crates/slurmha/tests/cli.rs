// SPDX-License-Identifier: Apache-2.0
//! The command line as a user meets it: what is printed, where, and with
//! which exit status. No machine is reached, no environment is inherited.

use std::path::Path;
use std::process::{Command, Stdio};

use slurmha_core::drill::Fault;
use tempfile::TempDir;

const LAB_SITE: &str = include_str!("../../../examples/lab/site.toml");

/// An empty home, in which commands run.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path().join(name), text).expect("a file is written");
        self
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    /// Status, stdout and stderr of a command, paths of this run replaced.
    #[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_slurmha"))
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", "/usr/bin:/bin")
            .env("COLUMNS", "100")
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .expect("slurmha starts");
        let text = format!(
            "$ slurmha {}\nexit status {}\n--- stdout\n{}--- stderr\n{}",
            arguments.join(" "),
            output.status.code().expect("a status"),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        text.replace(&*self.path().to_string_lossy(), "[home]")
    }
}

#[test]
fn help() {
    insta::assert_snapshot!(Home::new().run(&["--help"]));
}

#[test]
fn help_of_every_command_has_examples_or_says_what_it_does() {
    for command in ["init", "check", "plan", "apply", "status", "switchover", "drill", "lab"] {
        let text = Home::new().run(&[command, "--help"]);
        assert!(text.contains("exit status 0") && text.contains("Usage: slurmha"), "{text}");
    }
    insta::assert_snapshot!(Home::new().run(&["apply", "--help"]));
}

#[test]
fn help_of_the_question_whether_a_job_is_safe() {
    insta::assert_snapshot!(Home::new().run(&["saved", "--help"]));
}

#[test]
fn help_of_the_runbooks() {
    insta::assert_snapshot!(Home::new().run(&["runbook", "--help"]));
}

#[test]
fn a_runbook_is_there_without_a_site_and_a_wrong_name_is_answered_with_others() {
    let home = Home::new();
    insta::assert_snapshot!(home.run(&["runbook", "SlurmhaDrbdStandAlone"]));
    insta::assert_snapshot!(home.run(&["runbook", "token"]));
    let all = home.run(&["runbook"]);
    assert!(all.contains("exit status 0") && all.contains("SlurmhaWatchdog"), "{all}");
    let json = home.run(&["runbook", "damaged-state", "--json"]);
    assert!(json.contains("\"page\": \"damaged-state\""), "{json}");
}

#[test]
fn help_of_the_dashboards() {
    insta::assert_snapshot!(Home::new().run(&["dashboards", "--help"]));
}

#[test]
fn the_dashboards() {
    insta::assert_snapshot!(Home::new().run(&["dashboards"]));
}

#[test]
fn dashboards_are_written_and_written_again() {
    let home = Home::new();
    for _ in 0..2 {
        let said = home.run(&["dashboards", "--output", "new/place"]);
        assert!(said.contains("exit status 0\n--- stdout\n6 dashboards written"), "{said}");
    }
    let files = std::fs::read_dir(home.path().join("new/place")).expect("the directory");
    let mut names: Vec<String> =
        files.flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let expected = ["access", "accounting", "failover", "machines", "overview", "scheduler"];
    assert_eq!(names, expected.map(|name| format!("slurmha-{name}.json")));
    let text = std::fs::read_to_string(home.path().join("new/place/slurmha-overview.json"));
    assert!(text.expect("a file").ends_with("}\n"));
}

#[test]
fn dashboards_are_not_written_into_a_file() {
    let home = Home::new().with("taken", "");
    insta::assert_snapshot!(home.run(&["dashboards", "--output", "taken"]));
}

#[test]
fn help_of_the_exporter() {
    insta::assert_snapshot!(Home::new().run(&["exporter", "--help"]));
}

#[test]
fn an_exporter_without_an_address_is_a_usage_error() {
    insta::assert_snapshot!(Home::new().run(&["exporter"]));
}

#[test]
fn an_exporter_on_a_machine_that_is_no_controller() {
    let home = Home::new().with("site.toml", LAB_SITE);
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let output = home.run(&["exporter", "--once", "--site", "site.toml"]);
    insta::assert_snapshot!(output.replace(&format!("machine, {},", own.trim()), "machine, HOST,"));
}

#[test]
fn an_exporter_where_nothing_was_applied() {
    insta::assert_snapshot!(Home::new().run(&["exporter", "--once", "--site", "nowhere.toml"]));
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    insta::assert_snapshot!(Home::new().run(&["aply"]));
}

#[test]
fn without_a_site_file() {
    insta::assert_snapshot!(Home::new().run(&["status"]));
}

#[test]
fn a_site_file_that_does_not_exist() {
    insta::assert_snapshot!(Home::new().run(&["check", "nowhere.toml"]));
}

#[test]
fn a_site_file_that_is_not_text() {
    let home = Home::new();
    std::fs::write(home.path().join("site.toml"), b"[cluster]\nname = \"\xff\"\n").expect("a file");
    insta::assert_snapshot!(home.run(&["check", "site.toml"]));
}

/// What a program reads stays JSON, whatever is wrong.
#[test]
fn mistakes_as_json() {
    let broken = LAB_SITE.replace("vip = \"10.77.0.10\"", "vip = \"10.78.0.10\"");
    let home = Home::new().with("site.toml", LAB_SITE).with("broken.toml", &broken);
    insta::assert_snapshot!(home.run(&["check", "broken.toml", "--json"]));
    let sound = home.run(&["check", "site.toml", "--offline", "--json"]);
    assert!(sound.contains("exit status 0\n--- stdout\n[]\n--- stderr\n"), "{sound}");
}

/// Reasons of `check` come with what shows them.
#[test]
fn machines_that_cannot_be_reached_are_found_with_a_cure() {
    let home = Home::new().with("site.toml", LAB_SITE);
    let home = home.with("nowhere", "Host *\n  ProxyCommand false\n");
    let text = home.run(&["check", "site.toml", "--ssh-config", "nowhere"]);
    assert!(
        text.contains("exit status 6") && text.contains("FAIL  ctl1       reachable"),
        "{text}"
    );
    assert!(text.contains("hint: ssh -F nowhere root@ctl1 true"), "{text}");
}

#[test]
fn every_mistake_in_one_run() {
    let text = LAB_SITE
        .replace("vip = \"10.77.0.10\"", "vip = \"10.78.0.10\"")
        .replace("cpus = 1", "cpu = 1")
        .replace(
            "agent = \"fence_ipmilan\"\naddress = \"10.77.0.112\"",
            "agent = \"fence_ipmilan\"\naddress = \"10.77.0.111\"",
        );
    let home = Home::new().with("site.toml", &text);
    insta::assert_snapshot!(home.run(&["check", "site.toml", "--offline"]));
}

#[test]
fn a_file_without_mistakes() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["check", "site.toml", "--offline"]));
}

#[test]
fn what_init_writes_has_no_mistakes() {
    let home = Home::new();
    let written = home.run(&["init", "--output", "site.toml"]);
    assert!(written.contains("exit status 0"), "{written}");
    let checked = home.run(&["check", "site.toml", "--offline"]);
    assert!(checked.contains("exit status 0"), "{checked}");
    // Never over a file that somebody may have edited.
    insta::assert_snapshot!(home.run(&["init", "--output", "site.toml"]));
}

#[test]
fn the_laboratory_is_not_up_yet() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["apply", "site.toml"]));
}

#[test]
fn a_drill_without_a_laboratory() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["drill", "power-loss", "site.toml"]));
}

#[test]
fn help_of_the_planned_move() {
    insta::assert_snapshot!(Home::new().run(&["switchover", "--help"]));
}

#[test]
fn help_of_the_status() {
    insta::assert_snapshot!(Home::new().run(&["status", "--help"]));
}

/// What draws on a terminal says so where there is none.
#[test]
fn a_status_that_is_to_be_watched_without_a_terminal() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["status", "site.toml", "--watch"]));
    let alone = home.run(&["status", "site.toml", "--interval", "5"]);
    assert!(alone.contains("exit status 2") && alone.contains("--watch"), "{alone}");
    for wrong in ["0", "3601"] {
        let text = home.run(&["status", "site.toml", "--watch", "--interval", wrong]);
        assert!(text.contains("exit status 2"), "{text}");
    }
}

/// A name that nobody has needs no machine to be refused.
#[test]
fn a_switchover_to_no_controller() {
    let home = Home::new().with("site.toml", LAB_SITE);
    let text = home.run(&["switchover", "site.toml", "--to", "cn1"]);
    assert!(text.contains("exit status 2") && text.contains("cn1 is no controller"), "{text}");
    assert!(!text.contains("ssh configuration"), "{text}");
}

#[test]
fn ids_that_no_job_has() {
    for (id, told) in
        [("0", "as in 42"), ("x", "as in 42"), ("_7", "as in 42"), ("42_7", "ask for 42")]
    {
        let text = Home::new().run(&["saved", id]);
        assert!(text.contains("exit status 2") && text.contains(told), "{text}");
    }
}

#[test]
fn an_ssh_configuration_that_is_none() {
    let home = Home::new().with("site.toml", LAB_SITE);
    for wrong in ["nowhere", "."] {
        let text = home.run(&["status", "site.toml", "--ssh-config", wrong]);
        assert!(text.contains("exit status 2") && text.contains("hint: --ssh-config"), "{text}");
    }
}

/// Like every command that reaches machines.
#[test]
fn a_switchover_without_a_laboratory() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["switchover", "site.toml", "--to", "ctl2", "--yes"]));
}

/// Every drill that is listed can be typed, and says what its verdict means.
#[test]
fn every_listed_drill_has_a_help() {
    let list = Home::new().run(&["drill", "list"]);
    let (_, stdout) = list.split_once("--- stdout\n").expect("an output");
    let (stdout, _) = stdout.split_once("--- stderr").expect("an output");
    // And `acceptance`, which breaks nothing.
    assert_eq!(stdout.lines().count(), Fault::all().len() + 1, "{stdout}");
    for name in stdout.lines().filter_map(|line| line.split_whitespace().next()) {
        let help = Home::new().run(&["drill", name, "--help"]);
        assert!(help.contains("exit status 0") && help.contains("--json"), "{help}");
    }
    insta::assert_snapshot!(Home::new().run(&["drill", "kill-slurmdbd", "--help"]));
}

/// What cannot be taken back is refused where no laboratory is, by its name.
#[test]
fn a_drill_that_may_cost_a_real_machine() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["drill", "crash", "site.toml"]));
    for drill in ["kill-corosync", "cut-both-links", "lossy-both-links", "passive-crash"] {
        let text = home.run(&["drill", drill, "site.toml"]);
        assert!(text.contains("exit status 5") && text.contains("lost-machine"), "{text}");
    }
    for (drill, risk) in [
        ("disk-hangs", "lost-machine"),
        ("clock-forward", "running-jobs"),
        ("reboot", "lost-machine"),
    ] {
        let text = home.run(&["drill", drill, "site.toml"]);
        assert!(text.contains("exit status 5") && text.contains(risk), "{text}");
    }
    let accepted = home.run(&["drill", "crash", "site.toml", "--i-accept", "lost-machine"]);
    assert!(!accepted.contains("can cost a controller its power"), "{accepted}");
}

/// Two writers leave something to choose and nothing to mend.
#[test]
fn weak_settings_are_shown_in_a_laboratory_alone() {
    let home = Home::new().with("site.toml", LAB_SITE);
    let accepts = ["--i-accept", "weak-settings", "--i-accept", "lost-machine"];
    let drill = ["drill", "cut-both-links", "site.toml"];
    insta::assert_snapshot!(home.run(&[&drill[..], &accepts].concat()));
}

/// The second fault is asked for as well.
#[test]
fn a_scenario_whose_second_fault_may_cost_a_real_machine() {
    let overlap = "[[overlap]]\nfault = \"passive-crash\"\nafter = 5\n";
    let home = Home::new().with("site.toml", LAB_SITE);
    let home = home.with("two.toml", &format!("fault = \"kill-mariadb\"\n{overlap}"));
    let text = home.run(&["drill", "run", "two.toml", "site.toml"]);
    assert!(text.contains("exit status 5") && text.contains("passive-crash can cost"), "{text}");
}

/// A process fault needs no laboratory, only machines; power needs one.
#[test]
fn a_process_drill_without_machines() {
    let home = Home::new().with("site.toml", LAB_SITE);
    let text = home.run(&["drill", "kill-slurmctld", "site.toml"]);
    assert!(text.contains("exit status 3") && text.contains("no ssh configuration"), "{text}");
    let text = home.run(&["drill", "passive-power-loss", "site.toml"]);
    assert!(text.contains("no power can be cut"), "{text}");
}

#[test]
fn the_drills() {
    insta::assert_snapshot!(Home::new().run(&["drill", "list"]));
}

/// The kept evidence of a power loss in the laboratory.
const EVIDENCE: &str = include_str!("../../core/tests/fixtures/drill/power-loss-lab.json");

#[test]
fn a_kept_drill_is_reported_again() {
    let home = Home::new().with("kept.evidence.json", EVIDENCE);
    insta::assert_snapshot!(home.run(&["drill", "report", "kept.evidence.json", "--junit"]));
    let text = home.run(&["drill", "report", "kept.evidence.json"]);
    assert!(text.contains("Where the time went"), "{text}");
    let html = home.run(&["drill", "report", "kept.evidence.json", "--html"]);
    assert!(html.contains("<!DOCTYPE html>") && html.contains("exit status 0"), "{html}");
}

/// A full disk is told, and `head` is no failure.
#[test]
#[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
fn a_result_that_cannot_be_printed() {
    let home = Home::new().with("kept.evidence.json", EVIDENCE);
    let run = |stdout: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_slurmha"))
            .args(["drill", "report", "kept.evidence.json", "--html"])
            .env_clear()
            .current_dir(home.path())
            .stdout(stdout)
            .output()
            .expect("slurmha starts")
    };
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full device");
    let output = run(full.into());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("the result was not printed"), "{message}");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = run(writer.into());
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Commands and agents go on when nobody reads their messages any more.
#[test]
#[allow(clippy::disallowed_methods, reason = "the binary itself is tested")]
fn messages_that_nobody_reads() {
    let home = Home::new().with("empty.toml", "");
    let status = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        Command::new(env!("CARGO_BIN_EXE_slurmha"))
            .args(arguments)
            .env_clear()
            .current_dir(home.path())
            .stdout(writer.try_clone().expect("another"))
            .stderr(writer)
            .status()
            .expect("slurmha starts")
            .code()
    };
    assert_eq!(status(&["check", "empty.toml"]), Some(3));
    assert_eq!(status(&["drill", "list"]), Some(0));
    assert_eq!(status(&["agent", "vip", "monitor"]), Some(2), "no address was given");
}

#[test]
fn what_is_no_evidence_is_not_reported() {
    let home = Home::new().with("report.json", "{}").with("kept.evidence.json", EVIDENCE);
    let text = [
        home.run(&["drill", "report", "missing.evidence.json"]),
        home.run(&["drill", "report", "report.json"]),
        home.run(&["drill", "report", "kept.evidence.json", "--json", "--html"]),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn help_of_a_scenario_of_ones_own() {
    insta::assert_snapshot!(Home::new().run(&["drill", "run", "--help"]));
}

#[test]
fn help_of_the_campaigns() {
    let help = ["all", "random"].map(|what| Home::new().run(&["drill", what, "--help"]));
    insta::assert_snapshot!(help.join("\n"));
}

/// Nothing is begun, and no directory made, for a campaign that cannot be run.
#[test]
fn a_campaign_without_a_laboratory() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["drill", "all", "site.toml", "--only", "power-loss"]));
    let text = home.run(&["drill", "all", "site.toml", "--only", "power-los"]);
    assert!(
        text.contains("exit status 2") && text.contains("there is no drill power-los"),
        "{text}"
    );
    assert!(!home.path().join(".local/state/slurmha/reports").exists());
}

#[test]
fn a_file_that_is_no_scenario() {
    let home = Home::new().with("unknown.toml", "fault = \"power-los\"\n");
    let home = home.with("wrong.toml", "fault = \"power-loss\"\n[load]\nrate = \"x\"\n");
    let home = home.with("much.toml", "fault = \"power-loss\"\n[load]\nrate = 99\n");
    let overlap = "[[overlap]]\nfault = \"kill-slurmctld\"\nafter = 5\n";
    let home = home.with("gone.toml", &format!("fault = \"crash\"\n{overlap}"));
    let texts = ["missing.toml", "unknown.toml", "wrong.toml", "much.toml", "gone.toml"]
        .map(|file| home.run(&["drill", "run", file, "site.toml"]));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn agents_describe_themselves_without_a_cluster() {
    for daemon in ["slurmctld", "slurmdbd", "mariadb"] {
        let text = Home::new().run(&["agent", daemon, "meta-data"]);
        assert!(text.contains("exit status 0"), "{text}");
        assert!(text.contains(&format!("<resource-agent name=\"{daemon}\"")), "{text}");
    }
    let unknown = Home::new().run(&["agent", "slurmctld", "promote"]);
    assert!(unknown.contains("exit status 3"), "OCF_ERR_UNIMPLEMENTED: {unknown}");
}

const VPN: &str = r#"
[vpn]
network = "10.99.0.0/24"
endpoint = "vpn.example.edu"

[[vpn.gateway]]
name = "login1"
address = "10.77.0.31"

# Anna's, until May
[[vpn.peer]]
name = "anna-laptop"
public_key = "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw="
address = "10.99.0.2"

[[vpn.peer]]
name = "bob"
public_key = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8="
address = "10.99.0.3"
"#;

/// A site with a VPN, and an ssh configuration by which nobody is reached.
fn with_vpn() -> Home {
    let text = format!("{LAB_SITE}{VPN}");
    Home::new().with("site.toml", &text).with("nowhere", "Host *\n  ProxyCommand false\n")
}

#[test]
fn help_of_the_vpn() {
    for command in ["add", "list", "revoke"] {
        let text = Home::new().run(&["vpn", command, "--help"]);
        assert!(text.contains("exit status 0") && text.contains("Usage: slurmha vpn"), "{text}");
    }
    insta::assert_snapshot!(Home::new().run(&["vpn", "--help"]));
}

#[test]
fn a_site_without_a_vpn() {
    let home = Home::new().with("site.toml", LAB_SITE);
    insta::assert_snapshot!(home.run(&["vpn", "list", "site.toml"]));
}

#[test]
fn names_that_a_peer_cannot_have() {
    let home = with_vpn();
    let before = home.read("site.toml");
    for name in
        ["an na", "an\"na", "..", "../site", "an\nna", "\u{430}nna", "Anna", "", "a\u{200b}b"]
    {
        let text = home.run(&["vpn", "add", name, "site.toml", "--ssh-config", "nowhere"]);
        assert!(text.contains("exit status 2") && text.contains("cannot be the name"), "{text}");
    }
    for name in ["bob", "anna-laptop"] {
        let text = home.run(&["vpn", "add", name, "site.toml", "--ssh-config", "nowhere"]);
        assert!(text.contains("exit status 2") && text.contains("already"), "{text}");
    }
    assert_eq!(home.read("site.toml"), before);
    insta::assert_snapshot!(home.run(&["vpn", "add", "an na", "site.toml"]));
}

#[test]
fn keys_that_a_peer_cannot_have() {
    let home = with_vpn();
    let add = |key| home.run(&["vpn", "add", "carol", "site.toml", "--public-key", key]);
    for key in ["", "key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        assert!(add(key).contains("exit status 2"), "{}", add(key));
    }
    insta::assert_snapshot!(add("zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8="));
}

/// Without its key there is no file to give out, and then nobody is added.
#[test]
fn nobody_is_added_while_the_gateway_does_not_answer() {
    let home = with_vpn();
    let before = home.read("site.toml");
    let arguments = ["vpn", "add", "carol", "site.toml", "--ssh-config", "nowhere"];
    let text = home.run(&[&arguments[..], &["--output", "carol.conf"]].concat());
    assert!(text.contains("exit status 4") && text.contains("nothing was changed"), "{text}");
    assert!(text.contains("hint: `slurmha apply`"), "{text}");
    assert_eq!(home.read("site.toml"), before);
    assert!(!home.path().join("carol.conf").exists());
}

#[test]
fn gateways_that_do_not_answer_are_listed_as_such() {
    let text = with_vpn().run(&["vpn", "list", "site.toml", "--ssh-config", "nowhere"]);
    assert!(text.contains("exit status 4") && text.contains("login1 could not be asked"), "{text}");
    assert!(text.contains("anna-laptop  10.99.0.2  login1   unknown"), "{text}");
}

#[test]
fn who_is_revoked_later_is_out_of_the_file_alone() {
    let home = with_vpn();
    let revoke = ["vpn", "revoke", "anna-laptop", "site.toml", "--later"];
    insta::assert_snapshot!(home.run(&revoke));
    let after = home.read("site.toml");
    let line = |line: &&str| !after.lines().any(|kept| kept == *line);
    let before = format!("{LAB_SITE}{VPN}");
    let gone: Vec<&str> = before.lines().filter(line).collect();
    assert_eq!(gone.len(), 4, "the comment, the name, the key and the address: {gone:?}");
    insta::assert_snapshot!("who_is_not_there_cannot_be_revoked", home.run(&revoke));
}

/// Somebody in a hurry is told that it was not enough.
#[test]
fn a_gateway_that_does_not_answer_may_still_let_in_who_was_revoked() {
    let home = with_vpn();
    let text = home.run(&["vpn", "revoke", "bob", "site.toml", "--ssh-config", "nowhere"]);
    assert!(text.contains("exit status 4") && text.contains("bob may still come in"), "{text}");
    assert!(text.contains("slurmha apply site.toml"), "{text}");
    assert!(text.contains("going on without the lock"), "{text}");
    assert!(!home.read("site.toml").contains("bob"));
}
