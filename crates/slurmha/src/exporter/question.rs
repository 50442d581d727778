// SPDX-License-Identifier: Apache-2.0
//! What is asked, and whom. Nothing here costs more when there are more jobs.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use slurmha_core::drill::DrillRecord;
use slurmha_core::layout::{
    DATABASE_MOUNT, DRBD_RESOURCE, DRILL_RECORD, DURABLE_UNIT, JOB_STATE, STATE_MOUNT,
    TAKEOVER_REPORT, WATCH_UNIT,
};
use slurmha_core::metrics::{
    CorosyncAnswer, MachineAnswer, NodesAnswer, SettingsAnswer, SlurmctldAnswer, VolumesAnswer,
};
use slurmha_core::observe::{Diagnosis, DrbdStatus, Health, Reading, Safeguards, Space};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_core::site::Site;
use slurmha_core::status::{
    arbiter_lets_go_in_time, has_fencing_policy, missing_state_options, waits_for_fencing,
};
use slurmha_host::observe::health::{self, SLURM_TIMEOUT};
use slurmha_host::observe::{QUERY_TIMEOUT, safeguards};
use slurmha_host::program::{corosync, drbd, pacemaker, slurm};
use slurmha_host::{System, addresses, unit_process};

use super::board::Board;

/// Asks, if it is time to, and puts the answer on the board.
pub type Question = fn(&Board);

/// What is asked on each controller, and moves in a failover: as long as
/// somebody watches, these are asked every second.
pub const MOVING: [Question; 3] = [ask_drbd, ask_pacemaker, ask_machine];

/// What else is asked on each controller.
pub const EVERYWHERE: [Question; 5] =
    [ask_corosync, ask_volumes, ask_takeover, ask_drills, ask_settings];

/// What is asked on the active one alone.
pub const ACTIVE: [Question; 3] = [ask_slurmctld, ask_slurmdbd, ask_mariadb];

fn ask_drbd(board: &Board) {
    let system = &*board.system;
    let question = || {
        let reading = reading(drbd::status(system, DRBD_RESOURCE, QUERY_TIMEOUT));
        if let Reading::Known(drbd) = &reading {
            board.take_role(&drbd.role);
        }
        reading
    };
    board.drbd.fill(system, question);
}

fn ask_pacemaker(board: &Board) {
    let system = &*board.system;
    board.pacemaker.fill(system, || reading(pacemaker::status(system, QUERY_TIMEOUT)));
    board.watch_failovers();
}

fn ask_corosync(board: &Board) {
    if !board.is_due(&board.corosync) {
        return;
    }
    let system = &*board.system;
    board.corosync.fill(system, || {
        let stats = reading(corosync::stats(system, QUERY_TIMEOUT));
        CorosyncAnswer {
            quorum: reading(corosync::quorum(system, QUERY_TIMEOUT)),
            token_losses: stats.clone().map(|stats| stats.token_losses),
            links: stats.map(|stats| stats.links),
        }
    });
}

fn ask_machine(board: &Board) {
    let system = &*board.system;
    let has_vip = |addresses: Vec<_>| addresses.contains(&board.site.vip);
    board.machine.fill(system, || MachineAnswer {
        vip_present: reading(addresses::local(system)).map(has_vip),
        watch_running: reading(unit_process::of_unit(system, WATCH_UNIT))
            .map(|process| process.is_some()),
        durable_running: durable_running(board),
    });
}

/// It runs beside slurmctld alone, and only where the site offers it.
fn durable_running(board: &Board) -> Reading<Option<bool>> {
    if !(board.site.durable_submit.is_offered() && board.is_active()) {
        return Reading::Known(None);
    }
    reading(unit_process::of_unit(&*board.system, DURABLE_UNIT))
        .map(|process| Some(process.is_some()))
}

fn ask_volumes(board: &Board) {
    let system = &*board.system;
    board.volumes.fill(system, || VolumesAnswer {
        state: space(system, STATE_MOUNT),
        database: space(system, DATABASE_MOUNT),
        saved_state_age: saved_state_age(system),
    });
}

fn ask_takeover(board: &Board) {
    let system = &*board.system;
    board.takeover.fill(system, || match system.read(TAKEOVER_REPORT.as_ref()) {
        Ok(None) => Reading::Known(None),
        Ok(Some(bytes)) => reading(serde_json::from_slice(&bytes)).map(Some),
        Err(error) => Reading::Unknown(error.to_string()),
    });
}

fn ask_drills(board: &Board) {
    let system = &*board.system;
    board.drills.fill(system, || match system.read(DRILL_RECORD.as_ref()) {
        Ok(None) => Reading::Known(DrillRecord::default()),
        Ok(Some(bytes)) => reading(serde_json::from_slice(&bytes)),
        Err(error) => Reading::Unknown(error.to_string()),
    });
}

