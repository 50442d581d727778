// SPDX-License-Identifier: Apache-2.0
//! Writes a commented site file to begin with.

use super::model::Accept;

/// What `slurmha init` was told, by flags or in answer to its questions.
///
/// The texts go into the file as they are; what is wrong with them is said by
/// [`super::parse`], with the place in the new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitAnswers {
    /// Slurm's `ClusterName`.
    pub cluster_name: String,
    /// The address that moves with slurmctld.
    pub vip: String,
    /// Link 0, such as `10.77.0.0/24`.
    pub cluster_network: String,
    /// Link 1, such as `10.77.1.0/24`.
    pub replication_network: String,
    /// Corosync's token in milliseconds; the default is written as a comment.
    pub token_ms: Option<u64>,
    /// NTP servers; may be empty.
    pub time_servers: Vec<String>,
    /// The remote user.
    pub ssh_user: String,
    /// The two controllers.
    pub controllers: [InitController; 2],
    /// The host of the third vote.
    pub arbiter: Option<InitHost>,
    /// Login nodes.
    pub logins: Vec<InitHost>,
    /// Groups of compute nodes.
    pub nodes: Vec<InitNodes>,
    /// Dangers that are accepted by name.
    pub accept: Vec<Accept>,
}

/// A controller to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitController {
    /// Host name and address on the cluster network.
    pub host: InitHost,
    /// Address on the replication network.
    pub replication_address: String,
    /// Block device for slurmctld's state.
    pub state_device: String,
    /// Block device for MariaDB's data.
    pub database_device: String,
    /// Its BMC; without one, an example is written as a comment.
    pub fence: Option<InitFence>,
}

/// A fence device to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFence {
    /// Agent name, such as `fence_ipmilan`.
    pub agent: String,
    /// Address of the device.
    pub address: String,
    /// Login on the device.
    pub user: String,
    /// File on the administrator's machine that holds the password.
    pub password_file: String,
    /// Further parameters of the agent.
    pub options: Vec<(String, String)>,
}

/// A machine to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitHost {
    /// Host name.
    pub name: String,
    /// Address on the cluster network.
    pub address: String,
}

/// A group of compute nodes to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitNodes {
    /// Hostlist of names.
    pub names: String,
    /// Hostlist of addresses.
    pub addresses: String,
    /// Slurm's `CPUs`.
    pub cpus: u32,
    /// Slurm's `RealMemory`, in MiB.
    pub memory_mb: u64,
    /// Slurm's `Gres`.
    pub gres: Option<String>,
}

impl InitHost {
    fn new(name: &str, address: &str) -> Self {
        Self { name: name.to_owned(), address: address.to_owned() }
    }
}

impl Default for InitAnswers {
    /// A complete small site, to be edited.
    fn default() -> Self {
        let controller = |number: u8| InitController {
            host: InitHost::new(&format!("ctl{number}"), &format!("10.77.0.1{number}")),
            replication_address: format!("10.77.1.1{number}"),
            state_device: "/dev/vg0/slurm_state".to_owned(),
            database_device: "/dev/vg0/slurm_database".to_owned(),
            fence: Some(InitFence {
                agent: "fence_ipmilan".to_owned(),
                address: format!("10.77.2.1{number}"),
                user: "admin".to_owned(),
                password_file: "~/.config/slurmha/bmc_password".to_owned(),
                // power_wait is 2 s by default, paid in every failover.
                options: vec![
                    ("lanplus".to_owned(), "1".to_owned()),
                    ("power_wait".to_owned(), "0".to_owned()),
                ],
            }),
        };
        Self {
            cluster_name: "cluster".to_owned(),
            vip: "10.77.0.10".to_owned(),
            cluster_network: "10.77.0.0/24".to_owned(),
            replication_network: "10.77.1.0/24".to_owned(),
            token_ms: None,
            time_servers: vec!["0.pool.ntp.org".to_owned(), "1.pool.ntp.org".to_owned()],
            ssh_user: "root".to_owned(),
            controllers: [controller(1), controller(2)],
            arbiter: Some(InitHost::new("login1", "10.77.0.31")),
            logins: vec![InitHost::new("login1", "10.77.0.31")],
            nodes: vec![InitNodes {
                names: "cn[01-16]".to_owned(),
                addresses: "10.77.0.[101-116]".to_owned(),
                cpus: 64,
                memory_mb: 257_000,
                gres: None,
            }],
            accept: Vec::new(),
        }
    }
}

/// A commented site file from the answers.
pub fn init(answers: &InitAnswers) -> String {
    let [first, second] = &answers.controllers;
    let sections = [
        HEAD.to_owned(),
        cluster(answers),
        network(answers),
        timing(answers),
        time(answers),
        ssh(answers),
        controller(first, true),
        controller(second, false),
        arbiter(answers),
        logins(answers),
        nodes(answers),
        PARTITION.to_owned(),
        SLURM.to_owned(),
    ];
    sections.join("\n")
}

const HEAD: &str = "\
# A highly available Slurm cluster, for slurmha.
#   slurmha check    says what is wrong with this file and the machines
#   slurmha plan     says what would change
#   slurmha apply    does it
";

const PARTITION: &str = "\
[[partition]]
name = \"main\"
nodes = \"ALL\"                       # or a hostlist
default = true
#max_time = \"7-00:00:00\"            # days-hours:minutes:seconds
#default_time = \"1:00:00\"
";

