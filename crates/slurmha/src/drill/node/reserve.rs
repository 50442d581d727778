// SPDX-License-Identifier: Apache-2.0
//! Keeps the compute nodes for the drill's user, and gives them back.

use std::time::Duration;

use slurmha_host::program::slurm::{self, AllNodes};
use slurmha_host::{CommandError, System};

use super::super::protocol::{Reply, ReserveTask};

/// Time for one answer of slurmctld.
const LIMIT: Duration = Duration::from_secs(60);

/// How long it is tried to delete one whose jobs have just been cancelled.
const PATIENCE: Duration = Duration::from_secs(60);

/// Distance between tries.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the reservation; it ends by itself when the drill must have ended. It does
/// not overlap others: its jobs have to wait where the cluster holds all nodes back
/// (`slurmha_host::hold`).
pub fn reserve(system: &dyn System, tell: &dyn Fn(Reply), task: &ReserveTask) {
    let minutes = u32::try_from(task.lasts.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    let wanted = AllNodes { name: &task.name, user: &task.user, minutes, overlaps: false };
    told(tell, slurm::reserve_all_nodes(system, &wanted, LIMIT));
}

/// Deletes it, with the jobs that are still there: while one uses it, or waits for
/// it, Slurm refuses (22.05, reservation.c, `_is_resv_used`).
pub fn unreserve(system: &dyn System, tell: &dyn Fn(Reply), name: &str) {
    // Where that fails the reservation tells why.
    let _ = slurm::cancel_in_reservation(system, name, LIMIT);
    let end = system.elapsed() + PATIENCE;
    loop {
        let deleted = slurm::delete_reservation(system, name, LIMIT);
        if deleted.is_ok() || system.elapsed() > end {
            return told(tell, deleted);
        }
        system.sleep(PAUSE);
    }
}

fn told(tell: &dyn Fn(Reply), result: Result<(), CommandError>) {
    if let Err(error) = result {
        tell(Reply::Trouble(error.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::agent::test_machine::TestMachine;

    fn troubles(status: i32) -> (usize, TestMachine) {
        let (machine, _) =
            TestMachine::in_world(status, |status, _, _| Some((*status, String::new())));
        let told = RefCell::new(0);
        let tell = |_| *told.borrow_mut() += 1;
        let task = ReserveTask {
            name: "drill1".to_owned(),
            user: "nobody".to_owned(),
            lasts: Duration::from_secs(601),
        };
        reserve(&machine, &tell, &task);
        unreserve(&machine, &tell, "drill1");
        (told.into_inner(), machine)
    }

    #[test]
    fn it_is_made_for_the_user_with_an_end_and_deleted_with_what_is_left_in_it() {
        let (told, machine) = troubles(0);
        assert_eq!(told, 0);
        assert_eq!(
            machine.ran("scontrol"),
            [
                "scontrol create reservation reservationname=drill1 starttime=now \
                 endtime=now+11minutes nodes=ALL users=nobody flags=IGNORE_JOBS",
                "scontrol delete reservationname=drill1",
            ]
        );
        assert_eq!(machine.ran("scancel"), ["scancel --reservation=drill1"]);
    }

    #[test]
    fn what_slurm_refuses_is_tried_for_a_while_and_told() {
        let (told, machine) = troubles(1);
        assert_eq!(told, 2);
        assert!(machine.ran("scontrol delete").len() > 10);
    }
}
