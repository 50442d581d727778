// SPDX-License-Identifier: Apache-2.0
//! What `slurmha drill FAULT --help` says.

use slurmha_core::drill::{
    Daemon, DiskFault, Disturbance, Fault, FaultSignal, LinkFault, Links, Side, Volume,
};

/// What is done, as a title.
pub fn title(fault: Fault) -> String {
    let what = fault.summary();
    let what = what.split(';').next().unwrap_or(&what);
    let mut letters = what.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(" under load".chars()).collect()
}

/// What happens, and what the verdict means.
pub fn verdict(fault: Fault) -> String {
    let text = match fault {
        Fault::PowerLoss(Side::Active) => POWER_LOSS,
        Fault::PowerLoss(Side::Compute) => NODE_POWER_LOSS,
        Fault::Blackout => BLACKOUT,
        Fault::ResyncPowerLoss => RESYNC_POWER_LOSS,
        Fault::BmcUnreachable => BMC_UNREACHABLE,
        Fault::PowerLoss(Side::Arbiter) => ARBITER_POWER_LOSS,
        Fault::PowerLoss(Side::Passive) => PASSIVE_POWER_LOSS,
        Fault::Reboot(Side::Active) => REBOOT,
        Fault::Reboot(_) => PASSIVE_REBOOT,
        Fault::Crash(side) | Fault::Process(side, Daemon::Corosync, _) => felled(side),
        Fault::Process(_, Daemon::Munged, _) => MUNGED,
        Fault::Disturbance(side, what) => disturbance(side, what),
        Fault::Process(_, Daemon::Slurmctld, FaultSignal::Kill) => KILL_SLURMCTLD,
        Fault::Process(_, Daemon::Slurmctld, FaultSignal::Freeze) => FREEZE_SLURMCTLD,
        Fault::Process(_, _, FaultSignal::Kill) => KILL_UNSEEN,
        Fault::Process(_, _, FaultSignal::Freeze) => FREEZE_UNSEEN,
        Fault::Switchover => SWITCHOVER,
        Fault::TwoSwitchovers => TWO_SWITCHOVERS,
        Fault::LeftoverMove => LEFTOVER_MOVE,
    };
    text.to_owned()
}

fn felled(side: Side) -> &'static str {
    match side {
        Side::Active => FELLED,
        Side::Passive | Side::Arbiter | Side::Compute => PASSIVE_FELLED,
    }
}

fn disturbance(side: Side, what: Disturbance) -> &'static str {
    match (what, side) {
        (Disturbance::Link(Links::Both, LinkFault::Cut), _) => felled(side),
        (Disturbance::Link(Links::Cluster, LinkFault::Cut | LinkFault::Mute), Side::Active) => {
            HIDDEN
        }
        (Disturbance::Link(_, LinkFault::Flapping), _) => FLAPPING,
        (Disturbance::Link(..), _) => LINKS,
        (Disturbance::Full(Volume::State), _) => FULL_STATE,
        (Disturbance::Full(Volume::Database), _) => FULL_DATABASE,
        (Disturbance::Disks(DiskFault::Errors), _) => DISK_ERRORS,
        (Disturbance::Disks(DiskFault::Hang), _) => DISK_HANGS,
        (Disturbance::Clock(_), _) => CLOCK,
        (Disturbance::Memory, _) => MEMORY,
        (Disturbance::OldConfig, _) => OLD_CONFIG,
    }
}

const POWER_LOSS: &str = "\
Submits small jobs from a login node, cuts the power of the active controller, waits until the \
other one schedules again, counts the jobs, switches the machine on again and waits until it has \
rejoined. The verdict is `pass` (nothing lost), `pass-with-loss` (scheduling came back by itself; \
lost is only what Slurm had acknowledged and not yet saved, a few seconds before the cut; each job \
is named) or `fail`. Exit status 0 for the first two, 6 for `fail`, 5 when the cluster is not \
healthy to begin with.";

