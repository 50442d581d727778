// SPDX-License-Identifier: Apache-2.0
//! What two controllers tell while something happens to them, made from what
//! the programs of Debian 12 printed in the laboratory.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::console::{SlurmView, View};
use crate::observe::{
    ClusterResource, DrbdStatus, FencingEvent, Health, LinkStatus, Operation, Safeguards, Space,
    Task, parse_crm_mon_xml, parse_drbd_status, parse_links, parse_quorum, parse_sdiag,
};

macro_rules! printed {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/observe/", $name))
    };
}

/// What each controller tells; nothing when it says nothing.
pub type Views = [Option<View>; 2];

/// A takeover on a quick machine.
const TAKEOVER: [Done; 7] = [
    ("drbd", Task::Promote, 5_010, 320),
    ("state", Task::Start, 5_950, 410),
    ("database", Task::Start, 6_500, 450),
    ("vip", Task::Start, 7_020, 120),
    ("slurmctld", Task::Start, 7_200, 1_450),
    ("mariadb", Task::Start, 7_900, 1_020),
    ("slurmdbd", Task::Start, 9_010, 980),
];

/// In the order in which a takeover starts them.
const ORDER: [&str; 7] = ["drbd", "state", "database", "vip", "slurmctld", "mariadb", "slurmdbd"];

/// How long a controller may say nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// A console that is told something.
pub struct Story {
    heard: [Heard; 2],
    /// How far the controllers' clocks are ahead of the console's.
    pub ahead: SignedDuration,
    pub memory: Memory,
    pub lines: Vec<Line>,
}

impl Story {
    pub fn new() -> Self {
        let heard = || Heard { patience: PATIENCE, ..Heard::default() };
        let ahead = SignedDuration::ZERO;
        Self { heard: [heard(), heard()], ahead, memory: Memory::default(), lines: Vec::new() }
    }

    pub fn time(&self, ms: i64) -> Timestamp {
        moment(ms)
    }

    /// The picture after this was told.
    pub fn at(&mut self, ms: i64, views: Views) -> Picture {
        let now = self.time(ms);
        for (heard, view) in self.heard.iter_mut().zip(views) {
            if let Some(view) = view {
                heard.hear(by_their_clock(view, now, self.ahead), now, PATIENCE);
            }
        }
        let picture = draw(&site(), &self.heard, now);
        self.lines.extend(self.memory.see(&picture));
        picture
    }

    /// All events so far, one a line.
    pub fn events(&self) -> String {
        self.memory.events_after(0).map(|event| format!("{}\n", event.text)).collect()
    }
}

fn by_their_clock(mut view: View, now: Timestamp, ahead: SignedDuration) -> View {
    view.time = now + ahead;
    if let Reading::Known(cluster) = &mut view.pacemaker {
        cluster.operations.iter_mut().for_each(|it| it.began += ahead);
    }
    view
}

/// So many milliseconds after a story's beginning.
pub fn moment(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH
        + SignedDuration::from_secs(1_795_874_400)
        + SignedDuration::from_millis(ms)
}

