// SPDX-License-Identifier: Apache-2.0
//! Writes a commented site file to begin with.

mod answers;

pub use answers::{InitAnswers, InitController, InitFence, InitHost, InitNodes};

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
        PEOPLE.to_owned(),
        MONITORING.to_owned(),
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
# Whether sbatch waits until the job is saved (\"off\", \"on-request\", \"on\"), and
# further lines for slurm.conf.
#[slurm]
#durable_submit = \"on-request\"
#extra = [\"PriorityType=priority/multifactor\"]
";

const PEOPLE: &str = "\
# People with an account on every machine, and where their homes are.
#[[user]]
#name = \"anna\"
#uid = 20001
#ssh_keys = [\"ssh-ed25519 AAAA... anna@laptop\"]
#[homes]
#nfs = \"nas.example.edu:/export/home\"
";

const MONITORING: &str = "\
# Who watches the cluster, with Prometheus and Alertmanager, and who is told:
# a login node or a machine of its own.
#[monitoring]
#[[monitoring.host]]
#name = \"login1\"
#address = \"...\"
#[monitoring.mail]
#to = [\"hpc-admins@example.edu\"]
#from = \"slurmha@example.edu\"
#smarthost = \"mail.example.edu:25\"
";

fn cluster(answers: &InitAnswers) -> String {
    let mut text = String::from("[cluster]\n");
    let name = quoted(&answers.cluster_name);
    text += &explained("name", &name, "Slurm's ClusterName; cannot be changed later");
    text +=
        &explained("vip", &quoted(&answers.vip), "moves with slurmctld; clients know only this");
    text += &explained("#after_fencing", &quoted("stay-off"), "instead of \"power-on\"");
    if !answers.accept.is_empty() {
        let accepted = answers.accept.iter().map(|accept| accept.as_str());
        text += &format!("accept = {}\n", list(accepted));
    }
    text
}

fn network(answers: &InitAnswers) -> String {
    let cluster = quoted(&answers.cluster_network);
    let replication = quoted(&answers.replication_network);
    "[network]\n".to_owned()
        + &explained("cluster", &cluster, "link 0: Corosync, Slurm, VIP")
        + &explained("replication", &replication, "link 1: Corosync, DRBD; a direct cable is fine")
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
    let servers = list(answers.time_servers.iter().map(String::as_str));
    format!("# munge refuses requests when clocks differ.\n[time]\nservers = {servers}\n")
}

fn ssh(answers: &InitAnswers) -> String {
    let user = quoted(&answers.ssh_user);
    "[ssh]\n".to_owned()
        + &explained("user", &user, "root, or a user with password-less sudo")
        + "#config = \"~/.ssh/config\"\n"
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

/// A key and its value with a comment, where the example's comments stand.
fn explained(key: &str, value: &str, comment: &str) -> String {
    let assignment = format!("{key} = {value}");
    format!("{assignment:<35} # {comment}\n")
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
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
