// SPDX-License-Identifier: Apache-2.0
//! What those who come in may reach, as a table of nftables of its own.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{VPN_INTERFACE, VPN_RULES_FILE, VPN_TABLE};
use crate::render::header;
use crate::site::{Machine, NodeName, Site, Vpn};

/// TCP port of sshd on the login nodes.
const SSH_PORT: u16 = 22;

/// The file of every gateway.
///
/// Only this table is replaced, in one transaction, so that there is no moment
/// without rules; every other table stays as it is. A packet has to pass all
/// tables: what the machine's own rules forbid, this one does not allow.
///
/// What is forbidden is answered and not dropped: a person who may not use a
/// port learns it at once instead of after two minutes. Whoever gets an answer
/// has shown a key.
///
/// The source is masqueraded, so that login nodes answer to the gateway that
/// the person came by: with two gateways no route could lead back rightly, and
/// login nodes need nothing.
pub fn rules(site: &Site, vpn: &Vpn) -> ConfigFile {
    let (interface, table, network) = (VPN_INTERFACE, VPN_TABLE, vpn.network);
    let logins = login_nodes(site);
    let pages = pages(site, vpn);
    let mut text = header("#");
    let _ = write!(
        text,
        "
# Replaces this table and touches no other.
table inet {table}
delete table inet {table}

table inet {table} {{
\tset login_nodes {{
\t\ttype ipv4_addr
{logins}\t}}

\t# To this machine.
\tchain input {{
\t\ttype filter hook input priority filter; policy accept;
\t\tiifname \"{interface}\" jump from_people
\t}}

\t# By way of this machine.
\tchain forward {{
\t\ttype filter hook forward priority filter; policy accept;
\t\tiifname \"{interface}\" jump from_people
\t\toifname \"{interface}\" jump to_people
\t}}

\t# From this machine: its users have no business on people's machines either.
\tchain output {{
\t\ttype filter hook output priority filter; policy accept;
\t\toifname \"{interface}\" jump to_people
\t}}

\tchain from_people {{
\t\tct state established,related accept
\t\tct state invalid drop
\t\tip saddr {network} ip daddr @login_nodes tcp dport {SSH_PORT} accept
{pages}\t\tcounter reject with icmpx type admin-prohibited
\t}}

\tchain to_people {{
\t\tct state established,related accept
\t\ticmp type {{ destination-unreachable, time-exceeded }} accept
\t\tcounter drop
\t}}

\tchain postrouting {{
\t\ttype nat hook postrouting priority srcnat; policy accept;
\t\tip saddr {network} oifname != \"{interface}\" masquerade
\t}}
}}
"
    );
    let mut file = ConfigFile::new(VPN_RULES_FILE, text);
    let check = ["nft", "--check", "--file", "{}"];
    file.validate = Some(check.map(str::to_owned).into());
    file
}

/// The lines that let people reach pages: those for users, where there are any, and
/// the console's where the site file allows it.
fn pages(site: &Site, vpn: &Vpn) -> String {
    let logins = |on: &Vec<NodeName>| {
        let hosts = site.logins.iter().filter(|login| on.contains(&login.name));
        hosts.map(|login| login.address).collect::<Vec<_>>()
    };
    let portal = site.portal.iter().map(|portal| (logins(&portal.hosts), portal.port));
    let ondemand = site.ondemand.iter().map(|ondemand| (logins(&ondemand.hosts), ondemand.port));
    let console = site.console.iter().filter(|_| vpn.console).map(|console| {
        let machines = site.machines().into_iter().filter(Machine::has_console);
        (machines.map(|machine| machine.address).collect(), console.port)
    });
    let line = |(hosts, port): (Vec<Ipv4Addr>, u16)| {
        let hosts: Vec<String> = hosts.iter().map(Ipv4Addr::to_string).collect();
        let hosts = hosts.join(", ");
        format!("\t\tip saddr {} ip daddr {{ {hosts} }} tcp dport {port} accept\n", vpn.network)
    };
    portal.chain(ondemand).chain(console).map(line).collect()
}

/// The elements of the set; a set without any has no such line.
fn login_nodes(site: &Site) -> String {
    let addresses: Vec<String> =
        site.logins.iter().map(|login| login.address.to_string()).collect();
    match addresses.as_slice() {
        [] => String::new(),
        some => format!("\t\telements = {{ {} }}\n", some.join(", ")),
    }
}