const PASSIVE_POWER_LOSS: &str = "\
The active one has to go on alone: the report says for how long no submission was accepted. The \
verdict is `pass` when nothing was lost and the machine came back and has all data again, else \
`fail`.";

const NODE_POWER_LOSS: &str = "\
Slurm goes on giving it jobs until it is missed. It is switched on again, and what it was running is \
requeued. The verdict is `pass` when no submission was refused, every job ran to its end and is \
accounted for, none ran twice but those that the node was running, and the node takes jobs again; \
else `fail`.";

const BLACKOUT: &str = "\
After a while both are switched on again, and without a person one of them has to begin with the \
newest data. The verdict is `pass` when jobs are accepted again and nothing was lost, \
`pass-with-loss` when what Slurm had not yet saved is missing, and `fail` otherwise: also when both \
could write at the same time, or the cluster is not as healthy as before in the end.";

const RESYNC_POWER_LOSS: &str = "\
Before the cut the passive controller's data are declared to be worth nothing, and are copied again \
from the active one, slowly: that has the only whole copy when it loses its power. After two minutes it \
is switched on again. The verdict is `pass` or `pass-with-loss` as in power-loss when the other \
controller was never promoted, jobs are accepted again with nobody's help, and both sides have all \
data in the end; else `fail`.";

const BMC_UNREACHABLE: &str = "\
The cable of its BMC is cut in the laboratory, and then its power: nobody can prove that it is dead. \
After two minutes the BMC can be reached again. The verdict is `pass` or `pass-with-loss` as in \
power-loss when the other controller was not promoted before that, schedules after it, and the machine \
is back with all data in the end; else `fail`.";

const ARBITER_POWER_LOSS: &str = "\
Its vote is gone, and the controllers have a majority without it. Where it is the login node, too, \
jobs are submitted from another machine. It is switched on again. The verdict is `pass` when no \
submission was refused, no job was lost, the accounting has every job once, and the vote is back in \
the end, else `fail`.";

const REBOOT: &str = "\
An administrator has not moved the role before: Pacemaker has to, before it lets systemd go on. The \
verdict is `pass` when the other controller schedules, not one acknowledged job is missing, ran \
twice or failed, and the machine is back with all data in the end, else `fail`.";

const PASSIVE_REBOOT: &str = "\
The verdict is `pass` when no job was lost and the machine is back with all data in the end, else \
`fail`.";

const MUNGED: &str = "\
Without it no message of Slurm's is believed on this machine. The verdict is `pass` when it is \
back and no job was lost, else `fail`.";

const HIDDEN: &str = "\
The controllers still see each other, but no client reaches the active one: the role has to move. \
After a while the link works again, whatever becomes of the drill. The verdict is `pass` when the \
other controller schedules and no job was lost, `pass-with-loss` when the machine had to be fenced \
and lost what Slurm had not yet saved, else `fail`.";

const LINKS: &str = "\
After a while the links work again, whatever becomes of the drill. The verdict is `pass` when jobs \
are accepted in the end, no job was lost, never more than one controller could write, and the \
cluster is as healthy as before; `pass-with-loss` when the active machine had to be fenced and \
lost what Slurm had not yet saved; else `fail`.";

const FULL_STATE: &str = "\
Slurm can save nothing, and new jobs are refused. After a while there is room again, whatever \
becomes of the drill. The verdict is `pass` when jobs are accepted then and none that was \
acknowledged is lost, else `fail`.";

const FULL_DATABASE: &str = "\
MariaDB can write nothing; slurmctld keeps what it has to say. After a while there is room again, \
whatever becomes of the drill. The verdict is `pass` when no submission was refused, no job was \
lost and the accounting has every job once in the end, else `fail`.";

const FLAPPING: &str = "\
The role may stay or move. After a while the link works as before, whatever becomes of the drill. The verdict is that of the other drills of links.";

