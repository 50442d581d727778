// SPDX-License-Identifier: Apache-2.0
//! Daemons that are none of Pacemaker's resources, and that systemd starts
//! anew when they are killed but not when they are stopped.
//!
//! - A pacemakerd that is stopped is missed by nobody: the daemons below it
//!   go on. But none of them would be started again when it dies, weeks later.
//!   The new one takes over those that run (pacemakerd.c,
//!   `find_and_track_existing_processes`).
//! - Without munged no message of Slurm's is believed on this machine, and
//!   whoever asks it waits for ever. Debian's unit has `Restart=on-abort`,
//!   which SIGKILL is.
//! - A corosync-qnetd that is stopped gives no vote, which is felt when the
//!   next controller is lost. Debian's unit has `Restart=on-abnormal`.

use slurmha_host::program::systemctl;
use slurmha_host::{System, unit_process};

/// Looks in a row: one may fall into a debugger's moment.
const LOOKS: u32 = 3;

/// One of them.
pub struct Bystander {
    unit: &'static str,
    program: &'static str,
    /// Looks in a row that found it stopped.
    stopped: u32,
}

impl Bystander {
    /// Those of a controller.
    pub fn of_controller() -> [Self; 2] {
        [("pacemaker.service", "pacemakerd"), ("munge.service", "munged")]
            .map(|(unit, program)| Self { unit, program, stopped: 0 })
    }

    /// That of the arbiter.
    pub fn qnetd() -> Self {
        Self { unit: "corosync-qnetd.service", program: "corosync-qnetd", stopped: 0 }
    }

    /// Looks once, and ends it when it stays stopped.
    pub fn look(&mut self, system: &dyn System) {
        let process = unit_process::named(system, self.unit, self.program).ok().flatten();
        let stopped = process.is_some_and(|process| process.state == 'T');
        self.stopped = if stopped { self.stopped + 1 } else { 0 };
        if self.stopped < LOOKS {
            return;
        }
        self.stopped = 0;
        let program = self.program;
        match systemctl::kill_main(system, self.unit) {
            Ok(()) => eprintln!("{program} is stopped: killed, so that systemd starts it anew"),
            Err(error) => eprintln!("{program} is stopped and could not be killed: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::agent::test_machine::TestMachine;

    fn with_process(state: char) -> TestMachine {
        let machine = TestMachine::new();
        machine.put("/sys/fs/cgroup/system.slice/pacemaker.service/cgroup.procs", "500\n501\n");
        // Older than its parent: that was started anew once.
        for (pid, name, state, began) in
            [(500, "pacemaker-based", 'S', 30), (501, "pacemakerd", state, 44)]
        {
            let stat =
                format!("{pid} ({name}) {state} 1 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 9 0 {began} 0\n");
            machine.put(format!("/proc/{pid}/stat"), &stat);
            machine.put(format!("/proc/{pid}/comm"), &format!("{name}\n"));
        }
        machine
    }

    fn looks(machine: &TestMachine, count: u32) {
        let mut all = Bystander::of_controller();
        for _ in 0..count {
            all.iter_mut().for_each(|bystander| bystander.look(machine));
            machine.sleep(Duration::from_secs(1));
        }
    }

    #[test]
    fn a_stopped_parent_is_killed_at_the_third_look() {
        let machine = with_process('T');
        looks(&machine, 2);
        assert_eq!(machine.ran("systemctl"), [""; 0]);
        looks(&machine, 3);
        assert_eq!(
            machine.ran("systemctl"),
            ["systemctl kill --kill-whom=main --signal=KILL pacemaker.service"]
        );
    }

    #[test]
    fn the_arbiters_daemon_is_one_of_them() {
        let machine = TestMachine::new();
        machine.put("/sys/fs/cgroup/system.slice/corosync-qnetd.service/cgroup.procs", "500\n");
        let stat = "500 (corosync-qnetd) T 1 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 9 0 30 0\n";
        machine.put("/proc/500/stat", stat);
        machine.put("/proc/500/comm", "corosync-qnetd\n");
        let mut qnetd = Bystander::qnetd();
        (0..3).for_each(|_| qnetd.look(&machine));
        assert_eq!(
            machine.ran("systemctl"),
            ["systemctl kill --kill-whom=main --signal=KILL corosync-qnetd.service"]
        );
    }

    #[test]
    fn one_that_works_is_left_alone() {
        let machine = with_process('S');
        looks(&machine, 10);
        assert_eq!(machine.ran("systemctl"), [""; 0]);
    }
}
