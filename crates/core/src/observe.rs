// SPDX-License-Identifier: Apache-2.0
//! What is there: the state of a machine as `slurmha node observe` reports
//! it, and the parsers of the programs that it asks.

mod cluster;
mod crm_mon;
mod drbd;
mod ending_jobs;
mod fib_trie;
mod homes;
mod knet;
mod machine;
mod node_state;
mod operations;
mod parse_error;
mod people;
mod preference;
mod proc_drbd;
mod quorum;
mod safeguards;
mod sdiag;
mod slurm;
mod slurm_job;
mod unix_sockets;
mod wg;

pub use cluster::*;
pub use crm_mon::{parse_crm_mon_xml, parse_fence_history};
pub use drbd::parse_drbd_status;
pub use ending_jobs::{EndingJobs, SQUEUE_PLACES, parse_ending_jobs};
pub use fib_trie::parse_local_addresses;
pub use homes::{HomesState, fstab_has};
pub use knet::{CorosyncStats, LinkStatus, parse_corosync_stats, parse_links};
pub use machine::*;
pub use node_state::{NodeState, PeerRecord, parse_peer_record, peer_query};
pub use operations::{Operation, Task};
pub use parse_error::ParseError;
pub use people::{
    EXPIRED_DAY, People, PeopleRequest, PersonState, parse_people, parse_process_owners,
};
pub use preference::{Preference, parse_preferences, preference_id, preference_query};
pub use proc_drbd::{ProcVolume, Verified, parse_proc_drbd, parse_verified};
pub use quorum::parse_quorum;
pub use safeguards::{
    DEFAULT_QDEVICE_TIMEOUT_MS, DRBD_FENCES_NOBODY, parse_drbd_fencing, parse_qdevice_timeout,
};
pub use sdiag::{Diagnosis, Waits, parse_sdiag, parse_sdiag_agents, parse_sdiag_waits};
pub use slurm::{parse_scontrol_ping, parse_sinfo_states, parse_squeue_states};
pub use slurm_job::{JobRecord, SACCT_FORMAT, parse_sacct, parse_scontrol_jobs};
pub use unix_sockets::is_listening;
pub use wg::{VpnPeer, VpnState, parse_wg_dump};
