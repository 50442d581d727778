// SPDX-License-Identifier: Apache-2.0
//! WireGuard on two gateways, a login node and a machine of its own: what
//! reaches them, what is planned, and what the programs themselves say to it.

#[path = "plan/world.rs"]
#[allow(dead_code, reason = "made for the tests of plans, which need more")]
mod world;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use slurmha_core::config_file::ConfigFile;
use slurmha_core::desired::{MachineWants, Want, desired};
use slurmha_core::layout::{VPN_PEERS_FILE, VPN_PEERS_UNIT, VPN_RULES_FILE, VPN_SCRIPT, VPN_UNIT};
use slurmha_core::observe::Observation;
use slurmha_core::plan::{self, Inputs, Plan, Step, admit_only};
use slurmha_core::render::vpn::{ClientFile, client};
use slurmha_core::secret::SecretId;
use slurmha_core::site::{self, Site, Vpn};
use slurmha_core::wireguard::PrivateKey;
use world::{Observed, SITE, all_satisfied};

const VPN: &str = r#"
[vpn]
network = "10.99.0.0/24"

[[vpn.gateway]]
name = "login1"
address = "10.77.0.31"
endpoint = "vpn.example.edu"

[[vpn.gateway]]
name = "gw2"
address = "10.77.0.32"
endpoint = "2001:db8::2"

[[vpn.peer]]
name = "anna-laptop"
public_key = "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw="
address = "10.99.0.2"

[[vpn.peer]]
name = "bob"
public_key = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8="
address = "10.99.0.3"
"#;

fn text() -> String {
    format!("{SITE}{VPN}")
}

fn parsed(text: &str) -> Site {
    site::parse("site.toml", text).expect("a valid site file").0
}

fn site() -> Site {
    parsed(&text())
}

fn vpn(site: &Site) -> &Vpn {
    site.vpn.as_ref().expect("a VPN")
}

fn wants_of(site: &Site, machine: &str) -> MachineWants {
    let all = desired(site, "");
    all.into_iter().find(|wants| wants.machine.name.as_str() == machine).expect("the machine")
}

fn files_of(site: &Site, machine: &str) -> Vec<ConfigFile> {
    let wants = wants_of(site, machine).wants;
    wants
        .into_iter()
        .filter_map(|(_, want)| if let Want::File(f) = want { Some(f) } else { None })
        .collect()
}

fn file(path: &str) -> ConfigFile {
    let files = files_of(&site(), "login1");
    files.into_iter().find(|file| file.path.ends_with(path)).expect("the file")
}

fn rendered(file: &ConfigFile) -> String {
    let access = &file.access;
    format!(
        "{} {}:{} {:04o}\n\n{}",
        file.path.display(),
        access.owner,
        access.group,
        access.mode,
        file.text
    )
}

#[test]
fn every_file_of_a_gateway() {
    for file in
        files_of(&site(), "gw2").iter().filter(|file| file.path.to_string_lossy().contains("vpn"))
    {
        let name = format!("gateway{}", file.path.display()).replace('/', "-");
        insta::assert_snapshot!(name, rendered(file));
    }
}

#[test]
fn the_file_of_a_client() {
    let site = site();
    let vpn = vpn(&site);
    let key = PrivateKey::from_random([7; 32]);
    let gateway_key = PrivateKey::from_random([8; 32]).public();
    let of = |gateway: usize, private_key| {
        let (gateway, peer) = (&vpn.gateways[gateway], &vpn.peers[0]);
        let gateway_key = &gateway_key;
        client(&ClientFile { site: &site, vpn, gateway, gateway_key, peer, private_key })
    };
    insta::assert_snapshot!(of(0, Some(&key)));
    assert!(of(1, Some(&key)).contains("Endpoint = [2001:db8::2]:51820\n"));
    let without = of(0, None);
    assert!(without.contains("PrivateKey = (") && !without.contains(&key.expose()));
}

/// Whoever has munge's key is every user of the cluster.
#[test]
fn a_machine_that_only_lets_people_in_has_nothing_of_slurm() {
    let wants = wants_of(&site(), "gw2").wants;
    let shown = format!("{wants:?}");
    for word in ["MungeKey", "\"munge\"", "slurm.conf", "slurm-client", "\"slurm\""] {
        assert!(!shown.contains(word), "{word}");
    }
    assert!(format!("{:?}", wants_of(&site(), "login1").wants).contains("MungeKey"));
}

