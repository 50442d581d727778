// SPDX-License-Identifier: Apache-2.0
//! The catalogue of rules: what a site file can be told, and why it is told.

use serde::Serialize;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file is not accepted.
    Error,
    /// The file is accepted; somebody should look at this.
    Warning,
}

impl Severity {
    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One rule of the site file.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in kebab-case; shown in brackets and stable over versions.
    pub code: &'static str,
    /// Whether breaking it refuses the file.
    pub severity: Severity,
    doc: &'static str,
}

impl Rule {
    /// What it asks for, or what goes wrong otherwise, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.doc.trim()
    }
}

/// Declares the rules and [`ALL`], the list of them.
macro_rules! rules {
    ($( $(#[doc = $summary:literal])+ $severity:ident $name:ident = $code:literal; )+) => {
        $(
            $(#[doc = $summary])+
            pub const $name: Rule = Rule {
                code: $code,
                severity: Severity::$severity,
                doc: concat!($($summary),+),
            };
        )+

        /// Every rule, in the order of the catalogue.
        pub const ALL: &[&Rule] = &[$( &$name ),+];
    };
}

rules! {
    // The file and its keys.
    /// The file has to be TOML.
    Error TOML_SYNTAX = "toml-syntax";
    /// An empty file describes no site.
    Error EMPTY_FILE = "empty-file";
    /// A key that slurmha does not know would be ignored in silence.
    Error UNKNOWN_KEY = "unknown-key";
    /// A key that has no sensible default has to be given.
    Error MISSING_KEY = "missing-key";
    /// A value has to be of its key's type.
    Error WRONG_TYPE = "wrong-type";
    /// A number has to lie within what the program that reads it can hold.
    Error NUMBER_OUT_OF_RANGE = "number-out-of-range";
    /// A newline in a value would begin a new directive in a generated file.
    Error CONTROL_CHARACTER = "control-character";
    /// A word has to be one of the known ones.
    Error UNKNOWN_WORD = "unknown-word";

    // Single values.
    /// Machines are known by their short host name.
    Error INVALID_HOST_NAME = "invalid-host-name";
    /// Names that Slurm or every machine gives a meaning of its own cannot be used.
    Error RESERVED_NAME = "reserved-name";
    /// Cluster names are lower-case and fit into the accounting database.
    Error INVALID_CLUSTER_NAME = "invalid-cluster-name";
    /// Partition names are plain words.
    Error INVALID_PARTITION_NAME = "invalid-partition-name";
    /// Login names are plain words.
    Error INVALID_USER = "invalid-user";
    /// Addresses are IPv4 addresses.
    Error INVALID_ADDRESS = "invalid-address";
    /// Networks are IPv4 networks without host bits.
    Error INVALID_NETWORK = "invalid-network";
    /// Hosts outside the cluster are given by address or DNS name.
    Error INVALID_HOST = "invalid-host";
    /// Hostlists follow Slurm's syntax.
    Error INVALID_HOSTLIST = "invalid-hostlist";
    /// A relative device path means another device in another directory.
    Error DEVICE_NOT_ABSOLUTE = "device-not-absolute";
    /// Devices are block devices under /dev.
    Error INVALID_DEVICE = "invalid-device";
    /// File names have no characters that a shell or ssh would interpret.
    Error INVALID_PATH = "invalid-path";
    /// Fence agents are those of the fence-agents project.
    Error INVALID_FENCE_AGENT = "invalid-fence-agent";
    /// Parameters of fence agents are plain names and values.
    Error INVALID_FENCE_OPTION = "invalid-fence-option";
    /// Time limits are in Slurm's notation.
    Error INVALID_TIME_LIMIT = "invalid-time-limit";
    /// Generic resources are in Slurm's notation.
    Error INVALID_GRES = "invalid-gres";
    /// Features are plain words.
    Error INVALID_FEATURE = "invalid-feature";
    /// What is passed on to slurm.conf consists of Key=Value.
    Error INVALID_EXTRA = "invalid-extra";

    // Addresses and networks.
    /// The two links have to fail independently of each other.
    Error OVERLAPPING_NETWORKS = "overlapping-networks";
    /// Clients on the cluster network have to reach the VIP.
    Error VIP_OUTSIDE_NETWORK = "vip-outside-network";
    /// The VIP moves; a machine's own address stays.
    Error VIP_IS_A_MACHINE = "vip-is-a-machine";
    /// A machine's address belongs to the network that it is on.
    Error ADDRESS_OUTSIDE_NETWORK = "address-outside-network";
    /// The first and the last address of a network belong to no machine.
    Error ADDRESS_NOT_USABLE = "address-not-usable";
    /// One address belongs to one machine.
    Error DUPLICATE_ADDRESS = "duplicate-address";

    // Machines.
    /// The control plane is a pair.
    Error NOT_TWO_CONTROLLERS = "not-two-controllers";
    /// One machine stands once in each role.
    Error DUPLICATE_MACHINE = "duplicate-machine";
    /// One machine has one address on the cluster network.
    Error TWO_ADDRESSES = "two-addresses";
    /// A machine's name has the same capitals everywhere.
    Error TWO_SPELLINGS = "two-spellings";
    /// User work and a fence both take a controller down at the wrong moment.
    Error CONTROLLER_HAS_OTHER_ROLE = "controller-has-other-role";
    /// The third vote must not die together with one of the other two.
    Error ARBITER_IS_A_CONTROLLER = "arbiter-is-a-controller";
    /// Without a third vote a partition ends in a fence race.
    Error MISSING_ARBITER = "missing-arbiter";
    /// State and database are two DRBD volumes on two devices.
    Error SAME_DEVICE = "same-device";
    /// Names such as /dev/sdb can mean another disk after the next boot.
    Warning UNSTABLE_DEVICE_NAME = "unstable-device-name";

    // Fencing.
    /// Without fencing a partition can end in two writers and lost jobs.
    Error MISSING_FENCE = "missing-fence";
    /// Each controller has its own plug; else fencing one kills the other.
    Error SHARED_FENCE_DEVICE = "shared-fence-device";
    /// A BMC has an address of its own, which answers when the machine is dead.
    Error FENCE_ADDRESS_IS_A_MACHINE = "fence-address-is-a-machine";
    /// Secrets are not written into the site file.
    Error SECRET_IN_FILE = "secret-in-file";
    /// Parameters that slurmha sets itself cannot be set beside it.
    Error FENCE_OPTION_OWNED = "fence-option-owned";
    /// A power cycle gives no proof that the machine was off.
    Error FENCE_WITHOUT_PROOF = "fence-without-proof";
    /// A name needs DNS at the very moment when things are broken.
    Warning FENCE_ADDRESS_IS_A_NAME = "fence-address-is-a-name";

    // Timing.
    /// The token is long enough to survive a stall and short enough to matter.
    Error TOKEN_OUT_OF_RANGE = "token-out-of-range";
    /// Consensus is one of the values that corosync.conf(5) calls safe.
    Error INVALID_CONSENSUS = "invalid-consensus";
    /// The arbiter drops a dead controller before Corosync asks for its vote.
    Error QDEVICE_TIMEOUT_TOO_LONG = "qdevice-timeout-too-long";
    /// qnetd accepts no shorter heartbeat.
    Error QDEVICE_TIMEOUT_TOO_SHORT = "qdevice-timeout-too-short";
    /// The vote arrives within the time that a membership change waits for it.
    Error SYNC_TIMEOUT_TOO_SHORT = "sync-timeout-too-short";
    /// Settings of the arbiter have no effect without one.
    Warning QDEVICE_WITHOUT_ARBITER = "qdevice-without-arbiter";

    // Compute nodes and partitions.
    /// Each name of a group has its address.
    Error ADDRESS_COUNT = "address-count";
    /// A cluster has compute nodes.
    Error NO_NODES = "no-nodes";
    /// A cluster has partitions.
    Error NO_PARTITIONS = "no-partitions";
    /// Partitions consist of nodes that the file describes.
    Error UNKNOWN_NODE = "unknown-node";
    /// A partition stands in the file once.
    Error DUPLICATE_PARTITION = "duplicate-partition";
    /// Jobs that name no partition go to one place.
    Error TWO_DEFAULT_PARTITIONS = "two-default-partitions";
    /// Jobs that name no partition are refused.
    Warning NO_DEFAULT_PARTITION = "no-default-partition";
    /// A default above the maximum cannot be used.
    Error DEFAULT_TIME_ABOVE_MAX = "default-time-above-max";
    /// What slurmha decides cannot be decided beside it.
    Error SLURM_KEY_OWNED = "slurm-key-owned";
    /// A key of slurm.conf given twice has one value by accident.
    Error DUPLICATE_SLURM_KEY = "duplicate-slurm-key";
    /// A cluster of one machine stops with it.
    Warning SINGLE_COMPUTE_NODE = "single-compute-node";

    // Monitoring.
    /// Lengths of time are in Prometheus' notation.
    Error INVALID_RETENTION = "invalid-retention";
    /// Mail goes to and comes from plain addresses.
    Error INVALID_MAIL_ADDRESS = "invalid-mail-address";
    /// A server is given with its port.
    Error INVALID_HOST_AND_PORT = "invalid-host-and-port";
    /// URLs are plain ones of http and https, without a login.
    Error INVALID_URL = "invalid-url";
    /// Names of receivers are plain words.
    Error INVALID_RECEIVER_NAME = "invalid-receiver-name";
    /// One or two machines watch; more would tell no more.
    Error MONITORING_HOST_COUNT = "monitoring-host-count";
    /// Who watches outlives what is watched.
    Error MONITORING_ON_WATCHED_MACHINE = "monitoring-on-watched-machine";
    /// The interval is short enough to matter and long enough to be kept.
    Error INTERVAL_OUT_OF_RANGE = "interval-out-of-range";
    /// A webhook has one URL.
    Error WEBHOOK_URL = "webhook-url";
    /// A name tells webhooks apart.
    Error DUPLICATE_WEBHOOK = "duplicate-webhook";
    /// A login on the mail server is a name with a password.
    Error MAIL_LOGIN = "mail-login";
    /// Grafana gets a port that root need not open and nobody else has.
    Error GRAFANA_PORT = "grafana-port";
    /// Somebody is told.
    Warning NO_RECEIVER = "no-receiver";

    // The VPN.
    /// Keys are WireGuard public keys, and none of those that protect nothing.
    Error INVALID_PUBLIC_KEY = "invalid-public-key";
    /// Names of peers are plain words.
    Error INVALID_PEER_NAME = "invalid-peer-name";
    /// The people's machines have addresses that nothing else of the site has.
    Error VPN_NETWORK_OVERLAPS = "vpn-network-overlaps";
    /// The VPN listens where nobody else does.
    Error VPN_PORT = "vpn-port";
    /// One or two machines let people in.
    Error VPN_GATEWAY_COUNT = "vpn-gateway-count";
    /// What can be reached from outside is no machine that the cluster stands on.
    Error VPN_GATEWAY_INSIDE = "vpn-gateway-inside";
    /// Something says how a gateway is reached from outside.
    Error VPN_ENDPOINT = "vpn-endpoint";
    /// Each gateway is dialled at an address of its own.
    Error VPN_SHARED_ENDPOINT = "vpn-shared-endpoint";
    /// People reach a console that there is.
    Error VPN_CONSOLE = "vpn-console";
    /// A name tells peers apart.
    Error DUPLICATE_PEER = "duplicate-peer";
    /// A key belongs to one peer.
    Error DUPLICATE_PUBLIC_KEY = "duplicate-public-key";
    /// An address belongs to one peer.
    Error DUPLICATE_PEER_ADDRESS = "duplicate-peer-address";
    /// Peers have addresses of the VPN's network.
    Error PEER_ADDRESS = "peer-address";

    // The console.
    /// The console listens where nobody else does.
    Error CONSOLE_PORT = "console-port";
    /// A certificate is of use with its key alone.
    Error CONSOLE_CERTIFICATE = "console-certificate";
    /// Who acts shows more than who looks.
    Error CONSOLE_ACTIONS = "console-actions";

    // People.
    /// Names and shells of accounts are plain.
    Error INVALID_ACCOUNT = "invalid-account";
    /// A person's key is the public half, as ssh-keygen(1) writes it.
    Error INVALID_SSH_KEY = "invalid-ssh-key";
    /// Homes are an NFS export at a directory of their own.
    Error INVALID_HOMES = "invalid-homes";
    /// Ids of people are none that Debian gives to daemons.
    Error ACCOUNT_ID = "account-id";
    /// A name and an id belong to one account.
    Error DUPLICATE_ACCOUNT = "duplicate-account";
    /// Groups that people belong to stand in the file.
    Error UNKNOWN_GROUP = "unknown-group";
    /// A mount must not hide the keys of who repairs it.
    Error HOMES_HIDE_ADMINISTRATOR = "homes-hide-administrator";
    /// Options are those of a mount.
    Warning HOMES_OPTIONS_WITHOUT_NFS = "homes-options-without-nfs";
    /// A limit leaves the person something and the host enough.
    Error LIMIT_OUT_OF_RANGE = "limit-out-of-range";
    // The portal.
    /// The portal runs where users work anyway, and nowhere else.
    Error PORTAL_HOST = "portal-host";
    /// The portal listens where nobody else does.
    Error PORTAL_PORT = "portal-port";
    /// A certificate is of use with its key alone.
    Error PORTAL_CERTIFICATE = "portal-certificate";

    // Open OnDemand.
    /// A claim is known by its name.
    Error INVALID_CLAIM = "invalid-claim";
    /// A directory knows its entries by distinguished names.
    Error INVALID_DISTINGUISHED_NAME = "invalid-distinguished-name";
    /// Open OnDemand runs where users have their accounts and homes.
    Error ONDEMAND_HOST = "ondemand-host";
    /// Browsers and identity providers know Open OnDemand by a name.
    Error ONDEMAND_SERVERNAME = "ondemand-servername";
    /// Open OnDemand listens where nobody else does.
    Error ONDEMAND_PORT = "ondemand-port";
    /// Open OnDemand needs one certificate that browsers trust.
    Error ONDEMAND_CERTIFICATE = "ondemand-certificate";
    /// One part says who somebody is.
    Error ONDEMAND_AUTH = "ondemand-auth";
    /// A provider whose words are not protected could be anybody.
    Error ONDEMAND_ISSUER = "ondemand-issuer";
    /// An account in a directory has a name and a password.
    Error ONDEMAND_BIND = "ondemand-bind";
    /// Open OnDemand 4.2 needs a newer Node.js than Debian 12 has.
    Error ONDEMAND_NODE = "ondemand-node";

    // The rest.
    /// Clocks that drift apart make munge refuse every request.
    Warning NO_TIME_SERVERS = "no-time-servers";
    /// A danger that is accepted but not there hides the day when it comes.
    Warning NEEDLESS_ACCEPT = "needless-accept";
}
