// SPDX-License-Identifier: Apache-2.0
//! People come in from outside by WireGuard, reach ssh on the login nodes and the
//! portal, through which a job of theirs runs and its output comes back, and nothing
//! else; and nothing at all without a key.
//!
//! The outside is a network namespace on cn2, behind a firewall that lets
//! nothing through but the gateway's port: what reaches more came through the
//! tunnel. The gateway is login1, with an address outside. cn1 is a login node
//! for the time being, or nothing would be passed on.

use super::{LabSite, portal, wait_until, watched};

/// The gateway's address outside; TEST-NET-2.
const ENDPOINT: &str = "198.51.100.1";

/// What is added to the laboratory's site file.
const VPN: &str = r#"
[[login]]
name = "cn1"
address = "10.77.0.21"

[vpn]
network = "10.99.0.0/24"
endpoint = "198.51.100.1"

[[vpn.gateway]]
name = "login1"
address = "10.77.0.31"
"#;

/// The person's machine: 192.0.2.7 (TEST-NET-1), in a namespace on cn2.
const OUTSIDE: &str = "
ip netns add outside
ip link add outside type veth peer name eth0 netns outside
ip address add 192.0.2.1/24 dev outside
ip link set outside up
ip -n outside link set lo up
ip -n outside address add 192.0.2.7/24 dev eth0
ip -n outside link set eth0 up
ip -n outside route add default via 192.0.2.1
ip route add 198.51.100.1 via 10.77.0.31
sysctl -q net.ipv4.ip_forward=1
nft add table inet campus
nft 'add chain inet campus forward { type filter hook forward priority 0; policy drop; }'
nft add rule inet campus forward ct state established,related accept
nft add rule inet campus forward ip daddr 198.51.100.1 udp dport 51820 accept
";

const NO_OUTSIDE: &str = "
ip netns exec outside wg-quick down /root/anna.conf
ip netns delete outside
ip link delete outside
ip route delete 198.51.100.1
sysctl -q net.ipv4.ip_forward=0
nft delete table inet campus
rm -f /root/anna.conf
true
";

/// What the rules forbid: a daemon on the gateway, a controller, Slurm behind
/// the VIP, and a compute node that is no login node.
const FORBIDDEN: [(&str, u16); 4] =
    [("10.77.0.31", 9090), ("10.77.0.11", 22), ("10.77.0.10", 6817), ("10.77.0.22", 22)];

/// Where the person sits.
pub const MACHINE: &str = "cn2";
/// What leads from there through the tunnel.
pub const REACH: &str = "ip netns exec outside";

/// Somebody gets in, and another is added meanwhile. The tunnel stays until
/// [`shuts_people_out`].
pub fn lets_people_in(lab: &LabSite) {
    let site = &site_file(lab);
    let text = std::fs::read_to_string(lab.site()).expect("the lab's site file");
    std::fs::write(site, text + VPN).expect("a site file with a VPN");
    lab.slurmha(&["apply", "--yes", site]).succeeds();
    the_key_stays(lab);
    lab.on("login1", &format!("ip address add {ENDPOINT}/32 dev eth1"));
    lab.on("login1", "ip route add 192.0.2.0/24 via 10.77.0.22");
    lab.on("cn2", &format!("set -e\n{OUTSIDE}"));

    reaches_nothing(lab, "without a tunnel");
    let file = file_for(lab, site, "anna");
    lab.slurmha(&["apply", "--yes", site]).succeeds();
    lab.on("cn2", &format!("umask 077; echo '{file}' >/root/anna.conf"));
    lab.on("cn2", "ip netns exec outside wg-quick up /root/anna.conf");
    for login in ["10.77.0.31", "10.77.0.21"] {
        wait_until(&format!("ssh of {login} answers through the tunnel"), || {
            answers(lab, login, 22).is_some_and(|banner| banner.starts_with("SSH-"))
        });
    }
    for (address, port) in FORBIDDEN {
        let answer = answers(lab, address, port);
        assert!(answer.is_none(), "{address}:{port} answered {answer:?}\n{}", seen(lab));
    }
    let group = lab.on("login1", "cat /proc/self/cgroup");
    assert!(group.contains("/user.slice/user-0.slice/session-"), "a login's limits: {group}");
    portal::serves_a_person(lab, MACHINE, REACH);
    wait_until("Prometheus knows who is there", || {
        let query =
            "time() - slurmha_vpn_peer_last_handshake_timestamp_seconds{peer=\"anna\"} < 180";
        watched::ask(lab, query).is_some_and(|text| text.contains("anna"))
    });
    somebody_else_is_added(lab, site);
}