/// What Pacemaker has done on ctl2, in milliseconds: when it began, and how
/// long it took.
pub type Done = (&'static str, Task, i64, u64);

/// The cluster remembers all of it that had ended at that time.
pub fn remember(views: &mut Views, node: &str, done: &[Done], ms: i64) {
    let operation = |(id, task, began, took): Done| Operation {
        resource: id.to_owned(),
        node: node.to_owned(),
        task,
        done: true,
        began: moment(began - began % 1_000),
        took: Duration::from_millis(took),
    };
    let had_ended = |(_, _, began, took): &&Done| began + took.cast_signed() <= ms;
    for view in views.iter_mut().flatten() {
        if let Reading::Known(cluster) = &mut view.pacemaker {
            for it in done.iter().filter(had_ended).copied().map(operation) {
                let is_it = |old: &Operation| old.node == node && old.resource == it.resource;
                cluster.operations.retain(|old| !is_it(old));
                cluster.operations.push(it);
            }
        }
    }
}

fn view(name: &str, crm_mon: &str, drbd: &str, quorum: &str, links: &str) -> View {
    View {
        controller: name.to_owned(),
        version: "0.1.0".to_owned(),
        time: Timestamp::UNIX_EPOCH,
        pacemaker: Reading::Known(parse_crm_mon_xml(crm_mon).expect("crm_mon")),
        quorum: Reading::Known(parse_quorum(quorum).expect("quorum")),
        links: Reading::Known(links_of(name, links)),
        drbd: Reading::Known(parse_drbd_status("slurm_data", drbd).expect("drbd")),
        vip_present: Reading::Known(false),
        watch_running: Reading::Known(true),
        durable_running: Reading::Known(None),
        safeguards: Some(Safeguards {
            state_options: Reading::Known(None),
            drbd_fencing: Reading::Known("resource-and-stonith".to_owned()),
            qdevice_timeout_ms: Reading::Known(4500),
        }),
        preferences: Some(Reading::Known(Vec::new())),
        slurm: None,
    }
}

/// They were printed on ctl1; on ctl2 it is the other way round.
fn links_of(name: &str, text: &str) -> Vec<LinkStatus> {
    let mut links = parse_links(text).expect("links");
    if name == "ctl2" {
        links.iter_mut().for_each(|link| link.node = 3 - link.node);
    }
    links
}

/// Both are there, ctl1 is active.
pub fn healthy() -> Views {
    let told = |name: &str, drbd: &str| {
        view(
            name,
            printed!("crm_mon-healthy.xml"),
            drbd,
            printed!("quorumtool-all-votes.txt"),
            printed!("knet-connected.txt"),
        )
    };
    let secondary = printed!("drbd-84-in-sync.txt");
    let primary = secondary.replacen("role:Secondary", "role:Primary", 1).replacen(
        "Connected role:Primary",
        "Connected role:Secondary",
        1,
    );
    let mut first = told("ctl1", &primary);
    first.vip_present = Reading::Known(true);
    first.slurm = Some(slurm());
    [Some(first), Some(told("ctl2", secondary))]
}

fn slurm() -> SlurmView {
    let space = |available| Reading::Known(Some(Space { total: 1 << 30, available }));
    SlurmView {
        slurmctld: Health::Up,
        slurmdbd: Health::Up,
        mariadb: Health::Up,
        diagnosis: Reading::Known(parse_sdiag(printed!("sdiag-busy.txt")).expect("sdiag")),
        nodes: Reading::Known([("idle".to_owned(), 61), ("mixed".to_owned(), 3)].into()),
        state: space(900 << 20),
        database: space(700 << 20),
        saved_state_age: Reading::Known(Some(Duration::from_secs(3))),
    }
}

/// The survivor after all: ctl1 is fenced, everything runs on ctl2.
pub fn alone() -> Views {
    let mut second = view(
        "ctl2",
        printed!("crm_mon-failed-over.xml"),
        printed!("drbd-84-alone.txt"),
        printed!("quorumtool-one-controller.txt"),
        printed!("knet-peer-gone.txt"),
    );
    second.vip_present = Reading::Known(true);
    second.slurm = Some(slurm());
    [None, Some(second)]
}

/// Pacemaker has noticed that ctl1 is lost, and has it fenced.
pub fn lost() -> Views {
    let mut views = healthy();
    views[0] = None;
    let second = views[1].as_mut().expect("ctl2");
    let [_, survivor] = alone();
    let survivor = survivor.expect("ctl2");
    second.quorum = survivor.quorum;
    second.links = survivor.links;
    if let Reading::Known(cluster) = &mut second.pacemaker {
        cluster.dc = Some("ctl2".to_owned());
        for node in cluster.nodes.iter_mut().filter(|node| node.name == "ctl1") {
            (node.online, node.unclean) = (false, true);
        }
        cluster.fencing.insert(
            0,
            FencingEvent {
                action: "off".to_owned(),
                target: "ctl1".to_owned(),
                client: "pacemaker-controld.652".to_owned(),
                status: "pending".to_owned(),
                ..FencingEvent::default()
            },
        );
    }
    if let Reading::Known(drbd) = &mut second.drbd {
        cut_off(drbd);
    }
    views
}

fn cut_off(drbd: &mut DrbdStatus) {
    "Connecting".clone_into(&mut drbd.connection);
    "Unknown".clone_into(&mut drbd.peer_role);
    for volume in &mut drbd.volumes {
        "DUnknown".clone_into(&mut volume.peer_disk);
        "Off".clone_into(&mut volume.replication);
    }
}

/// ctl1 is fenced, and so many parts work on ctl2; the next one starts.
pub fn taking_over(parts: usize) -> Views {
    let mut views = alone();
    each_resource(&mut views, |resource| {
        let place = ORDER.iter().position(|id| *id == resource.id);
        let (role, node) = match place {
            Some(place) if place == parts && place > 0 => ("Starting", Some("ctl2")),
            Some(place) if place >= parts => ("Stopped", None),
            _ => return,
        };
        (resource.role, resource.node) = (role.to_owned(), node.map(str::to_owned));
    });
    let second = views[1].as_mut().expect("ctl2");
    second.vip_present = Reading::Known(parts > 3);
    if parts == 0
        && let Reading::Known(drbd) = &mut second.drbd
    {
        "Secondary".clone_into(&mut drbd.role);
    }
    match &mut second.slurm {
        slurm if parts == 0 => *slurm = None,
        Some(slurm) if parts < 5 => {
            slurm.slurmctld = Health::Down("Slurmctld(primary) at ctl1,ctl2 is DOWN".to_owned());
            slurm.diagnosis = Reading::Unknown("slurmctld does not answer".to_owned());
            slurm.nodes = Reading::Unknown("slurmctld does not answer".to_owned());
        }
        _ => {}
    }
    views
}

/// ctl1 is back, and gets what it has missed, or has got it.
pub fn returned(done: Option<f64>) -> Views {
    let mut views = moved();
    let third = alone()[1].clone().expect("ctl2");
    for view in views.iter_mut().flatten() {
        if let (Reading::Known(cluster), Reading::Known(told)) =
            (&mut view.pacemaker, &third.pacemaker)
        {
            cluster.fencing.clone_from(&told.fencing);
        }
        let is_first = view.controller == "ctl1";
        let (Reading::Known(drbd), Some(done)) = (&mut view.drbd, done) else { continue };
        for volume in &mut drbd.volumes {
            volume.done_percent = Some(done);
            volume.out_of_sync_kib = Some(((100.0 - done) * 5000.0) as u64);
            let (replication, stale) = match is_first {
                true => ("SyncTarget", &mut volume.disk),
                false => ("SyncSource", &mut volume.peer_disk),
            };
            "Inconsistent".clone_into(stale);
            replication.clone_into(&mut volume.replication);
        }
    }
    views
}

/// Everything is being stopped on ctl1, to be started on ctl2.
pub fn moving() -> Views {
    let mut views = healthy();
    each_resource(&mut views, |resource| {
        if ORDER.contains(&resource.id.as_str()) && resource.role != "Unpromoted" {
            let is_drbd = resource.id == "drbd";
            let (role, node) =
                if is_drbd { ("Unpromoted", Some("ctl1")) } else { ("Stopped", None) };
            (resource.role, resource.node) = (role.to_owned(), node.map(str::to_owned));
        }
    });
    views
}

/// Both are there, ctl2 is active.
pub fn moved() -> Views {
    let mut views = healthy();
    each_resource(&mut views, |resource| {
        let moves = ORDER.contains(&resource.id.as_str());
        if let Some(node) = resource.node.as_mut().filter(|_| moves) {
            *node = if node == "ctl1" { "ctl2" } else { "ctl1" }.to_owned();
        }
    });
    let [Some(first), Some(second)] = &mut views else { panic!("two views") };
    std::mem::swap(&mut first.slurm, &mut second.slurm);
    std::mem::swap(&mut first.vip_present, &mut second.vip_present);
    std::mem::swap(&mut first.drbd, &mut second.drbd);
    views
}

/// Both networks are cut. ctl2 has the arbiter, ctl1 still has the VIP.
pub fn split() -> Views {
    let mut views = healthy();
    views[1] = lost()[1].clone();
    let first = views[0].as_mut().expect("ctl1");
    if let Reading::Known(cluster) = &mut first.pacemaker {
        cluster.with_quorum = false;
        cluster.nodes[1].online = false;
    }
    if let Reading::Known(quorum) = &mut first.quorum {
        (quorum.quorate, quorum.total_votes, quorum.qdevice) = (false, 1, Some(false));
    }
    if let Reading::Known(links) = &mut first.links {
        links.iter_mut().filter(|link| link.node == 2).for_each(|link| link.connected = false);
    }
    if let Reading::Known(drbd) = &mut first.drbd {
        cut_off(drbd);
    }
    views
}

pub fn each_resource(views: &mut Views, how: impl Fn(&mut ClusterResource)) {
    for view in views.iter_mut().flatten() {
        if let Reading::Known(cluster) = &mut view.pacemaker {
            cluster.resources.iter_mut().for_each(&how);
        }
    }
}

/// ctl1 loses its power while it is active, and comes back.
pub fn power_loss() -> Vec<(i64, Views)> {
    let [_, second] = healthy();
    let mut told = vec![
        (0, healthy()),
        (1_000, healthy()),
        (1_400, [None, second]),
        (3_700, lost()),
        (4_700, lost()),
    ];
    // When somebody looked; what was done then is a little older.
    let takeover = [5_700, 6_600, 7_100, 7_300, 8_900, 9_400, 10_500];
    told.extend(takeover.into_iter().zip(1..).map(|(ms, parts)| (ms, taking_over(parts))));
    told.extend([(12_000, alone()), (14_000, alone())]);
    let resync = [4.0, 31.5, 62.2, 90.8].map(Some).into_iter().chain([None]);
    told.extend((0..).zip(resync).map(|(nth, done)| (40_000 + 2_000 * nth, returned(done))));
    told.iter_mut().for_each(|(ms, views)| remember(views, "ctl2", &TAKEOVER, *ms));
    told
}

/// The same as lines: when, who, what.
pub fn recording() -> String {
    let mut lines = String::new();
    for (after_ms, views) in power_loss() {
        for mut view in views.into_iter().flatten() {
            view.time = moment(after_ms);
            lines.push_str(&json!({ "after_ms": after_ms, "view": view }).to_string());
            lines.push('\n');
        }
    }
    lines
}