/// Who watches sees nothing of it move, so it is not asked more often for him.
fn ask_settings(board: &Board) {
    let system = &*board.system;
    // Whether DRBD has a policy depends on how it is.
    let Reading::Known(drbd) = board.drbd.last() else { return };
    if !board.settings.is_due(system.elapsed(), board.interval) {
        return;
    }
    board.settings.fill(system, || {
        let state_options = safeguards::state_options(system);
        let policy = drbd_fencing(system, &drbd);
        let timeout = arbiter_timeout(system, &board.site);
        SettingsAnswer {
            state_mount: state_options
                .clone()
                .map(|options| options.map(|options| missing_state_options(&options).is_empty())),
            drbd_fencing: judged(policy.as_ref(), |policy| waits_for_fencing(policy)),
            arbiter_timeout: judged(timeout.as_ref(), |timeout| {
                arbiter_lets_go_in_time(&board.site, *timeout)
            }),
            in_force: Safeguards {
                state_options,
                drbd_fencing: policy.unwrap_or_default(),
                qdevice_timeout_ms: timeout.unwrap_or_default(),
            },
            preferences: reading(pacemaker::preferences(system, QUERY_TIMEOUT)),
        }
    });
}

/// Whether a setting is strong enough; nothing where there is none.
fn judged<T>(told: Option<&Reading<T>>, is_strong: impl Fn(&T) -> bool) -> Reading<Option<bool>> {
    match told {
        None => Reading::Known(None),
        Some(Reading::Known(value)) => Reading::Known(Some(is_strong(value))),
        Some(Reading::Unknown(why)) => Reading::Unknown(why.clone()),
    }
}

/// Nothing of a disk that DRBD has let go.
fn drbd_fencing(system: &dyn System, drbd: &DrbdStatus) -> Option<Reading<String>> {
    has_fencing_policy(drbd).then(|| reading(drbd::fencing(system, DRBD_RESOURCE, QUERY_TIMEOUT)))
}

fn arbiter_timeout(system: &dyn System, site: &Site) -> Option<Reading<u64>> {
    site.arbiter.as_ref()?;
    Some(reading(corosync::qdevice_timeout_ms(system, QUERY_TIMEOUT)))
}

fn ask_slurmctld(board: &Board) {
    board.slurmctld.fill(&*board.system, || {
        let (ping, diagnosis) = diagnosis(board);
        if ping == Health::Up {
            SlurmctldAnswer { ping, diagnosis, nodes: nodes(board) }
        } else {
            // They are news as soon as it answers again.
            board.nodes.clear();
            SlurmctldAnswer { ping, diagnosis, nodes: silent() }
        }
    });
}

/// What slurmctld says about itself proves that it answers, so that one that
/// answered last is asked for nothing else. One that did not is only pinged:
/// each question would wait for its whole time, in the middle of a failover.
fn diagnosis(board: &Board) -> (Health, Reading<Diagnosis>) {
    let system = &*board.system;
    let ask = || reading(slurm::diagnosis(system, SLURM_TIMEOUT));
    let first = if board.slurmctld.last().ping == Health::Up { ask() } else { silent() };
    if first.known().is_some() {
        return (Health::Up, first);
    }
    match health::slurmctld(system, SLURM_TIMEOUT) {
        Health::Up => (Health::Up, ask()),
        ping => (ping, silent()),
    }
}

fn silent<T>() -> Reading<T> {
    Reading::Unknown("slurmctld does not answer".to_owned())
}

/// slurmctld sends a record for each node, so it is asked less often.
fn nodes(board: &Board) -> Reading<BTreeMap<String, u64>> {
    let system = &*board.system;
    if board.is_due(&board.nodes) {
        let question = || NodesAnswer(reading(slurm::node_states(system, SLURM_TIMEOUT)));
        board.nodes.fill(system, question);
    }
    board.nodes.last().0
}

fn ask_slurmdbd(board: &Board) {
    if board.is_due(&board.slurmdbd) {
        board.slurmdbd.fill(&*board.system, || health::slurmdbd(&*board.system, SLURM_TIMEOUT));
    }
}

fn ask_mariadb(board: &Board) {
    if board.is_due(&board.mariadb) {
        board.mariadb.fill(&*board.system, || health::mariadb(&*board.system, QUERY_TIMEOUT));
    }
}

/// Below a mount point on which nothing is mounted is the root file system,
/// whose space says nothing.
fn space(system: &dyn System, mount: &str) -> Reading<Option<Space>> {
    let mount = Path::new(mount);
    match system.metadata(&mount.join(VOLUME_MARKER)) {
        Ok(None) => Reading::Known(None),
        Ok(Some(_)) => match system.space(mount) {
            Some(space) => Reading::Known(Some(space)),
            None => Reading::Unknown(format!("{} does not tell its space", mount.display())),
        },
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

fn saved_state_age(system: &dyn System) -> Reading<Option<Duration>> {
    let age = |modified| system.now().duration_since(modified).try_into().unwrap_or_default();
    reading(system.metadata(JOB_STATE.as_ref())).map(|file| file.map(|file| age(file.modified)))
}

fn reading<T, E: Display>(answer: Result<T, E>) -> Reading<T> {
    match answer {
        Ok(answer) => Reading::Known(answer),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}