/// Somebody outside is between a job's submission and its output, so that the controller
/// `active` can lose its power.
pub fn sends_a_job<'lab>(lab: &'lab LabSite, active: &str) -> portal::OnTheWay<'lab> {
    let address = lab.on(active, "ip -o -4 addr show | grep -oE '10\\.77\\.0\\.1[12]' | head -1");
    portal::goes_on(lab, MACHINE, REACH, address.trim())
}

/// Who is revoked is cut off, and the site is as it was before.
pub fn shuts_people_out(lab: &LabSite) {
    revoked(lab, &site_file(lab));
    take_back(lab);
}

/// The laboratory's site file with a VPN.
fn site_file(lab: &LabSite) -> String {
    lab.file("vpn.toml")
}

fn client_file(lab: &LabSite, name: &str) -> String {
    lab.file(&format!("{name}.conf"))
}

/// The gateway's key was made there, and is in nothing that leaves it.
fn the_key_stays(lab: &LabSite) {
    let key = "/etc/slurmha/secrets/vpn-key";
    assert_eq!(lab.on("login1", &format!("stat -c %a:%U {key}")).trim(), "600:root");
    let in_use = lab.on("login1", "wg show slurmha-vpn public-key");
    assert_eq!(lab.on("login1", &format!("wg pubkey <{key}")), in_use);
    let places = "/etc/wireguard /etc/systemd /usr/local/lib/slurmha /var/log/journal";
    let looked = format!("! grep --recursive --text --quiet --fixed-strings --file={key} {places}");
    lab.on("login1", &looked);
    let plan = lab.slurmha(&["plan", lab.site(), "--json"]).succeeds();
    let secret = lab.on("login1", &format!("cat {key}"));
    assert!(!plan.contains(secret.trim()), "the gateway's key is in the plan");
}

/// Adds a machine and returns its file.
fn file_for(lab: &LabSite, site: &str, name: &str) -> String {
    let path = client_file(lab, name);
    lab.slurmha(&["vpn", "add", name, site, "--output", &path]).succeeds();
    std::fs::read_to_string(path).expect("the client's file")
}

/// The first bytes that a port answers to the person's machine.
fn answers(lab: &LabSite, address: &str, port: u16) -> Option<String> {
    let ask = format!("exec 3<>/dev/tcp/{address}/{port} && head -c 4 <&3");
    lab.try_on("cn2", &format!("ip netns exec outside timeout 8 bash -c '{ask}'"))
}

fn reaches_nothing(lab: &LabSite, when: &str) {
    for (address, port) in [("10.77.0.31", 22), ("10.77.0.21", 22), (ENDPOINT, 22)] {
        let answer = answers(lab, address, port);
        assert!(answer.is_none(), "{when}: {address}:{port} answered {answer:?}\n{}", seen(lab));
    }
}

/// A change of the peers takes nothing from those who are connected: the
/// kernel goes on counting.
fn somebody_else_is_added(lab: &LabSite, site: &str) {
    let received = || {
        let listing = lab.slurmha(&["vpn", "list", site, "--json"]).succeeds();
        let listing: serde_json::Value = serde_json::from_str(&listing).expect("JSON");
        let anna = &listing["peers"][0]["at"]["login1"];
        assert!(anna["handshake"].is_string(), "{listing:#}");
        anna["received_bytes"].as_u64().expect("a number")
    };
    let before = received();
    file_for(lab, site, "bob");
    lab.slurmha(&["apply", "--yes", site]).succeeds();
    assert!(received() >= before, "the tunnel was cut\n{}", seen(lab));
    let again = lab.slurmha(&["apply", "--yes", site]).succeeds();
    assert!(again.contains("nothing to change"), "{again}");
}