const DISK_ERRORS: &str = "\
A device of the device mapper is put between DRBD and its disks, and answers with errors; both \
volumes are hit. DRBD lets go of the disks and goes on over the peer, and the role may move there. \
After a while the disks are given back, whatever becomes of the drill. The verdict is `pass` when \
clients were served within 60 s, no job was lost, and both sides have all data in the end, else \
`fail`.";

const DISK_HANGS: &str = "\
A device of the device mapper is put between DRBD and its disks, and answers nothing; both volumes \
are hit. slurmctld goes on acknowledging and can save nothing. After a while the disks answer \
again, whatever becomes of the drill. The verdict is `pass` when no job was lost, \
`pass-with-loss` when the machine had to be fenced and lost what was not saved since the disks \
hung, and `fail` otherwise.";

const CLOCK: &str = "\
munge refuses credentials that are older than 300 s or from the future, so that clients and nodes \
are refused for as long as the clock is wrong. After a while it is put right, by the same amount, \
whatever becomes of the drill. The verdict is `pass` when jobs are accepted then, no job was lost \
or ran twice, and never more than one controller could write; else `fail`. On a real cluster limits of \
running jobs may pass early, and nodes be given up.";

const MEMORY: &str = "\
A process like any other takes all it can get; when the kernel has killed it, it begins again. What \
the kernel kills besides is its own choice. After a while it ends, whatever becomes of the drill. \
The verdict is `pass` when jobs are accepted in the end and none was lost, `pass-with-loss` when \
slurmctld or its machine had to be ended and lost what was not yet saved, else `fail`.";

const OLD_CONFIG: &str = "\
Its slurmd reads a slurm.conf without the setting of MessageTimeout, as if it had missed a \
`scontrol reconfigure`. After a while it gets back what it had, whatever becomes of the drill. The \
verdict is `pass` when status named the node with what to type, no submission was refused, no job was \
lost and the accounting has every job once, else `fail`.";

const FELLED: &str = "\
Nobody can tell any more what the machine does: the other one has it fenced and takes over. The \
verdict is that of power-loss, and the machine has to be switched on again by the cluster itself.";

const PASSIVE_FELLED: &str = "\
The active controller has it fenced and goes on alone. The verdict is that of passive-power-loss, \
and the machine has to be switched on again by the cluster itself.";

const KILL_SLURMCTLD: &str = "\
It comes back where it was, or on the other controller. The verdict is that of power-loss: \
`pass-with-loss` when Slurm lost what it had not yet saved.";

const FREEZE_SLURMCTLD: &str = "\
Whatever becomes of the drill, the process goes on afterwards if the cluster has not ended it; \
then the verdict is `fail`. Otherwise it is that of kill-slurmctld.";

const KILL_UNSEEN: &str = "\
The verdict is `pass` when no submission was refused, no job was lost and the accounting has every \
job once in the end, else `fail`.";

const FREEZE_UNSEEN: &str = "\
Whatever becomes of the drill, the process goes on afterwards if the cluster has not ended it; \
then the verdict is `fail`. It is `pass` when no submission was refused, no job was lost and the \
accounting has every job once in the end.";

const SWITCHOVER: &str = "\
The verdict is `pass` when not one acknowledged job is missing, ran twice or failed, else `fail`. \
The role stays where it went.";

const TWO_SWITCHOVERS: &str = "\
Both have looked, both believe the move to be safe, and both agree to it at the same moment. The \
verdict is `pass` when one of them moved the role and the other was refused with the reason, the role \
moved once, and not one acknowledged job is missing, ran twice or failed; else `fail`. The role stays \
where it went.";

const LEFTOVER_MOVE: &str = "\
The constraint that crm_resource --move makes has no end: after a takeover it would have the role \
move a second time. It is taken back as soon as status was asked, whatever becomes of the drill. The \
verdict is `pass` when the role moved once, status named the constraint with the command that takes \
it away, nothing of it is left in the end, and not one acknowledged job is missing, ran twice or \
failed; else `fail`. The role stays where it went.";
