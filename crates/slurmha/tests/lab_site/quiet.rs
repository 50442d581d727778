// SPDX-License-Identifier: Apache-2.0
//! A cluster that works, and people who work on it: nobody is told anything.

use std::time::Duration;

use super::{LabSite, wait_until, watched};

const AN_HOUR: Duration = Duration::from_secs(3600);

/// A job every 20 seconds, as somebody else than root.
const PEOPLE: &str = "while sleep 20; do setpriv --reuid=65534 --regid=65534 --clear-groups \
    sbatch --chdir=/tmp --output=/dev/null --mem=32M --wrap hostname; done";

/// Jobs come and end all the time; no alert does.
pub fn is_an_hour(lab: &LabSite) {
    watched::is_everything(lab);
    lab.on("login1", &format!("systemd-run --quiet --unit=lab-people sh -c '{PEOPLE}'"));
    let jobs = "sacct --allusers --allocations --noheader --starttime=now-1day --endtime=now \
                --state=COMPLETED --format=jobid | wc -l";
    let ended = || lab.on("login1", jobs).trim().parse::<u32>().expect("a number");
    let before = ended();
    let silence = watched::Silence::begin(lab);
    std::thread::sleep(AN_HOUR);
    lab.on("login1", "systemctl stop lab-people");
    silence.was_kept(lab);
    wait_until("a hundred jobs have ended meanwhile", || ended() >= before + 100);
    lab.until_healthy();
}
