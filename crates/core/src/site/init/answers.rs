// SPDX-License-Identifier: Apache-2.0
//! What `slurmha init` asks for, and what it assumes.

use crate::site::model::Accept;

/// What `slurmha init` was told, by flags or in answer to its questions.
///
/// The texts go into the file as they are; what is wrong with them is said by
/// [`crate::site::parse`], with the place in the new file.
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