#[test]
fn no_file_holds_or_asks_for_the_private_key() {
    let files = files_of(&site(), "gw2");
    assert!(files.iter().all(|file| !file.text.contains("@SECRET") && file.secrets.is_empty()));
}

fn plan_for(site: &Site, observed: &Observed) -> Plan {
    let wants = desired(site, &text());
    let given = ["ctl1", "ctl2"].map(|name| {
        let digest = slurmha_core::secret::Digest::of(b"bmc");
        (SecretId::BmcPassword(name.into()), digest)
    });
    plan::plan(&Inputs { site, wants: &wants, observed, given: &BTreeMap::from(given) })
}

fn as_wanted(site: &Site) -> Observed {
    let wants = desired(site, &text());
    all_satisfied(site, &wants)
}

fn on_gateways(plan: &Plan) -> Vec<String> {
    let steps =
        plan.steps().filter(|(_, machine, _)| ["login1", "gw2"].contains(&machine.as_str()));
    steps.map(|(_, machine, planned)| format!("{machine}: {}", planned.step.summary())).collect()
}

#[test]
fn gateways_that_are_as_wanted_are_left_alone() {
    let site = site();
    assert!(plan_for(&site, &as_wanted(&site)).is_empty());
}

#[test]
fn each_gateway_makes_a_key_of_its_own_and_hands_it_to_nobody() {
    let site = site();
    let mut observed = as_wanted(&site);
    for name in ["login1", "gw2"] {
        observed.get_mut(&name.into()).expect("it").secrets.remove("vpn-key");
    }
    let steps = on_gateways(&plan_for(&site, &observed));
    let restart = |name: &str| format!("{name}: restart {VPN_PEERS_UNIT}");
    assert_eq!(
        steps,
        [
            "login1: make secret vpn-key".to_owned(),
            "gw2: make secret vpn-key".to_owned(),
            restart("login1"),
            restart("gw2"),
        ]
    );
}

/// The interface stays, and with it everybody else's tunnel.
#[test]
fn a_revoked_peer_is_a_file_and_a_loading_of_it() {
    let before = site();
    let observed = as_wanted(&before);
    let text = site::remove_peer(&text(), "bob").expect("removed");
    let after = parsed(&text);
    let steps = on_gateways(&plan_for(&after, &observed));
    let write = format!("write {VPN_PEERS_FILE}");
    let restart = format!("restart {VPN_PEERS_UNIT}");
    for name in ["login1", "gw2"] {
        assert!(steps.contains(&format!("{name}: {write}")), "{steps:?}");
        assert!(steps.contains(&format!("{name}: {restart}")), "{steps:?}");
    }
    assert_eq!(steps.len(), 4, "{steps:?}");

    let at_once = admit_only(vpn(&after), &observed[&"gw2".into()]);
    let at_once: Vec<String> = at_once.iter().map(|planned| planned.step.summary()).collect();
    assert_eq!(at_once, [write, restart]);
}

#[test]
fn what_is_done_at_once_fits_what_is_there() {
    let site = site();
    let mut gateway = as_wanted(&site).remove(&"gw2".into()).expect("it");
    let restart = Step::RestartUnit { unit: VPN_PEERS_UNIT.to_owned() };
    let steps = |observed: &Observation| -> Vec<Step> {
        admit_only(vpn(&site), observed).into_iter().map(|planned| planned.step).collect()
    };
    assert_eq!(steps(&gateway), [restart], "the run that wrote the file may have died then");
    gateway.units.remove(VPN_UNIT);
    assert_eq!(steps(&gateway), []);
    let text = gateway.files.get_mut(std::path::Path::new(VPN_PEERS_FILE)).expect("it");
    text.text = Some("[Peer]\n".to_owned());
    assert!(matches!(steps(&gateway).as_slice(), [Step::WriteFile(_)]), "for the next boot");
    gateway.files.clear();
    assert_eq!(steps(&gateway), [], "nothing was ever applied");
}

