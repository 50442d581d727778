// SPDX-License-Identifier: Apache-2.0
//! Answers of a cluster that does not exist, for tests. Other crates get it
//! with the feature `made-up`.

use crate::observe::{
    ClusterBan, ClusterNode, ClusterResource, ClusterStatus, DrbdStatus, DrbdVolumeStatus,
    FencingEvent, Health, Observation, QuorumStatus, Reading, SlurmStatus,
};
use crate::site::{NodeName, Site};
use crate::status::Answers;

/// The site of examples/lab.
pub fn site() -> Site {
    let text = include_str!("../../../../examples/lab/site.toml");
    crate::site::parse("site.toml", text).expect("a site without mistakes").0
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
    let answer = answers.get_mut(&NodeName::from(name)).expect("it was asked");
    how(answer.as_mut().expect("it answered"));
}

fn quorum() -> QuorumStatus {
    QuorumStatus {
        quorate: true,
        expected_votes: 3,
        total_votes: 3,
        ring_id: "1.5".to_owned(),
        qdevice: Some(true),
        ..QuorumStatus::default()
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
        Reading::Known(pairs.iter().map(|(state, n)| ((*state).to_owned(), *n)).collect())
    };
    SlurmStatus {
        slurmctld: Health::Up,
        slurmdbd: Health::Up,
        mariadb,
        records_waiting: Some(0),
        waits_until: None,
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

/// ctl1 is gone, was fenced, and ctl2 has taken everything over.
pub fn failed_over() -> Answers {
    let mut answers = answers();
    let why = "ssh: no answer within 3 s".to_owned();
    answers.insert(NodeName::from("ctl1"), Err(why));
    change(&mut answers, "ctl2", |ctl2| {
        without_peer(ctl2, "ctl1");
        let (Reading::Known(cluster), Reading::Known(drbd)) = (&mut ctl2.cluster, &mut ctl2.drbd)
        else {
            panic!("a controller that knows nothing");
        };
        "Primary".clone_into(&mut drbd.role);
        for resource in cluster.resources.iter_mut().filter(|r| !r.id.starts_with("fence-")) {
            match (resource.id.as_str(), resource.node.as_deref()) {
                ("drbd", Some("ctl2")) => "Promoted".clone_into(&mut resource.role),
                ("drbd", _) => {}
                _ => {
                    "Started".clone_into(&mut resource.role);
                    resource.node = Some("ctl2".to_owned());
                }
            }
        }
        for event in &mut cluster.fencing {
            "ctl2".clone_into(&mut event.delegate);
        }
        ctl2.slurm = Reading::Known(slurm(Health::Up));
    });
    answers
}

/// ctl1 is back after that, and the database volume is being copied to it.
pub fn recovering() -> Answers {
    let healthy = serde_json::to_string(&answers()).expect("answers as JSON");
    let moved = healthy.replace("ctl1", "ctl0").replace("ctl2", "ctl1").replace("ctl0", "ctl2");
    let mut answers: Answers = serde_json::from_str(&moved).expect("answers from JSON");
    for (name, side) in [("ctl1", "SyncTarget"), ("ctl2", "SyncSource")] {
        change(&mut answers, name, |controller| {
            resync(controller, side, 42.0);
            let Reading::Known(cluster) = &mut controller.cluster else { panic!("no cluster") };
            cluster.dc = Some("ctl2".to_owned());
            cluster.fencing =
                vec![FencingEvent { delegate: "ctl2".into(), ..fenced("ctl1", "success") }];
        });
    }
    answers
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

/// A constraint that keeps a resource off a machine.
pub fn ban(id: &str, resource: &str, node: &str) -> ClusterBan {
    ClusterBan {
        id: id.to_owned(),
        resource: resource.to_owned(),
        node: node.to_owned(),
        promoted_only: resource == "drbd-clone",
    }
}

/// A fencing action by ctl1, with its outcome.
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
