// SPDX-License-Identifier: Apache-2.0
//! What single values may look like, one type per kind of value.
//!
//! The character sets are narrow on purpose: these values are written into
//! the configuration of other programs, where quotes, newlines, comment signs
//! and shell characters would mean something.

mod fence;
mod list;
mod monitoring;
mod name;
mod network;
mod ondemand;
mod path;
mod people;
mod slurm;
mod vpn;

pub(super) use fence::{FenceAgent, FenceOption, FenceOptions, FenceUser};
pub(super) use list::{Addresses, Nodes, PartitionNodes};
pub(super) use monitoring::{
    HostAndPort, HttpUrl, MailAddress, MailUser, ReceiverName, Recipients, RepositoryUrl, Retention,
};
pub(super) use name::{ClusterName, HostName, PartitionName, SshUser};
pub(super) use network::HostOrAddress;
pub(super) use ondemand::{AcmeDirectory, Claim, DistinguishedName, IssuerUrl};
pub(super) use path::{DevicePath, FilePath};
pub(super) use people::{FullName, GroupName, MountOptions, MountPoint, NfsExport, Shell, SshKey};
pub(super) use slurm::{ExtraLine, ExtraPairs, Feature, Gres, Pair, TimeLimit};
pub(super) use vpn::PeerName;