#[test]
fn a_machine_that_is_no_gateway_any_more_lets_nobody_in() {
    let observed = as_wanted(&site());
    let without = parsed(SITE);
    let steps = on_gateways(&plan_for(&without, &observed));
    for verb in ["disable", "stop"] {
        for unit in [VPN_UNIT, VPN_PEERS_UNIT] {
            assert!(steps.contains(&format!("login1: {verb} {unit}")), "{steps:?}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the programs that read the files are asked")]
fn ask(program: &str, arguments: &[&str], input: &str) -> Output {
    let child = Command::new(program)
        .args(arguments)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program} (tools/requirements): {error}"));
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn accepted(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// nft wants to be root of some network, also when it only checks.
const ALONE: [&str; 3] = ["--user", "--map-root-user", "--net"];

#[test]
fn nft_takes_the_rules_twice_and_touches_nothing_else() {
    let script = "nft add table inet others && cat >/dev/null && exit 0";
    if !ask("unshare", &[&ALONE[..], &["sh", "-c", script]].concat(), "").status.success() {
        // A kernel without nftables, or one that gives nobody a network of his own.
        eprintln!("nft cannot be tried on this machine");
        return;
    }
    let rules = file(VPN_RULES_FILE.trim_start_matches('/')).text;
    let script = "nft add table inet others; cat >/dev/shm/rules.$$; \
                  for i in 1 2; do nft --check --file /dev/shm/rules.$$ && \
                  nft --file /dev/shm/rules.$$ || exit 1; done; \
                  rm /dev/shm/rules.$$; nft list ruleset";
    let listed = accepted(&ask("unshare", &[&ALONE[..], &["sh", "-c", script]].concat(), &rules));
    assert!(listed.contains("table inet others"), "{listed}");
    assert_eq!(listed.matches("table inet slurmha_vpn").count(), 1, "{listed}");
    assert!(listed.contains("elements = { 10.77.0.31 }"), "{listed}");
}

/// A site whose people reach nothing yet: a set without elements.
#[test]
fn rules_without_a_login_node_forbid_everything() {
    let begin = SITE.find("[[login]]").expect("a login node");
    let end = SITE.find("# Prometheus").expect("the monitoring");
    let site = parsed(&format!("{}{}{VPN}", &SITE[..begin], &SITE[end..]));
    let files = files_of(&site, "gw2");
    let rules = files.iter().find(|file| file.path.ends_with("vpn.nft")).expect("the rules");
    assert!(!rules.text.contains("elements"), "{}", rules.text);
}

#[test]
fn wg_quick_reads_the_peers_and_the_clients_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.conf");
    std::fs::write(&path, file(VPN_PEERS_FILE.trim_start_matches('/')).text).expect("written");
    let stripped = accepted(&ask("wg-quick", &["strip", path.to_str().expect("a path")], ""));
    assert!(stripped.contains("ListenPort = 51820"), "{stripped}");
    assert_eq!(stripped.matches("[Peer]").count(), 2, "{stripped}");
}

#[test]
fn the_script_is_one() {
    let script = file(VPN_SCRIPT.trim_start_matches('/')).text;
    accepted(&ask("sh", &["-n"], &script));
    let usage = ask("sh", &["-s", "sideways"], &script);
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn people_reach_the_portal_where_it_runs_and_nowhere_else() {
    let text = format!("{}\n[portal]\nhosts = [\"login1\"]\nport = 8444\n", self::text());
    let files = files_of(&parsed(&text), "login1");
    let rules = files.iter().find(|file| file.path.ends_with("vpn.nft")).expect("the rules");
    let line = "\t\tip saddr 10.99.0.0/24 ip daddr { 10.77.0.31 } tcp dport 8444 accept\n\t\tcounter reject";
    assert!(rules.text.contains(line), "{}", rules.text);
    assert!(!file("vpn.nft").text.contains("8444"));
}

#[test]
fn people_reach_the_console_where_the_site_file_says_so() {
    let console = "\n[console]\npassword_file = \"~/console\"\n";
    let rules = |vpn: &str| {
        let files = files_of(&parsed(&format!("{vpn}{console}")), "login1");
        files.into_iter().find(|file| file.path.ends_with("vpn.nft")).expect("the rules").text
    };
    assert!(!rules(&text()).contains("9818"));
    let allowed = rules(&text().replace("[vpn]\n", "[vpn]\nconsole = true\n"));
    let line =
        "ip daddr { 10.77.0.11, 10.77.0.12, 10.77.0.31 } tcp dport 9818 accept\n\t\tcounter reject";
    assert!(allowed.contains(line), "{allowed}");
}
