// SPDX-License-Identifier: Apache-2.0
//! Keeps the compute nodes for the drill's user, and gives them back.

use std::time::Duration;

use slurmha_host::program::slurm;
use slurmha_host::{CommandError, System};

use super::super::protocol::{Reply, ReserveTask};

/// Time for one answer of slurmctld.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes the reservation; it ends by itself when the drill must have ended.
pub fn reserve(system: &dyn System, tell: &dyn Fn(Reply), task: &ReserveTask) {
    let minutes = u32::try_from(task.lasts.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    told(tell, slurm::reserve_all_nodes(system, &task.name, &task.user, minutes, LIMIT));
}

/// Deletes it.
pub fn unreserve(system: &dyn System, tell: &dyn Fn(Reply), name: &str) {
    told(tell, slurm::delete_reservation(system, name, LIMIT));
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

    fn troubles(status: i32) -> (usize, Vec<String>) {
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
        (told.into_inner(), machine.ran("scontrol"))
    }

    #[test]
    fn it_is_made_for_the_user_with_an_end_and_deleted() {
        let (told, ran) = troubles(0);
        assert_eq!(
            (told, ran),
            (
                0,
                vec![
                    "scontrol create reservation reservationname=drill1 starttime=now \
                     endtime=now+11minutes nodes=ALL users=nobody flags=IGNORE_JOBS,OVERLAP"
                        .to_owned(),
                    "scontrol delete reservationname=drill1".to_owned(),
                ]
            )
        );
    }

    #[test]
    fn what_slurm_refuses_is_told() {
        assert_eq!(troubles(1).0, 2);
    }
}
