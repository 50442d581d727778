// SPDX-License-Identifier: Apache-2.0
//! A job that its node only remembers: started, ended, and neither saved nor
//! forgotten. A power cut makes one now and then; this makes one for certain.

use super::{LabSite, STATE, wait_until};

/// Looked for in the saved table.
const NAME: &str = "remembered-by-its-node";

/// The job ends when its node has this. A job that ends after a while is missed
/// where asking for it takes as long: its end must wait for the look.
const MAY_END: &str = "/tmp/remembered-may-end";

/// Brings the state about, and waits until the cluster has put it right.
pub fn is_put_right(lab: &LabSite) {
    let (active, _) = lab.active_and_passive();
    let address = lab.on("login1", &format!("getent hosts {active} | head -n 1 | cut -d' ' -f1"));
    let route = format!("blackhole {}/32", address.trim());

    // It starts when the copy is taken and not before: a table that has it
    // running would have nothing to put right. From the copy it starts a
    // minute after its submission, again.
    let job = lab.on(
        "login1",
        &format!(
            "cd /tmp && setpriv --reuid=65534 --regid=65534 --clear-groups sbatch --parsable \
             --begin=now+1minute --job-name={NAME} --nodelist=cn1 --output=/dev/null --mem=32M \
             --wrap 'until test -e {MAY_END}; do sleep 1; done'"
        ),
    );
    let job = job.trim();
    wait_until("the table that has the job as pending is saved", || {
        let copy = format!("grep --text --quiet {NAME} {STATE} && cp -p {STATE} /run/older");
        lab.try_on(&active, &copy).is_some()
    });
    // Slurm refuses while slurmdbd gives the new job its index.
    wait_until("the job may start", || {
        lab.try_on("login1", &format!("scontrol update JobId={job} StartTime=now")).is_some()
    });
    let runs = || {
        let squeue = format!("squeue --noheader --jobs={job} --states=RUNNING");
        lab.try_on("login1", &squeue).is_some_and(|lines| lines.contains(job))
    };
    wait_until("the job runs", runs);
    // slurmctld cannot tell the node any more that the job is over.
    lab.on("cn1", &format!("ip route add {route}; touch {MAY_END}"));
    wait_until("the job has ended", || !runs());
    // Stopped first, so that it cannot save again, nor be started meanwhile.
    let kill = "systemctl kill slurmctld --signal";
    lab.on(&active, &format!("{kill}=STOP; cp -p /run/older {STATE}; {kill}=KILL"));
    lab.on("cn1", &format!("ip route del {route}"));

    wait_until("the job is released", || {
        let report = lab.try_on(&active, "cat /var/lib/slurmha/takeover.json").unwrap_or_default();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
        let released = report["released"].as_array();
        released.is_some_and(|ids| ids.iter().any(|id| id.as_u64() == job.parse().ok()))
    });
    // The node may be away for a moment yet: it could not reach the controller before.
    wait_until("no node is left drained", || {
        lab.try_on("login1", "sinfo --noheader --list-reasons").as_deref() == Some("")
    });
}