const SLURM: &str = "\
# Further lines for slurm.conf.
#[slurm]
#extra = [\"PriorityType=priority/multifactor\"]
";

fn cluster(answers: &InitAnswers) -> String {
    let mut text = format!(
        "[cluster]\nname = {}                    # Slurm's ClusterName; cannot be changed later\n\
         vip = {}                  # moves with slurmctld; clients know only this\n",
        quoted(&answers.cluster_name),
        quoted(&answers.vip),
    );
    if !answers.accept.is_empty() {
        let accepted: Vec<String> =
            answers.accept.iter().map(|accept| quoted(accept.as_str())).collect();
        text += &format!("accept = [{}]\n", accepted.join(", "));
    }
    text
}

fn network(answers: &InitAnswers) -> String {
    format!(
        "[network]\ncluster = {}            # link 0: Corosync, Slurm, VIP\nreplication = {}        # \
         link 1: Corosync, DRBD; a direct cable is fine\n",
        quoted(&answers.cluster_network),
        quoted(&answers.replication_network),
    )
}

fn timing(answers: &InitAnswers) -> String {
    let (mark, token) = match answers.token_ms {
        Some(token) => ("", token),
        None => ("#", super::timing::DEFAULT_TOKEN_MS),
    };
    format!(
        "# How quickly a dead controller is noticed; the other timings follow from it.\n\
         {mark}[timing]\n{mark}token_ms = {token}\n"
    )
}

fn time(answers: &InitAnswers) -> String {
    format!(
        "[time]\nservers = [{}]    # munge needs clocks that agree\n",
        answers.time_servers.iter().map(|server| quoted(server)).collect::<Vec<_>>().join(", "),
    )
}

fn ssh(answers: &InitAnswers) -> String {
    format!(
        "[ssh]\nuser = {}                     # root, or a user with password-less sudo\n\
         #config = \"~/.ssh/config\"\n",
        quoted(&answers.ssh_user)
    )
}

fn controller(controller: &InitController, explain: bool) -> String {
    let heading = "# The two machines that run slurmctld, slurmdbd and MariaDB. The devices are \
                   DRBD's\n# and must be empty; names that stay are those in /dev/disk/by-id and \
                   logical volumes.\n";
    format!(
        "{}[[controller]]\n{}replication_address = {}\nstate_device = {}\ndatabase_device = {}\n\n{}",
        if explain { heading } else { "" },
        host(&controller.host),
        quoted(&controller.replication_address),
        quoted(&controller.state_device),
        quoted(&controller.database_device),
        fence(controller.fence.as_ref()),
    )
}

fn host(host: &InitHost) -> String {
    format!("name = {}\naddress = {}\n", quoted(&host.name), quoted(&host.address))
}

fn fence(fence: Option<&InitFence>) -> String {
    let Some(fence) = fence else {
        return "#[controller.fence]                 # its BMC\n\
                #agent = \"fence_ipmilan\"\n#address = \"...\"\n#user = \"admin\"\n\
                #password_file = \"~/.config/slurmha/bmc_password\"\n"
            .to_owned();
    };
    let mut text = format!(
        "[controller.fence]                  # its BMC, with which the other one cuts its power\n\
         agent = {}\naddress = {}\nuser = {}\npassword_file = {}\n",
        quoted(&fence.agent),
        quoted(&fence.address),
        quoted(&fence.user),
        quoted(&fence.password_file),
    );
    if !fence.options.is_empty() {
        let pair = |(name, value): &(String, String)| format!("{} = {}", key(name), quoted(value));
        let options: Vec<String> = fence.options.iter().map(pair).collect();
        text += &format!("options = {{ {} }}\n", options.join(", "));
    }
    text
}

fn arbiter(answers: &InitAnswers) -> String {
    let comment = "# The third vote: a machine that is no controller; it runs corosync-qnetd.\n";
    match &answers.arbiter {
        Some(arbiter) => format!("{comment}[arbiter]\n{}", host(arbiter)),
        None => format!("{comment}#[arbiter]\n#name = \"login1\"\n#address = \"...\"\n"),
    }
}

fn logins(answers: &InitAnswers) -> String {
    if answers.logins.is_empty() {
        return "#[[login]]\n#name = \"login1\"\n#address = \"...\"\n".to_owned();
    }
    let tables: Vec<String> =
        answers.logins.iter().map(|login| format!("[[login]]\n{}", host(login))).collect();
    tables.join("\n")
}

fn nodes(answers: &InitAnswers) -> String {
    let tables: Vec<String> = answers.nodes.iter().map(node_group).collect();
    format!(
        "# Compute nodes; `slurmd -C` on one of them prints these numbers.\n{}",
        tables.join("\n")
    )
}

fn node_group(group: &InitNodes) -> String {
    let mut text = format!(
        "[[nodes]]\nnames = {}\naddresses = {}\ncpus = {}\nmemory_mb = {}\n",
        quoted(&group.names),
        quoted(&group.addresses),
        group.cpus,
        group.memory_mb,
    );
    text += &match &group.gres {
        Some(gres) => format!("gres = {}\n", quoted(gres)),
        None => "#gres = \"gpu:a100:4\"\n".to_owned(),
    };
    text
}

/// A TOML key, bare where it can be.
fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