/// At once, though the machine is connected and knows nothing of it.
fn revoked(lab: &LabSite, site: &str) {
    wait_until("the tunnel is there", || answers(lab, "10.77.0.21", 22).is_some());
    refused_beside_another_change(lab, site);
    let said = lab.slurmha(&["vpn", "revoke", "anna", site]).succeeds();
    assert!(said.contains("login1: anna is cut off"), "{said}");
    reaches_nothing(lab, "after it was revoked");
    let again = lab.slurmha(&["vpn", "revoke", "anna", site]);
    assert!(!again.is_ok(), "nobody is revoked twice");
    lab.slurmha(&["apply", "--yes", site]).succeeds();
    reaches_nothing(lab, "after the next apply");
    let peers = lab.on("login1", "wg show slurmha-vpn peers");
    assert_eq!(peers.lines().count(), 1, "bob's alone: {peers}");
}

/// What somebody else is about to write would let the machine in again.
fn refused_beside_another_change(lab: &LabSite, site: &str) {
    // A program of util-linux that takes the same lock.
    let holder = "systemd-run --quiet --collect --unit=lab-lock flock /run/slurmha/apply.lock";
    lab.on("ctl1", &format!("{holder} sleep 600"));
    wait_until("somebody else has the lock", || {
        lab.try_on("ctl1", "! flock --nonblock /run/slurmha/apply.lock true").is_some()
    });
    let before = std::fs::read_to_string(site).expect("the site file");
    let refused = lab.slurmha(&["vpn", "revoke", "anna", site]);
    assert!(!refused.is_ok() && refused.said().contains("something else is at work"));
    assert_eq!(std::fs::read_to_string(site).expect("the site file"), before);
    lab.on("ctl1", "systemctl stop lab-lock");
    wait_until("nobody has the lock", || {
        lab.try_on("ctl1", "flock --nonblock /run/slurmha/apply.lock true").is_some()
    });
}

/// A site without [vpn] has no interface and no rules.
fn take_back(lab: &LabSite) {
    lab.on("cn2", NO_OUTSIDE);
    lab.on("login1", "ip route delete 192.0.2.0/24");
    lab.on("login1", &format!("ip address delete {ENDPOINT}/32 dev eth1"));
    lab.slurmha(&["apply", "--yes", lab.site()]).succeeds();
    lab.on("login1", "! ip link show dev slurmha-vpn 2>/dev/null");
    lab.on("login1", "! nft list table inet slurmha_vpn 2>/dev/null");
    assert_eq!(lab.on("login1", "cat /proc/sys/net/ipv4/conf/eth1/forwarding").trim(), "0");
    lab.on("login1", "! ls /var/lib/prometheus/node-exporter/slurmha-vpn.prom 2>/dev/null");
    for file in [site_file(lab), client_file(lab, "anna"), client_file(lab, "bob")] {
        std::fs::remove_file(&file).expect("the file of this test is there");
    }
    lab.on("cn1", "rm -f /etc/slurm/slurm.conf /etc/slurm/cgroup.conf");
    lab.until_healthy();
}

/// What both ends know, for whoever has to find out why.
fn seen(lab: &LabSite) -> String {
    let look = |machine, command: &str| {
        let text = lab.try_on(machine, &format!("({command}) 2>&1; true"));
        format!("=== {machine}\n{}", text.unwrap_or_default())
    };
    look(
        "login1",
        "wg show; nft list ruleset; ip address; ip route; journalctl -u 'slurmha-vpn*' -n 40",
    ) + &look(
        "cn2",
        "ip netns exec outside sh -c 'wg show; ip address; ip route'; nft list ruleset",
    )
}
