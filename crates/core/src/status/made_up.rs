// SPDX-License-Identifier: Apache-2.0
//! Answers of a cluster that does not exist.

use std::collections::BTreeMap;

use crate::observe::{
    ClusterBan, ClusterNode, ClusterResource, ClusterStatus, DrbdStatus, DrbdVolumeStatus,
    FencingEvent, Health, Observation, QuorumStatus, Reading, SlurmStatus,
};
use crate::site::{NodeName, Site};
use crate::status::Answers;

/// The site of examples/lab.
pub fn site() -> Site {
    let text = include_str!("../../../../examples/lab/site.toml");
    crate::site::parse("site.toml", text).unwrap().0
}

/// A healthy cluster, active on ctl1, with everybody asked.
pub fn answers() -> Answers {
    let mut answers = Answers::new();
    for (name, role, peer_role) in
        [("ctl1", "Primary", "Secondary"), ("ctl2", "Secondary", "Primary")]
    {
        let observation = Observation {
            hostname: name.to_owned(),
            drbd: Reading::Known(drbd(role, peer_role)),
            quorum: Reading::Known(quorum()),
            cluster: Reading::Known(cluster()),
            slurm: Reading::Known(slurm(if name == "ctl1" {
                Health::Up
            } else {
                Health::Elsewhere
            })),
            ..Observation::default()
        };
        answers.insert(NodeName::from(name), Ok(observation));
    }
    let login =
        Observation { slurm: Reading::Known(slurm(Health::Elsewhere)), ..Observation::default() };
    answers.insert(NodeName::from("login1"), Ok(login));
    for name in ["cn1", "cn2"] {
        answers.insert(NodeName::from(name), Ok(Observation::default()));
    }
    answers
}

/// Changes what one machine answered.
pub fn change(answers: &mut Answers, name: &str, how: impl FnOnce(&mut Observation)) {
    how(answers.get_mut(&NodeName::from(name)).unwrap().as_mut().unwrap());
}

fn quorum() -> QuorumStatus {
    QuorumStatus {
        quorate: true,
        expected_votes: 3,
        total_votes: 3,
        ring_id: "1.5".to_owned(),
        qdevice: Some(true),
    }
}

fn drbd(role: &str, peer_role: &str) -> DrbdStatus {
    let volume = |volume| DrbdVolumeStatus {
        volume,
        disk: "UpToDate".to_owned(),
        peer_disk: "UpToDate".to_owned(),
        replication: "Established".to_owned(),
        done_percent: None,
        out_of_sync_kib: Some(0),
    };
    DrbdStatus {
        up: true,
        role: role.to_owned(),
        suspended: false,
        connection: "Connected".to_owned(),
        peer_role: peer_role.to_owned(),
        volumes: vec![volume(0), volume(1)],
    }
}

fn cluster() -> ClusterStatus {
    let node =
        |name: &str| ClusterNode { name: name.to_owned(), online: true, ..ClusterNode::default() };
    let resource = |id: &str, role: &str, node: &str| ClusterResource {
        id: id.to_owned(),
        role: role.to_owned(),
        node: Some(node.to_owned()),
        managed: true,
        ..ClusterResource::default()
    };
    let mut resources = vec![
        resource("fence-ctl1", "Started", "ctl2"),
        resource("fence-ctl2", "Started", "ctl1"),
        resource("drbd", "Promoted", "ctl1"),
        resource("drbd", "Unpromoted", "ctl2"),
    ];
    let active = ["state", "database", "vip", "mariadb", "slurmdbd", "slurmctld"];
    resources.extend(active.map(|id| resource(id, "Started", "ctl1")));
    ClusterStatus {
        dc: Some("ctl2".to_owned()),
        with_quorum: true,
        fencing_enabled: true,
        maintenance: false,
        nodes: vec![node("ctl1"), node("ctl2")],
        resources,
        ..ClusterStatus::default()
    }
}

fn slurm(mariadb: Health) -> SlurmStatus {
    let counts = |pairs: &[(&str, u64)]| {
        pairs.iter().map(|(state, n)| ((*state).to_owned(), *n)).collect::<BTreeMap<_, _>>()
    };
    SlurmStatus {
        slurmctld: Health::Up,
        slurmdbd: Health::Up,
        mariadb,
        records_waiting: Some(0),
        jobs: counts(&[("PENDING", 2), ("RUNNING", 4)]),
        nodes: counts(&[("mixed", 2)]),
    }
}

/// What a controller says when the other one is gone.
pub fn without_peer(observation: &mut Observation, peer: &str) {
    let (Reading::Known(cluster), Reading::Known(quorum), Reading::Known(drbd)) =
        (&mut observation.cluster, &mut observation.quorum, &mut observation.drbd)
    else {
        panic!("a controller that knows nothing");
    };
    quorum.total_votes = 2;
    for node in cluster.nodes.iter_mut().filter(|node| node.name == peer) {
        node.online = false;
    }
    for resource in &mut cluster.resources {
        if resource.node.as_deref() == Some(peer) {
            resource.node = None;
            "Stopped".clone_into(&mut resource.role);
        }
    }
    "Connecting".clone_into(&mut drbd.connection);
    "Unknown".clone_into(&mut drbd.peer_role);
    for volume in &mut drbd.volumes {
        "DUnknown".clone_into(&mut volume.peer_disk);
        "Off".clone_into(&mut volume.replication);
    }
    cluster.fencing = vec![fenced(peer, "success")];
    let id = "drbd-fence-by-handler-slurm_data-rule-drbd-clone";
    cluster.bans.push(ban(id, "drbd-clone", peer));
}

/// A resync of the database volume, seen from one side.
pub fn resync(observation: &mut Observation, replication: &str, done: f64) {
    let Reading::Known(drbd) = &mut observation.drbd else { panic!("no DRBD") };
    let volume = &mut drbd.volumes[1];
    replication.clone_into(&mut volume.replication);
    volume.done_percent = Some(done);
    let stale =
        if replication.ends_with("Target") { &mut volume.disk } else { &mut volume.peer_disk };
    "Inconsistent".clone_into(stale);
}

pub fn ban(id: &str, resource: &str, node: &str) -> ClusterBan {
    ClusterBan {
        id: id.to_owned(),
        resource: resource.to_owned(),
        node: node.to_owned(),
        promoted_only: resource == "drbd-clone",
    }
}

pub fn fenced(target: &str, status: &str) -> FencingEvent {
    FencingEvent {
        action: "off".to_owned(),
        target: target.to_owned(),
        delegate: "ctl1".to_owned(),
        client: "pacemaker-controld.814".to_owned(),
        status: status.to_owned(),
        completed: "2026-11-25 08:00:12Z".to_owned(),
    }
}
